from __future__ import annotations

from pathlib import Path

import pytest

from datavolume.analysis.published.published import COLUMNS, read_published
from datavolume.errors import UserError
from datavolume.study import load_study

STUDIES = Path(__file__).parents[3] / "config" / "studies"
PUBLISHED = sorted((STUDIES / "published").glob("*.csv"))
ROW = {
    "artefact": "table_1",
    "item": "ResNet",
    "metric": "top1",
    "published": "92.50",
    "unit": "percent",
    "source": "T1",
}


def written(tmp_path: Path, *, head: str = ",".join(COLUMNS), **cells: str) -> Path:
    path = tmp_path / "paper.csv"
    line = ",".join(({**dict.fromkeys(COLUMNS, ""), **ROW, **cells})[name] for name in COLUMNS)
    path.write_text(f"{head}\n{line}\n")
    return path


def test_a_row_with_its_defaults(tmp_path: Path) -> None:
    row = read_published(written(tmp_path, fraction="0.125", phase="2")).iloc[0]
    assert (row["published"], row["digits"], row["split"], row["statistic"]) == (92.5, 2, "validation", "last")
    assert (row["fraction"], row["phase"], row["runs"], row["value"]) == (0.125, 2, 1, "")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"metric": "top2"}, r"line 2, column metric: 'top2' is not allowed; did you mean 'top"),
        ({"metric": "slop:top1"}, r"line 2, column metric: 'slop:' is not allowed; did you mean 'slope'"),
        ({"unit": "percents"}, r"line 2, column unit: 'percents' is not allowed for top1 \(allowed: percent, share\)"),
        ({"unit": ""}, r"column unit: '' is not allowed for top1"),
        ({"published": "92,5"}, r"2: 17 cells, but 16 columns; quote a text that has a comma"),
        ({"published": "92.5 %"}, r"column published: '92.5 %' is not a number; write it as printed"),
        ({"item": ""}, r"column item: is empty"),
        ({"fraction": "12.5"}, r"column fraction: '12.5' is not allowed; a number from 1e-09 to 1, or empty"),
        ({"phase": "1.5"}, r"column phase: '1.5' is not allowed; a whole number from 0, or empty"),
        ({"split": "test"}, r"column split: 'test' is not allowed"),
        ({"statistic": "epoch"}, r"column statistic: 'epoch' is not allowed; did you mean 'epoch:60'"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, cells: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        read_published(written(tmp_path, **cells))
    assert str(error.value).startswith(f"{tmp_path / 'paper.csv'}: line 2")
    assert "\n" not in str(error.value)


def test_a_head_that_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"line 1: column published is missing"):
        read_published(written(tmp_path, head=",".join(COLUMNS).replace("published", "printed")))
    with pytest.raises(UserError, match=r"line 1: column 'notes' is unknown or twice there; did you mean 'note'"):
        read_published(written(tmp_path, head=",".join([*COLUMNS, "notes"])))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no such file of published values"):
        read_published(tmp_path / "none.csv")


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.stem)
def test_the_papers_name_experiments_networks_and_values_of_their_study(file: Path) -> None:
    rows = read_published(file)
    study = load_study(STUDIES / f"{file.stem}.yaml", "full")
    named = {experiment.name: experiment for experiment in study.experiments}
    assert {name for names in rows["experiment"] for name in names.split()} <= set(named)
    for row in rows.to_dict("records"):
        experiments = [named[name] for name in row["experiment"].split()]
        factors = {factor.name: [label for label, _ in factor.options] for one in experiments for factor in one.vary}
        if row["stage"] and row["stage"] not in ("subset_seed", "seed"):
            assert row["value"] in factors[row["stage"]], row
        networks = {name for one in experiments for name in one.architectures} | set(factors.get("architecture", []))
        if row["network"] and not any(one.best_of for one in experiments):
            assert row["network"] in networks, row


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.stem)
def test_no_printed_number_stands_twice(file: Path) -> None:
    rows = read_published(file)
    keys = ["artefact", "item", "metric", "statistic", "split", "experiment", "stage", "value", "network", "phase"]
    twice = rows[rows.duplicated([*keys, "fraction", "size"], keep=False)]
    assert twice.empty, twice[["artefact", "item", "metric"]]


def test_there_are_five_papers() -> None:
    papers = {"cifar10_tuning", "data_volume_thesis", "emnist_letters", "imagenette", "stepwise"}
    assert {file.stem for file in PUBLISHED} == papers
