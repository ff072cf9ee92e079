from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from datavolume.errors import UserError
from datavolume.study import Budget, Recipe
from datavolume.training.updating.schedule import evaluation_points, learning_rate, updates_per_unit, warmup_updates

RATE = 0.4
Make = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]


def of_torch(make: Make, steps: int) -> list[float]:
    """The learning rates that a scheduler of torch gives, one before each of its steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def ours(updates: int, unit: float = 1.0, **recipe: Any) -> list[float]:
    chosen = Recipe(learning_rate=RATE, **recipe)
    return [learning_rate(chosen, updates, update, unit) for update in range(updates)]


def same(values: list[float]) -> Any:
    return pytest.approx(values, rel=1e-12, abs=0)


def test_constant() -> None:
    assert ours(4) == [RATE] * 4


def test_cosine_has_the_bits_that_it_always_had() -> None:
    for updates in (6, 97, 898):
        before = [RATE * 0.5 * (1 + math.cos(math.pi * update / updates)) for update in range(updates)]
        assert ours(updates, schedule="cosine") == before


def test_cosine_by_hand() -> None:
    # 0.4 x (1 + cos(0, 60, 90, 120 degrees)) / 2
    rates = ours(6, schedule="cosine")
    assert [rates[update] for update in (0, 2, 3, 4)] == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_cosine_to_a_final_factor() -> None:
    theirs = of_torch(lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 50, eta_min=0.1 * RATE), 50)
    assert ours(50, schedule="cosine", final_factor=0.1) == same(theirs)


def test_step() -> None:
    theirs = of_torch(lambda optimizer: lr_scheduler.StepLR(optimizer, 7, gamma=0.98), 60)
    assert ours(60, schedule="step", decay_every=7, gamma=0.98) == same(theirs)


def test_multistep() -> None:
    theirs = of_torch(lambda optimizer: lr_scheduler.MultiStepLR(optimizer, [10, 25, 26], gamma=0.1), 40)
    assert ours(40, schedule="multistep", milestones=(10, 25, 26)) == same(theirs)


@pytest.mark.parametrize(("updates", "peak"), [(100, 0.3), (37, 0.5), (10, 0.11), (3, 0.9), (2, 0.3), (1, 0.3)])
def test_one_cycle(updates: int, peak: float) -> None:
    def make(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        return lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=updates, pct_start=peak, cycle_momentum=False)

    assert ours(updates, schedule="one_cycle", peak=peak) == same(of_torch(make, updates))


def test_one_cycle_whose_rise_is_one_update_starts_at_its_top() -> None:
    # OneCycleLR divides by zero here.
    assert ours(10, schedule="one_cycle", peak=0.1)[0] == RATE


REFERENCE: list[tuple[dict[str, Any], Make]] = [
    ({"schedule": "constant"}, lambda optimizer: lr_scheduler.ConstantLR(optimizer, 1, 0)),
    ({"schedule": "cosine"}, lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 60 - 5, eta_min=0)),
    (
        {"schedule": "cosine", "final_factor": 0.01},
        lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 60 - 5, eta_min=0.01 * RATE),
    ),
    (
        {"schedule": "step", "decay_every": 30},
        lambda optimizer: lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1),
    ),
    (
        {"schedule": "multistep", "milestones": (20, 40)},  # places in the whole run; the reference has none
        lambda optimizer: lr_scheduler.MultiStepLR(optimizer, [20 - 5, 40 - 5], gamma=0.1),
    ),
    (
        {"schedule": "one_cycle"},
        lambda optimizer: lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=60 - 5, cycle_momentum=False),
    ),
]


@pytest.mark.parametrize(("recipe", "make"), REFERENCE)
def test_warm_up_as_in_the_reference_training(recipe: dict[str, Any], make: Make) -> None:
    """torchvision's: LinearLR over `lr_warmup_epochs`, then the schedule, by SequentialLR."""
    if recipe["schedule"] in ("constant", "one_cycle"):  # SequentialLR overwrites what these set at their start
        rise = of_torch(lambda optimizer: lr_scheduler.LinearLR(optimizer, 0.01, total_iters=5), 5)
        theirs = rise + ([RATE] * 55 if recipe["schedule"] == "constant" else of_torch(make, 55))
    else:

        def sequence(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
            rise = lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=5)
            return lr_scheduler.SequentialLR(optimizer, [rise, make(optimizer)], milestones=[5])

        theirs = of_torch(sequence, 60)
    assert ours(60, warmup=5, **recipe) == same(theirs)


