"""Step-wise training and CIFAR-10 tuning: how many runs the papers need, what sharing saves, and equation 9."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from unit.studies.made_up import decided

from datavolume.study import LaidOut, Plan, Point, load_study, phases_of, plan_of
from datavolume.study.without import without
from datavolume.training.timeline import stretches

STUDIES = Path(__file__).parents[3] / "config/studies"


@cache
def laid_out(name: str, *left_out: str) -> list[LaidOut]:
    return decided(without(load_study(STUDIES / f"{name}.yaml"), left_out))


@cache
def plan(name: str, *left_out: str) -> Plan:
    return plan_of(without(load_study(STUDIES / f"{name}.yaml"), left_out), laid_out(name, *left_out))


def points(name: str, *experiments: str) -> list[Point]:
    return [point for one in laid_out(name) for point in one.points if one.experiment.name in experiments]


def setting(point: Point) -> tuple[str, str, str]:
    return point.experiment, point.run.architecture, point.value


STEPS = [point for one in laid_out("stepwise") for point in one.points if point.run.recipe.phases]


def passes(point: Point, images: int) -> float:
    """Images that the run sees, in whole training sets."""
    phases = phases_of(point.run)
    sizes = [round(images * (phase.volume.fraction or 0)) for phase in phases]
    last = stretches(point.run, sizes, images)[-1]
    return last.samples_at(last.end) / images


def test_stepwise_trains_shared_runs_once() -> None:
    assert sum(len(one.points) for one in laid_out("stepwise")) == 65
    assert len(plan("stepwise").runs) == 63  # Figure 1: A of b and O of c are those of a


def test_stepwise_without_birdsnap_and_masks() -> None:
    assert len(plan("stepwise", "birdsnap", "masks_b16", "masks_b24").runs) == 63 - 4 - 3 - 7


def test_there_are_runs_in_two_three_and_five_steps() -> None:
    assert {len(point.run.recipe.phases) for point in STEPS} == {2, 3, 5}


@pytest.mark.parametrize("point", STEPS, ids=lambda point: "-".join(setting(point)))
def test_rates_are_those_of_equation_9(point: Point) -> None:
    rates = [phase.recipe.learning_rate for phase in phases_of(point.run)]
    middle = 1e-3 if point.value in ("rate held", "both held") else 1e-4 / len(rates)
    assert rates == pytest.approx([1e-3, *[middle] * (len(rates) - 2), 1e-3], rel=1e-4)


@pytest.mark.parametrize("point", STEPS, ids=lambda point: "-".join(setting(point)))
def test_batches_grow_with_the_sets_and_end_as_they_began(point: Point) -> None:
    phases, first = phases_of(point.run), point.run.recipe.batch_size
    factors = [phase.recipe.batch_size / first for phase in phases]
    expected = {
        "batch held": [1] * 5,
        "both held": [1] * 5,
        "A-B-C-D-O, last 5b": [1, 2, 3, 4, 5],
        "A-C-O": [1, 2, 1],
        "A-O": [1, 2],
    }
    assert factors == expected.get(point.value, [1, 2, 3, 4, 1])


@pytest.mark.parametrize("point", STEPS, ids=lambda point: "-".join(setting(point)))
def test_weights_are_carried_unless_they_are_not_shared(point: Point) -> None:
    later = [phase.carried for phase in phases_of(point.run)[1:]]
    assert set(later) == {not point.value.endswith("not shared")}


def test_five_steps_cost_what_footnote_4_says() -> None:
    """20 (0.2 + 0.4 + 0.6 + 0.8 + 1) = 60 against 100; a last batch of each phase may reach over its end."""
    cost = {point.value: passes(point, 50_000) for point in points("stepwise", "networks")}
    assert cost == pytest.approx({"set O": 100, "A-B-C-D-O": 60}, abs=0.01)


def test_each_step_decays_at_its_half_and_is_tested_after_each_epoch() -> None:
    point = next(point for point in points("stepwise", "networks") if point.value == "A-B-C-D-O")
    for stretch in stretches(point.run, [10_000, 20_000, 30_000, 40_000, 50_000], 50_000):
        half = (stretch.first + stretch.end) // 2
        assert stretch.rate(half + 1) == pytest.approx(0.1 * stretch.rate(half - 1))
        assert len(stretch.points) == 20


def test_cifar10_trains_a_value_that_won_before_once() -> None:
    """4 networks x (5 + 3 + 5 + 5) values and 6 augmentations with none, 5 seeds each; batch size 64, L2 0 and none are
    runs of before."""
    assert sum(len(one.points) for one in laid_out("cifar10_tuning")) == (4 * 18 + 6) * 5
    assert len(plan("cifar10_tuning").runs) == (4 * (18 - 2) + 5) * 5 == 345


def test_cifar10_stages_go_on_from_the_best_value() -> None:
    (cnn,) = [one for one in laid_out("cifar10_tuning") if one.experiment.name == "cnn"]
    best = {decision.stage: decision.value for decision in cnn.decisions}
    last = {point.values[:-1] for point in cnn.points if point.stage == "recipe.network.l2"}
    assert last == {tuple(best.items())}


def test_augmentation_is_of_the_best_configuration_and_sees_each_copy_as_often() -> None:
    found = {point.value: point.run for point in points("cifar10_tuning", "augmentation") if point.run.seed == 0}
    assert list(found) == ["none", "shift", "crop", "contrast", "cutmix", "all"]
    (base,) = [one.decisions[0] for one in laid_out("cifar10_tuning") if one.experiment.name == "augmentation"]
    assert plan("cifar10_tuning").find(base.candidates[base.value or ""][0]).unpack() == found["none"]
    for value in ("shift", "crop", "contrast", "cutmix", "all"):
        recipe = found[value].recipe
        assert recipe.augmentation.appended == 0.5
        assert recipe.budget.epochs == 100 * (1 + recipe.augmentation.appended)
        assert recipe.network == found["none"].recipe.network


def test_early_stopping_watches_images_that_no_figure_shows() -> None:
    for point in points("cifar10_tuning", "cnn", "efficientnet", "mobilenet_frozen", "mobilenet", "augmentation"):
        assert point.run.dataset.tuning == 0.2
        stopping = point.run.recipe.early_stopping
        assert stopping is not None
        assert (stopping.patience, stopping.min_delta) == (3, 0.005)
