"""Identity, plan and paths."""

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
import yaml

from datavolume.data import check_dataset
from datavolume.errors import UserError
from datavolume.models import check_architecture
from datavolume.study import (
    Augmentation,
    Budget,
    Dataset,
    EarlyStopping,
    Experiment,
    Network,
    Paths,
    Phase,
    Recipe,
    Resources,
    Run,
    Study,
    Volume,
    configuration_id,
    expand,
    find_study,
    load_study,
    read_plan,
    run_id,
    write_plan,
)
from datavolume.study.identity import run_from_spec, spec
from datavolume.study.model import Origin
from datavolume.study.plan import block_label

RUN = Run(dataset=Dataset(name="digits"), architecture="mlp", volume=Volume(fraction=0.25), recipe=Recipe(), seed=3)
EXPERIMENT = Experiment(
    name="volume",
    dataset=RUN.dataset,
    architectures=("mlp", "small_cnn"),
    volumes=(Volume(fraction=0.5), Volume(fraction=1.0)),
    seeds=(0, 1, 2),
    recipe=Recipe(),
    resources=Resources(),
)
STUDY = Study(
    name="made_up",
    scale="full",
    title="T",
    question="Q?",
    margin=0.01,
    seeds_per_job=2,
    experiments=(EXPERIMENT,),
    text={},
)


def test_an_id_never_changes() -> None:
    """Results of years hang on these: a change here orphans every finished run."""
    assert run_id(RUN) == "mlp-f0.25-bs32-s3-660dc2297a"
    assert configuration_id(RUN) == "mlp-f0.25-bs32-268a308df7"


def test_every_value_is_part_of_the_identity() -> None:
    others = [
        replace(RUN, seed=4),
        replace(RUN, architecture="small_cnn"),
        replace(RUN, dataset=replace(RUN.dataset, split_seed=1)),
        replace(RUN, volume=replace(RUN.volume, seed=1)),
        replace(RUN, volume=replace(RUN.volume, mode="independent")),
        replace(RUN, recipe=replace(RUN.recipe, learning_rate=0.1)),
        replace(RUN, recipe=replace(RUN.recipe, budget=Budget(epochs=11))),
    ]
    assert len({run_id(run) for run in [RUN, *others]}) == 8
    assert {configuration_id(run) for run in others[:1]} == {configuration_id(RUN)}


def test_only_values_that_differ_from_a_default_are_hashed() -> None:
    """So that a key added to the recipe later keeps every id."""
    chosen = {
        "dataset": {"name": "digits"},
        "architecture": "mlp",
        "volume": {"fraction": 0.25},
        "recipe": {},
        "seed": 3,
    }
    text = json.dumps(chosen, sort_keys=True, separators=(",", ":"))
    assert run_id(RUN).endswith(hashlib.sha256(text.encode()).hexdigest()[:10])


def test_the_schema_states_the_defaults_of_the_code() -> None:
    definitions = yaml.safe_load(Path("workflow/schemas/study.schema.yaml").read_text())["$defs"]
    for name, values in {
        "recipe": Recipe(),
        "budget": Budget(),
        "dataset": Dataset(name=""),
        "resources": Resources(),
        "augmentation": Augmentation(),
        "network": Network(),
        "early_stopping": EarlyStopping(patience=1),
        "phase": Phase(),
        "start": Origin(experiment=""),
    }.items():
        stated = {k: v["default"] for k, v in definitions[name]["properties"].items() if "default" in v}
        actual = {key: getattr(values, key) for key in stated}
        assert stated == {key: list(value) if isinstance(value, tuple) else value for key, value in actual.items()}
        assert set(definitions[name]["properties"]) == {field.name for field in fields(values)}


def test_a_run_is_read_back_from_its_spec() -> None:
    assert run_from_spec(spec(RUN)) == RUN


def test_the_grid_and_its_seed_blocks() -> None:
    plan = expand(STUDY)
    assert len(plan.runs) == 2 * 2 * 3
    assert [(run.architecture, run.fraction, run.seed, run.block) for run in plan.runs[:4]] == [
        ("mlp", 0.5, 0, "0-1"),
        ("mlp", 0.5, 1, "0-1"),
        ("mlp", 0.5, 2, "2"),
        ("mlp", 1.0, 0, "0-1"),
    ]
    assert len(plan.blocks) == 2 * 2 * 2


def test_a_run_of_two_experiments_is_planned_once() -> None:
    again = replace(EXPERIMENT, name="again", seeds=(2, 3))
    plan = expand(replace(STUDY, experiments=(EXPERIMENT, again)))
    assert len(plan.runs) == 2 * 2 * 4
    assert {run.experiments for run in plan.runs if run.seed == 2} == {"volume again"}


def test_shared_runs_must_ask_for_the_same_resources() -> None:
    again = replace(EXPERIMENT, name="again", resources=Resources(mem_mb=1))
    with pytest.raises(UserError, match="experiments volume and again share run"):
        expand(replace(STUDY, experiments=(EXPERIMENT, again)))


def test_the_plan_is_read_back_as_written(tmp_path: Path) -> None:
    plan = expand(STUDY)
    write_plan(plan, tmp_path / "plan.csv")
    assert read_plan(tmp_path / "plan.csv") == plan


def test_a_plan_from_before_there_were_nodes_is_read(tmp_path: Path) -> None:
    plan, path = expand(STUDY), tmp_path / "plan.csv"
    write_plan(plan, path)
    rows = [line.split(",") for line in path.read_text().splitlines()]
    place = rows[0].index("nodes")  # before the last column, whose text has commas of its own
    path.write_text("".join(",".join(row[:place] + row[place + 1 :]) + "\n" for row in rows))
    assert read_plan(path) == plan


