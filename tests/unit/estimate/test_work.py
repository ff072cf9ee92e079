"""Updates and images, worked out by hand from the papers' recipes."""

from dataclasses import replace

import pytest
from unit.estimate.made_up import run_of

from datavolume.data.sizes import sizes_of
from datavolume.estimate.work import Work, work_of
from datavolume.study import Dataset, Run, Start, Volume


def work(run: Run) -> Work:
    sizes = sizes_of(run.dataset)
    assert sizes is not None
    return work_of(run, sizes)


@pytest.mark.parametrize(
    ("fraction", "n"),
    [(0.05, 64_058), (0.125, 160_146), (0.25, 320_292), (0.5, 640_584), (0.75, 960_875), (1, 1_281_167)],
)
def test_every_fraction_of_the_thesis_makes_the_same_updates(fraction: float, n: int) -> None:
    """90 epochs of 1 281 167 images in batches of 128 are 900 820.5 of these, and the last counts as a whole one."""
    found = work(run_of(fraction=fraction, batch_size=128, budget={"epochs": 90}, evaluations=90))
    assert (found.n, found.updates, found.images) == (n, 900_821, 900_821 * 128)
    assert found.evaluated == 90 * (n + 50_000) + 50_000


def test_equal_epochs_are_of_the_subset() -> None:
    """A quarter of 50 000, ten times: 125 000 images in batches of 100."""
    found = work(run_of("CIFAR10", fraction=0.25, batch_size=100, budget={"epochs": 10, "equal": "epochs"}))
    assert (found.n, found.updates, found.images) == (12_500, 1250, 125_000)


def test_digits_by_hand() -> None:
    """1438 x 20 / 32 = 898.75."""
    found = work(run_of(Dataset(name="digits"), batch_size=32, budget={"epochs": 20}, evaluations=10))
    assert (found.updates, found.images) == (899, 28_768)
    assert found.evaluated == 10 * (1438 + 359) + 359


def test_a_budget_of_few_updates_is_evaluated_after_each() -> None:
    found = work(run_of("CIFAR10", batch_size=10, budget={"updates": 3}, evaluations=10))
    assert found.evaluated == 3 * 60_000 + 10_000


def test_evaluation_sees_as_many_training_images_as_the_recipe_says() -> None:
    found = work(run_of("CIFAR10", budget={"updates": 50}, evaluations=5, evaluated_training_images=1000))
    assert found.evaluated == 5 * 11_000 + 10_000


def test_tuning_images_are_evaluated_and_not_trained_on() -> None:
    """A fifth of 50 000 is set aside."""
    found = work(run_of(Dataset(name="CIFAR10", tuning=0.2), batch_size=100, budget={"epochs": 1}, evaluations=2))
    assert (found.n, found.images) == (40_000, 40_000)
    assert found.evaluated == 2 * 60_000 + 10_000


def test_appended_copies_make_an_epoch_of_the_subset_longer() -> None:
    """Half of 50 000 are appended: 75 000 in an epoch; an epoch at full data stays 50 000."""
    recipe = {"batch_size": 100, "augmentation": {"shift": 0.2, "appended": 0.5}}
    assert work(run_of("CIFAR10", budget={"epochs": 2, "equal": "epochs"}, **recipe)).images == 150_000
    assert work(run_of("CIFAR10", budget={"epochs": 2}, **recipe)).images == 100_000


def test_steps_cost_sixty_passes_instead_of_a_hundred() -> None:
    """The stepwise paper's footnote 4: 20 epochs each of 20, 40, 60, 80 and 100 %, in batches of b to 4b, then b."""
    shares = {0.2: 20, 0.4: 40, 0.6: 60, 0.8: 80, 1.0: 20}
    steps = [{"fraction": f, "batch_size": b, "budget": {"epochs": 20}} for f, b in shares.items()]
    found = work(run_of("CIFAR100", phases=steps, evaluations=20))
    assert [phase.updates for phase in found.phases] == [10_000, 10_000, 10_000, 10_000, 50_000]
    assert found.images == 60 * 50_000
    seen = [10_000, 20_000, 30_000, 40_000, 50_000]
    assert found.evaluated == 20 * (sum(seen) + 5 * 10_000) + 10_000


def test_a_run_that_goes_on_from_another_makes_the_rest() -> None:
    run = run_of("CIFAR10", batch_size=100, budget={"updates": 1000}, evaluations=10)
    half = Start(run="other", configuration="other", at=0.5)
    found = work(replace(run, start=half))
    assert found.updates == 500
    assert found.evaluated == 6 * 60_000 + 10_000  # after 500, 600, ... 1000: the first is that of the checkpoint
    assert work(replace(run, start=replace(half, carry="weights"))) == work(run)


def test_a_frozen_backbone_sees_each_image_once() -> None:
    frozen = {"budget": {"updates": 100}, "network": {"pretrained": True, "frozen": True}}
    assert work(run_of("CIFAR10", fraction=0.1, **frozen)).features == 5_000 + 10_000
    assert work(run_of("CIFAR10", fraction=0.1, augmentation={"flip": 0.5}, **frozen)).features == 0


def test_early_stopping_is_the_most_that_it_can_be() -> None:
    stopping = {"early_stopping": {"patience": 3}, "budget": {"updates": 100}}
    found = work(run_of(Dataset(name="CIFAR10", tuning=0.2), **stopping))
    assert found.stops_early
    assert found.updates == 100


def test_an_exact_size_is_what_it_says() -> None:
    run = replace(run_of("EMNIST", budget={"updates": 2000}, batch_size=72), volume=Volume(size=750))
    assert (work(run).n, work(run).images) == (750, 144_000)