@pytest.mark.parametrize("unit", [4.0, 1437 / 32])
@pytest.mark.parametrize(
    ("recipe", "make"),
    [
        (
            {"schedule": "step", "decay_every": 1, "gamma": 0.98},
            lambda optimizer: lr_scheduler.StepLR(optimizer, 1, 0.98),
        ),
        (
            {"schedule": "multistep", "milestones": (3, 7)},
            lambda optimizer: lr_scheduler.MultiStepLR(optimizer, [3, 7]),
        ),
    ],
)
def test_stairs_are_those_of_a_schedule_that_is_stepped_once_an_epoch(
    unit: float, recipe: dict[str, Any], make: Make
) -> None:
    epochs = 10
    updates = math.floor(epochs * unit)
    by_epoch = of_torch(make, epochs)
    assert ours(updates, unit, **recipe) == same([by_epoch[math.floor(update / unit)] for update in range(updates)])


def test_a_smooth_schedule_passes_through_the_reference_at_the_start_of_each_epoch() -> None:
    def sequence(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        rise = lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=5)
        return lr_scheduler.SequentialLR(optimizer, [rise, lr_scheduler.CosineAnnealingLR(optimizer, 55)], [5])

    assert ours(60 * 8, 8.0, schedule="cosine", warmup=5)[::8] == same(of_torch(sequence, 60))


@pytest.mark.parametrize("images", [999, 1437, 60_000, 1_281_167])
@pytest.mark.parametrize("batch", [30, 32, 100])
@pytest.mark.parametrize("every", ["0.1", "0.3", "1", "7", "20"])
def test_an_edge_that_comes_out_whole_is_whole(images: int, batch: int, every: str) -> None:
    """Edge k lies at k x every x images / batch updates: compared with exact fractions just there."""
    edge = Fraction(every) * images / batch
    recipe = Recipe(learning_rate=1.0, schedule="step", decay_every=float(every), gamma=0.5)
    for k in (1, 2, 3, 10, 33, 100, 300):
        first = math.ceil(k * edge)
        for update in (max(0, first - 1), first):
            found = learning_rate(recipe, 10**9, update, images / batch)
            assert found == 0.5 ** math.floor(update / edge), (k, update)


def test_a_whole_warm_up_is_whole() -> None:
    assert warmup_updates(Recipe(warmup=0.3), 1 / 0.3) == 1.0
    assert warmup_updates(Recipe(warmup=5), 1437 / 32) == 5 * 1437 / 32
    assert warmup_updates(Recipe(), 123.4) == 0.0


def test_a_run_shorter_than_its_warm_up_stays_on_the_rise() -> None:
    assert ours(3, schedule="cosine", warmup=4, warmup_factor=0.2) == pytest.approx([0.08, 0.16, 0.24])
    assert ours(1, schedule="one_cycle", warmup=1, warmup_factor=0.5) == [0.2]


@pytest.mark.parametrize(
    ("budget", "updates"),
    [
        ({"updates": 500}, 1.0),
        ({"samples": 5000}, 1 / 20),
        ({"epochs": 3}, 50.0),  # epochs of the full data: equal updates for all volumes
        ({"epochs": 3, "equal": "epochs"}, 5.0),
    ],
)
def test_a_unit_is_the_budgets(budget: dict[str, Any], updates: float) -> None:
    recipe = Recipe(batch_size=20, budget=Budget(**budget))
    assert updates_per_unit(recipe, subset_size=100, full_size=1000) == updates


def test_a_unit_may_be_an_epoch_of_the_subset() -> None:
    recipe = Recipe(batch_size=20, budget=Budget(updates=500), schedule_unit="epochs")
    assert updates_per_unit(recipe, subset_size=100, full_size=1000) == 5.0


def test_what_cannot_be_is_said() -> None:
    valid = "constant, cosine, step, multistep, one_cycle"
    with pytest.raises(UserError, match=f"recipe.schedule 'steps' is unknown; valid: {valid}"):
        ours(10, schedule="steps")
    with pytest.raises(UserError, match=r"recipe.schedule step needs recipe.decay_every"):
        ours(10, schedule="step")
    with pytest.raises(UserError, match=r"recipe.schedule multistep needs recipe.milestones"):
        ours(10, schedule="multistep")


def test_evaluations_stand_at_equal_shares_and_at_the_end() -> None:
    assert evaluation_points(100, 4) == {25, 50, 75, 100}
    assert evaluation_points(10, 3) == {3, 7, 10}
    assert evaluation_points(3, 10) == {1, 2, 3}
    assert evaluation_points(7, 1) == {7}
