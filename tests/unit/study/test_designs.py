"""Designs: which runs stand where, what sharing saves, and what is still to be decided."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from datavolume.errors import UserError
from datavolume.study import (
    Decided,
    LaidOut,
    Paths,
    Study,
    designs,
    expand,
    find_decision,
    following,
    load_study,
    read_decided,
    read_plan,
    run_id,
    write_decided,
    write_plan,
)
from datavolume.study.without import without

PLAIN = {"architectures": ["mlp"], "fractions": [1], "seeds": 1}


def study_of(folder: Path, experiments: dict[str, object], **keys: object) -> Study:
    file = folder / "study.yaml"
    text = {"title": "T", "question": "Q?", "dataset": {"name": "digits"}, "experiments": experiments, **keys}
    file.write_text(yaml.safe_dump(text, sort_keys=False))
    return load_study(file)


def places(laid_out: LaidOut) -> list[tuple[str, str]]:
    return [(point.stage, point.value) for point in laid_out.points]


def test_a_factorial_crosses_its_factors(tmp_path: Path) -> None:
    vary = {"recipe.batch_size": [16, 32], "architecture": ["mlp", "small_cnn"]}
    (grid,) = designs(study_of(tmp_path, {"grid": {**PLAIN, "architectures": ["mlp"], "vary": vary}}))
    assert places(grid) == [("", "16, mlp"), ("", "16, small_cnn"), ("", "32, mlp"), ("", "32, small_cnn")]
    assert [(point.run.recipe.batch_size, point.run.architecture) for point in grid.points] == [
        (16, "mlp"), (16, "small_cnn"), (32, "mlp"), (32, "small_cnn"),
    ]  # fmt: skip


def test_one_at_a_time_trains_the_baseline_once(tmp_path: Path) -> None:
    vary = {"recipe.batch_size": [16, 32], "recipe.weight_decay": [0, 0.01, 1e-4]}
    study = study_of(tmp_path, {"ablation": {**PLAIN, "design": "one_at_a_time", "vary": vary}})
    (ablation,) = designs(study)
    assert places(ablation) == [
        ("recipe.batch_size", "16"), ("recipe.batch_size", "32"),
        ("recipe.weight_decay", "0"), ("recipe.weight_decay", "0.01"), ("recipe.weight_decay", "0.0001"),
    ]  # fmt: skip
    plan = expand(study)
    assert len(plan.runs) == 4, "batch 32 and decay 0.01 are the baseline, by the recipe's defaults"
    assert ablation.points[1].run == ablation.points[3].run


def test_a_value_with_a_label_may_be_a_part_of_a_recipe(tmp_path: Path) -> None:
    vary = {"recipe": {"plain": {}, "steps": {"batch_size": 64, "phases": [{"fraction": 0.5}, {"fraction": 1}]}}}
    (both,) = designs(study_of(tmp_path, {"both": {**PLAIN, "vary": vary}}))
    plain, steps = (point.run.recipe for point in both.points)
    assert (plain.batch_size, plain.phases) == (32, ())
    assert (steps.batch_size, [phase.fraction for phase in steps.phases]) == (64, [0.5, 1.0])


@pytest.mark.parametrize(
    ("vary", "told"),
    [
        ({"recipe.batchsize": [16]}, "unknown key 'batchsize' in recipe; did you mean 'batch_size'?"),
        ({"recipe.batch_size": [0]}, "recipe.batch_size is 0; allowed: at least 1"),
        ({"recipe.augmentation": [{"shift": 0.2}]}, "needs a label; write `label: value`"),
        ({"recipe.shards": [5]}, r"recipe.shards \(5\) must divide recipe.batch_size \(32\)"),
    ],
)
def test_a_value_that_no_recipe_can_have_is_one_line(tmp_path: Path, vary: dict[str, object], told: str) -> None:
    with pytest.raises(UserError, match=rf"experiments\.grid.*{told}") as error:
        list(designs(study_of(tmp_path, {"grid": {**PLAIN, "vary": vary}})))
    assert "\n" not in str(error.value)


TUNED = {
    "architectures": ["mlp"],
    "fractions": [1],
    "seeds": 2,
    "dataset": {"tuning": 0.2},
    "design": "one_after_another",
    "vary": {"recipe.learning_rate": [0.001, 0.01], "recipe.batch_size": [32, 64], "recipe.weight_decay": [0, 0.01]},
}


def test_a_stage_waits_for_the_one_before(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"tuned": TUNED})
    (tuned,) = designs(study)
    (decision,) = tuned.decisions
    assert (decision.stage, decision.value, decision.following) == ("recipe.learning_rate", None, 8)
    assert [len(runs) for runs in decision.candidates.values()] == [2, 2]
    assert len(expand(study).runs) == 4


def test_the_best_value_goes_on_and_is_not_trained_again(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"tuned": TUNED})
    decision = find_decision(study, {}, "tuned", "recipe.learning_rate")
    known = {("tuned", "recipe.learning_rate"): Decided("0.01", decision.digest)}
    (tuned,) = designs(study, known)
    second = [point.run for point in tuned.points if point.stage == "recipe.batch_size"]
    assert [(run.recipe.learning_rate, run.recipe.batch_size) for run in second[::2]] == [(0.01, 32), (0.01, 64)]
    assert len(expand(study, known).runs) == 6, "batch 32 at the best rate is there already"
    assert [run.run for run in following(study, {}, decision, "0.01").runs] == [run_id(run) for run in second[2:]]


def test_an_edited_stage_is_decided_again(tmp_path: Path) -> None:
    decision = find_decision(study_of(tmp_path, {"tuned": TUNED}), {}, "tuned", "recipe.learning_rate")
    known = {("tuned", "recipe.learning_rate"): Decided("0.01", decision.digest)}
    edited = {**TUNED, "vary": {**TUNED["vary"], "recipe.learning_rate": [0.001, 0.01, 0.1]}}  # type: ignore[dict-item]
    (tuned,) = designs(study_of(tmp_path, {"tuned": edited}), known)
    assert tuned.decisions[0].value is None


def test_the_best_of_others_waits_for_all_of_them(tmp_path: Path) -> None:
    shift = {"recipe.augmentation": {"none": {}, "shift": {"shift": 0.25}}}
    last = {"best_of": ["tuned", "plain"], "fractions": [1], "seeds": 2, "vary": shift}
    vary = {"recipe.learning_rate": [0.001, 0.01], "recipe.batch_size": [32, 64]}
    study = study_of(tmp_path, {"last": last, "tuned": {**TUNED, "vary": vary}, "plain": {**PLAIN, "seeds": 2}})
    first = {one.experiment.name: one for one in designs(study)}["last"]
    assert (first.points, first.decisions[0].stage, first.decisions[0].following) == ((), "base", 4)
    rate = find_decision(study, {}, "tuned", "recipe.learning_rate")
    known = {("tuned", "recipe.learning_rate"): Decided("0.001", rate.digest)}
    base = find_decision(study, known, "last", "base")
    assert len(base.candidates) == 4, "two rates, batch 64, and the plain one; the rate's default is the plain one's"
    best = next(name for name in base.candidates if "bs64" in name)
    known["last", "base"] = Decided(best, base.digest)
    done = {one.experiment.name: one for one in designs(study, known)}["last"]
    runs = [point.run for point in done.points]
    assert [(run.recipe.batch_size, run.recipe.augmentation.shift) for run in runs[::2]] == [(64, 0.0), (64, 0.25)]
    assert runs[0].dataset.tuning == 0.2


def test_decisions_are_files_and_their_runs_are_in_the_plan(tmp_path: Path) -> None:
    study, paths = study_of(tmp_path, {"tuned": TUNED}), Paths(tmp_path)
    decision = find_decision(study, {}, "tuned", "recipe.learning_rate")
    write_plan(expand(study), paths.plan)
    after = following(study, {}, decision, "0.01")
    write_decided(paths, decision, "0.01", scores=[{"value": "0.01", "mean": 0.9}], plan=after)
    known = read_decided(paths)
    assert known == {("tuned", "recipe.learning_rate"): Decided("0.01", decision.digest)}
    assert read_plan(paths.plan).runs == expand(study, known).runs


def test_a_broken_decision_says_what_to_do(tmp_path: Path) -> None:
    file = Paths(tmp_path).decided("tuned", "recipe.learning_rate")
    file.parent.mkdir(parents=True)
    file.write_text("{")
    with pytest.raises(UserError, match="delete it, so that it is decided again"):
        read_decided(Paths(tmp_path))


@pytest.mark.parametrize(
    ("experiment", "told"),
    [
        ({"fractions": [1], "seeds": 1}, "key 'architectures' is missing"),
        ({**PLAIN, "design": "one_at_a_time"}, "design one_at_a_time needs vary"),
        ({**TUNED, "fractions": [0.5, 1]}, "takes one architecture and one volume"),
        ({**TUNED, "dataset": {}}, "set dataset.tuning, as 0.2, or choose: {split: validation}"),
        ({**PLAIN, "best_of": ["grid"]}, "leave out architectures"),
        ({"fractions": [1], "seeds": 1, "best_of": ["gird"]}, "experiment 'gird' is unknown; did you mean 'grid'?"),
    ],
)
def test_designs_that_cannot_be_are_one_line(tmp_path: Path, experiment: dict[str, object], told: str) -> None:
    with pytest.raises(UserError, match=told.replace("?", r"\?")):
        study_of(tmp_path, {"grid": experiment})


def test_null_at_smoke_scale_takes_away(tmp_path: Path) -> None:
    smoke = {"experiments": {"large": None}, "dataset": {"image_size": None, "path": None, "name": "digits"}}
    dataset = {"name": "folder", "path": "images", "image_size": 64}
    file = tmp_path / "study.yaml"
    experiments = {"small": PLAIN, "large": PLAIN}
    text = {"title": "T", "question": "Q?", "dataset": dataset, "experiments": experiments, "smoke": smoke}
    file.write_text(yaml.safe_dump(text))
    small = load_study(file, "smoke")
    assert [one.name for one in small.experiments] == ["small"]
    assert small.experiments[0].dataset.path is None
    assert len(load_study(file).experiments) == 2


def test_what_is_left_out_takes_its_artefacts_along(tmp_path: Path) -> None:
    artefacts = {
        "figure_1": {"draw": "results", "experiments": ["masks"]},
        "figure_2": {"draw": "results", "experiments": ["masks", "plain"]},
        "figure_3": {"draw": "results"},
    }
    study = study_of(tmp_path, {"plain": PLAIN, "masks": {**PLAIN, "optional": True}}, artefacts=artefacts)
    left = without(study, ["masks"])
    assert [artefact.name for artefact in left.artefacts] == ["figure_2", "figure_3"]
    assert left.artefacts[0].options == {"experiments": ["plain"]}
    again = tmp_path / "again.yaml"
    again.write_text(yaml.safe_dump(dict(left.text)))
    assert load_study(again).experiments == left.experiments
    assert load_study(again).artefacts == left.artefacts
    with pytest.raises(UserError, match="none of its experiments are there"):
        without(study, ["masks", "plain"])


def test_anchors_save_writing(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(
        "title: T\nquestion: Q?\ndataset: {name: digits}\nexperiments:\n"
        "  one: &one {architectures: [mlp], fractions: [1], seeds: 1}\n"
        "  two: {<<: *one, seeds: 2}\n"
    )
    assert [one.seeds for one in load_study(file).experiments] == [(0,), (0, 1)]
