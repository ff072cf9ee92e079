from __future__ import annotations

import pytest
import torch

from datavolume.errors import UserError
from datavolume.study import Budget, Recipe
from datavolume.training.optimisation import Optimizer, evaluation_points, learning_rate


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3))


def set_gradient(model: torch.nn.Module, step: int) -> None:
    torch.manual_seed(step)
    model.zero_grad()
    model(torch.randn(8, 5)).square().mean().backward()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_has_the_bits_of_torch(momentum: float) -> None:
    recipe = Recipe(optimizer="sgd", momentum=momentum, weight_decay=0.1)
    ours, theirs = network(), network()
    optimizer = Optimizer(recipe, ours.parameters())
    reference = torch.optim.SGD(theirs.parameters(), lr=1, momentum=momentum, weight_decay=0.1)
    for step, rate in enumerate((0.5, 0.3, 0.1)):
        set_gradient(ours, step)
        set_gradient(theirs, step)
        optimizer.step(rate)
        reference.param_groups[0]["lr"] = rate
        reference.step()
    assert all(map(torch.equal, ours.parameters(), theirs.parameters()))


def test_adamw_has_the_bits_of_torch() -> None:
    ours, theirs = network(), network()
    optimizer = Optimizer(Recipe(optimizer="adamw", weight_decay=0.1), ours.parameters())
    reference = torch.optim.AdamW(theirs.parameters(), weight_decay=0.1)
    for step, rate in enumerate((0.5, 0.3, 0.1)):
        set_gradient(ours, step)
        set_gradient(theirs, step)
        optimizer.step(rate)
        reference.param_groups[0]["lr"] = rate
        reference.step()
    assert all(map(torch.equal, ours.parameters(), theirs.parameters()))


def test_a_state_taken_over_goes_on_to_the_same_bits() -> None:
    straight, resumed = network(), network()
    optimizer = Optimizer(Recipe(), straight.parameters())
    set_gradient(straight, 0)
    optimizer.step(0.1)
    later = Optimizer(Recipe(), resumed.parameters())
    resumed.load_state_dict(straight.state_dict())
    later.load(optimizer.state)
    for model, its in ((straight, optimizer), (resumed, later)):
        set_gradient(model, 1)
        its.step(0.1)
    assert all(map(torch.equal, straight.parameters(), resumed.parameters()))


def test_a_state_of_other_shapes_is_refused() -> None:
    other = Optimizer(Recipe(), torch.nn.Linear(2, 2).parameters())
    with pytest.raises((ValueError, RuntimeError)):
        Optimizer(Recipe(), network().parameters()).load(other.state)


def test_constant_and_cosine_rates() -> None:
    constant, cosine = Recipe(learning_rate=0.4), Recipe(learning_rate=0.4, schedule="cosine")
    assert [learning_rate(constant, 4, update) for update in range(4)] == [0.4] * 4
    # 0.4 x (1 + cos(0, 60, 90, 120 degrees)) / 2
    rates = [learning_rate(cosine, 6, update) for update in (0, 2, 3, 4)]
    assert rates == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_unknown_names_are_refused_with_the_valid_ones() -> None:
    with pytest.raises(UserError, match=r"recipe.optimizer 'lamb' is unknown; valid: sgd, adamw"):
        Optimizer(Recipe(optimizer="lamb"), [])
    with pytest.raises(UserError, match=r"recipe.schedule 'steps' is unknown; valid: constant, cosine"):
        learning_rate(Recipe(schedule="steps"), 10, 0)


def test_evaluations_stand_at_equal_shares_and_at_the_end() -> None:
    assert evaluation_points(100, 4) == {25, 50, 75, 100}
    assert evaluation_points(10, 3) == {3, 7, 10}
    assert evaluation_points(3, 10) == {1, 2, 3}
    assert evaluation_points(7, 1) == {7}


def test_updates_of_a_budget() -> None:
    sizes = {"batch_size": 32, "subset_size": 100, "full_size": 1000}
    assert Budget(updates=7).total_updates(**sizes) == 7
    assert Budget(samples=33).total_updates(**sizes) == 2
    assert Budget(epochs=2).total_updates(**sizes) == 63  # 2000 / 32 = 62.5
    assert Budget(epochs=2, equal="epochs").total_updates(**sizes) == 7  # 200 / 32 = 6.25
