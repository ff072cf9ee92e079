from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from unit.analysis.synthetic import UPDATES, collected_of, files_of, make_plan, relabel, write_runs

from datavolume.analysis.collect import COLUMNS, Collected, collect, read_parts
from datavolume.errors import UserError
from datavolume.study import Paths, Plan, Recipe


def small_plan() -> Plan:
    return make_plan(fractions=(0.1, 1.0), seeds=4, seeds_per_job=2)


def collect_files(paths: Paths, plan: Plan) -> Collected:
    return collect(plan, **{name: read_parts(name, files_of(paths, plan, f"{name}.csv"), plan) for name in COLUMNS})


def test_every_run_once_in_the_plans_order(tmp_path: Path) -> None:
    plan = small_plan()
    found = collect_files(write_runs(tmp_path, plan), plan)
    assert list(found.summary["run"]) == [run.run for run in plan.runs]
    assert list(found.metrics["run"].unique()) == [run.run for run in plan.runs]
    assert list(found.timing["run"].unique()) == [run.run for run in plan.runs]


def test_the_order_of_the_files_does_not_matter(tmp_path: Path) -> None:
    plan = small_plan()
    paths = write_runs(tmp_path, plan)
    parts = {name: read_parts(name, files_of(paths, plan, f"{name}.csv")[::-1], plan) for name in COLUMNS}
    pd.testing.assert_frame_equal(collect(plan, **parts).metrics, collect_files(paths, plan).metrics)


def test_files_read_back_to_the_same_bits(tmp_path: Path) -> None:
    plan = small_plan()
    pd.testing.assert_frame_equal(
        collect_files(write_runs(tmp_path, plan), plan).metrics, collected_of(plan).metrics, check_exact=True
    )


def test_what_the_plan_knows_is_added() -> None:
    found = collected_of(make_plan(architectures=("mlp",), fractions=(0.1, 1.0), seeds=1, subset_seeds=(0, 3)))
    assert list(found.summary["fraction"]) == [0.1, 0.1, 1.0, 1.0]
    assert list(found.summary["n"]) == [144, 144, 1437, 1437]
    assert list(found.summary["subset_seed"]) == [0, 3, 0, 3]
    assert found.summary["size"].isna().all()
    assert set(found.metrics["experiments"]) == {"volume"}
    assert (found.metrics["n"] == found.metrics["run"].map(found.summary.set_index("run")["n"])).all()


def test_experiments_with_other_recipes_are_other_curves() -> None:
    recipes = {"slow": Recipe(learning_rate=1e-4), "fast": Recipe(learning_rate=1e-2)}
    found = collected_of(make_plan(architectures=("mlp",), fractions=(1.0,), seeds=1, recipes=recipes))
    assert list(found.summary["architecture"]) == ["mlp (slow)", "mlp (fast)"]


def test_experiments_that_share_a_recipe_are_one_curve() -> None:
    recipes = {"first": Recipe(), "second": Recipe()}
    found = collected_of(make_plan(architectures=("mlp",), fractions=(1.0,), seeds=1, recipes=recipes))
    assert list(found.summary["architecture"]) == ["mlp"]


def test_sizes_stand_in_their_own_column() -> None:
    found = collected_of(make_plan(architectures=("mlp",), fractions=(), sizes=(50, 100), seeds=1))
    assert list(found.summary["size"]) == [50, 100]
    assert found.summary["fraction"].isna().all()


def test_training_seconds_are_the_last_of_timing() -> None:
    found = collected_of(make_plan(architectures=("mlp",), fractions=(1.0,), seeds=2))
    assert found.summary["seconds"].to_list() == pytest.approx([UPDATES * 0.001] * 2)


def lines_of(file: Path, keep: Callable[[list[str]], list[str]]) -> None:
    file.write_text("".join(keep(file.read_text().splitlines(keepends=True))))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.unlink(), "missing"),
        (lambda file: file.write_text(""), "cannot be read"),
        (lambda file: file.write_bytes(b"\xff\xfe\x00"), "cannot be read"),
        (lambda file: lines_of(file, lambda lines: lines[:1]), "cut short"),
        (lambda file: lines_of(file, lambda lines: lines[: len(lines) // 2]), "cut short"),
        (lambda file: file.write_text(file.read_text()[:-3]), "cut short"),
        (lambda file: file.write_text("a,b\n1,2\n"), "column run is missing"),
    ],
)
@pytest.mark.parametrize("name", COLUMNS)
def test_a_spoilt_file_is_named(tmp_path: Path, name: str, spoil: Callable[[Path], object], said: str) -> None:
    plan = small_plan()
    paths = write_runs(tmp_path, plan)
    file = files_of(paths, plan, f"{name}.csv")[1]
    spoil(file)
    with pytest.raises(UserError) as error:
        collect_files(paths, plan)
    assert str(error.value).startswith(str(file))
    assert said in str(error.value)


def test_a_run_that_is_not_in_the_plan(tmp_path: Path) -> None:
    plan = small_plan()
    paths = write_runs(tmp_path, plan)
    fewer = Plan(plan.runs[:-2])
    with pytest.raises(UserError, match="is not in the plan"):
        read_parts("summary", files_of(paths, plan, "summary.csv"), fewer)


def test_a_run_that_is_in_no_file(tmp_path: Path) -> None:
    plan = small_plan()
    paths = write_runs(tmp_path, plan)
    with pytest.raises(UserError, match=r"summary\.csv: 2 of 16 planned runs are in no file"):
        read_parts("summary", files_of(paths, plan, "summary.csv")[:-1], plan)


def test_metrics_must_reach_the_last_update(tmp_path: Path) -> None:
    plan = small_plan()
    paths = write_runs(tmp_path, plan)
    file = files_of(paths, plan, "metrics.csv")[0]
    lines_of(file, lambda lines: lines[:-2])
    with pytest.raises(UserError, match=r"metrics\.csv: cut short, run .* has no train row at its last update 1350"):
        collect_files(paths, plan)


def test_other_columns_of_the_plan_do_not_matter() -> None:
    plan = small_plan()
    pd.testing.assert_frame_equal(
        collected_of(relabel(plan, experiments="other")).metrics.drop(columns="experiments"),
        collected_of(plan).metrics.drop(columns="experiments"),
    )