def test_a_plan_without_another_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    write_plan(expand(STUDY), path)
    path.write_text(path.read_text().replace("mem_mb", "memory", 1))
    with pytest.raises(UserError, match=r"not a plan of this version \('mem_mb'\)"):
        read_plan(path)


def test_nodes_are_no_part_of_the_identity() -> None:
    on_two = replace(EXPERIMENT, resources=Resources(processes=2, nodes=2))
    plans = [expand(replace(STUDY, experiments=(experiment,))) for experiment in (EXPERIMENT, on_two)]
    assert [run.run for run in plans[0].runs] == [run.run for run in plans[1].runs]


@pytest.mark.parametrize(
    ("text", "message"), [(None, "there is no plan yet"), ("run,seed\na,b\n", "not a plan of this version")]
)
def test_a_plan_that_cannot_be_read(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "plan.csv"
    if text:
        path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_plan(path)


def test_block_labels() -> None:
    assert [block_label(seeds) for seeds in ([7], [0, 1, 2], [0, 101, 202], [2, 1])] == ["7", "0-2", "0_101_202", "2_1"]


def test_run_files_stand_in_the_folder_of_the_configuration() -> None:
    paths = Paths(Path("results/digits"))
    assert str(paths.run_file("c", "0-4", "metrics.csv")) == "results/digits/runs/c/seeds~0-4/metrics.csv"


@pytest.mark.parametrize(
    ("budget", "updates"),
    [
        (Budget(updates=7), 7),
        (Budget(samples=100), 4),  # 100 / 32 = 3.1
        (Budget(epochs=2), 63),  # 2 * 1000 / 32 = 62.5
        (Budget(epochs=2, equal="epochs"), 7),  # 2 * 100 / 32 = 6.25
        (Budget(epochs=0.001), 1),
    ],
)
def test_total_updates(budget: Budget, updates: int) -> None:
    assert budget.total_updates(batch_size=32, subset_size=100, full_size=1000) == updates


def test_the_digits_study_is_the_one_that_the_readme_promises() -> None:
    study = load_study(find_study("digits", Path("config/studies")))
    plan = expand(study)
    assert len(plan.runs) == 60
    assert len(plan.blocks) == 12
    assert sorted({run.fraction for run in plan.runs}) == [0.05, 0.125, 0.25, 0.5, 0.75, 1]


def test_a_study_that_does_not_exist() -> None:
    with pytest.raises(UserError, match=r"study 'digit' does not exist; did you mean 'digits'\?"):
        find_study("digit", Path("config/studies"))


def test_smoke_replaces_lists_and_the_budget_and_merges_the_rest() -> None:
    smoke = load_study(find_study("digits", Path("config/studies")), "smoke").experiments[0]
    assert [volume.fraction for volume in smoke.volumes] == [0.125, 0.5, 1]
    assert smoke.recipe.budget == Budget(epochs=2)
    assert smoke.recipe.learning_rate == 0.002


@pytest.mark.parametrize("scale", ["full", "smoke"])
@pytest.mark.parametrize("file", sorted(Path("config/studies").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_study_that_is_shipped_can_be_planned(file: Path, scale: str) -> None:
    study = load_study(file, scale)
    assert expand(study).runs
    for experiment in study.experiments:
        check_dataset(experiment.dataset)
        for architecture in experiment.architectures:
            check_architecture(architecture, experiment.recipe.network)


def test_phases_start_from_runs_and_other_mistakes_are_one_line(tmp_path: Path) -> None:
    base = "title: T\nquestion: Q?\ndataset: {name: digits}\nexperiments:\n  a: {architectures: [mlp], seeds: 1, "
    lines = {
        "fractions: [0.5], recipe: {phases: [{fraction: 0.6}]}}": "recipe.phases[0].fraction (0.6) is above the run's",
        "fractions: [0.5], recipe: {phases: [{batch_size: 8}]}}": "recipe.phases[0] must have exactly one of fraction",
        "fractions: [1], recipe: {schedule: step}}": "recipe.schedule step needs recipe.decay_every",
        "fractions: [1], recipe: {milestones: [3]}}": "recipe.milestones are read by recipe.schedule multistep only",
        "fractions: [1], recipe: {compile: true}}": "recipe.compile belongs to the fast tier",
        "fractions: [1], recipe: {early_stopping: {patience: 3}}}": "set dataset.tuning, as 0.2",
        "fractions: [1], recipe: {network: {frozen: true}}}": "set recipe.network.pretrained: true",
        "fractions: [1], subsets: {balance: long_tailed}}": "needs subsets.imbalance",
        "fractions: [1], start: {experiment: b}}": "experiment 'b' is unknown",
        "fractions: [1], start: {experiment: a}}": "runs would start from themselves (a from a)",
    }
    for end, said in lines.items():
        file = tmp_path / "s.yaml"
        file.write_text(base + end)
        with pytest.raises(UserError) as error:
            expand(load_study(file))
        assert said in str(error.value)
        assert "\n" not in str(error.value)


def test_seeds_of_one_origin_are_one_configuration() -> None:
    """Each seed starts from its own run, and both stand in one block."""
    first = replace(EXPERIMENT, name="first", architectures=("mlp",), volumes=(Volume(fraction=1.0),), seeds=(0, 1))
    plan = expand(replace(STUDY, experiments=(replace(first, name="again", start=Origin(experiment="first")), first)))
    started = [run for run in plan.runs if run.experiments == "again"]
    assert [run.block for run in started] == ["0-1", "0-1"]
    assert len({run.configuration for run in started}) == 1
    assert [plan.find(run.unpack().start.run).seed for run in started] == [0, 1]  # type: ignore[union-attr]
    assert {run.kept for run in plan.runs if run.experiments == "first"} == {"1"}
