"""The tables of papers, from runs that are written down by hand (unit.analysis.small_study)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from unit.analysis.small_study import STEPS, Trained, collected

from datavolume.analysis.published.comparison import Ours, compare, read_published
from datavolume.analysis.published.published import COLUMNS
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table, make, to_html, to_latex
from datavolume.artefacts.tables.cells import duration
from datavolume.errors import UserError
from datavolume.files import write_csv
from datavolume.study import Budget, Recipe

pytestmark = pytest.mark.filterwarnings("error")

OVERLAP = pd.DataFrame(
    [
        {"dataset": "d", "first": f"f0.05-nested-s{a}", "second": f"f0.05-nested-s{b}", "overlap": share}
        for a, b, share in ((0, 1, 0.0495), (0, 2, 0.05), (1, 2, 0.0512))
    ]
).assign(first_images=1000, second_images=1000)
VOTES = pd.DataFrame(
    [
        {"share": share, "models": models, "voting": voting, "top1": top1, "lower": top1 - 0.01, "upper": top1 + 0.01}
        for share, models, soft in ((0.1, 38, 0.93), (1.0, 380, 0.92))
        for voting, top1 in (("soft", soft), ("hard", soft - 0.02))
    ]
).assign(experiments="")


def results_of(tmp_path: Path, *runs: Trained, printed: list[dict[str, str]] | None = None, **frames: Any) -> Results:
    """With the comparison as the rule writes it and the script reads it."""
    found = {**collected(*runs), **frames}
    if printed is None:
        return Results(**found)
    rows = [{**dict.fromkeys(COLUMNS, ""), "artefact": "t", "item": "x", "source": "T", **row} for row in printed]
    pd.DataFrame(rows)[list(COLUMNS)].to_csv(tmp_path / "paper.csv", index=False)
    comparison = compare(read_published(tmp_path / "paper.csv"), Ours(**found), comparable=True)
    write_csv(tmp_path / "comparison.csv", comparison)
    return Results(**found, comparison=pd.read_csv(tmp_path / "comparison.csv"))


def made(kind: str, results: Results, **options: Any) -> Table:
    """Every row as long as the head, in LaTeX and HTML too."""
    table = make(kind, results, options)
    assert {len(row) for group in table.groups for row in group} == {len(table.head)}
    assert to_latex(table).count(" \\\\\n") == 1 + sum(map(len, table.groups))
    assert to_html(table).isascii()
    return table


def accuracy(number: str, /, **where: str) -> dict[str, str]:
    return {"metric": "top1", "published": number, "unit": "percent", **where}


BATCH = {"experiment": "ablation", "stage": "recipe.batch_size"}
SWEEP = (
    Trained("b8", value="8", position=0, accuracies=(0.9, 0.62), **BATCH),
    Trained("b32s0", seed=0, value="32", position=1, accuracies=(0.5, 0.70), **BATCH),
    Trained("b32s1", seed=1, value="32", position=1, accuracies=(0.5, 0.72), **BATCH),
)


def test_values_with_what_is_printed_of_each(tmp_path: Path) -> None:
    """0.70 and 0.72: t(1) 12.706 times 1 point, cut at 100 %; labels that look like numbers find their printed ones."""
    where = {"experiment": "ablation", "stage": "recipe.batch_size"}
    printed = [accuracy("89.68", value="8", **where), accuracy("92.48", value="32", **where)]
    results = results_of(tmp_path, *SWEEP, printed=printed)
    table = made("by_value", results, published="t", parameters=True, seconds=True)
    assert table.head[:3] == ["Batch size", "Top-1 accuracy (%)", "printed"]
    assert table.groups == [
        [
            ["8", "62.00", "89.68", "0.25", "1", "8 s", "1"],
            ["32", "71.00 (58.29–83.71)", "92.48", "0.25", "1", "8 s", "2"],
        ]
    ]
    best = made("by_value", results, statistic="best")
    assert best.head == ["Batch size", "Top-1 accuracy, best (%)", "Runs"]
    assert best.groups[0][0] == ["8", "90.00", "1"]


def test_several_stages_are_groups_and_networks_are_named(tmp_path: Path) -> None:
    cnn = Trained("cnn", stage="recipe.dropout", value="0", experiment="ablation", network="cnn")
    table = made("by_value", results_of(tmp_path, *SWEEP, cnn))
    assert table.head[:2] == ["Set-up", "Network"]
    assert [[row[:2] for row in group] for group in table.groups] == [[["8", "mlp"], ["32", "mlp"]], [["0", "cnn"]]]


STEPWISE = (
    Trained("o", experiment="e", stage="recipe", value="set O", accuracies=(0.5, 0.6)),
    Trained(
        "ab",
        experiment="e",
        stage="recipe",
        value="A-O",
        position=1,
        accuracies=(0.3, 0.4, 0.7),
        phases=(2, 1),
        recipe=STEPS,
    ),
)


def test_steps_have_a_row_each_and_their_sum(tmp_path: Path) -> None:
    """Printed of phase 0, and once without a phase: that is the last step's."""
    where = {"experiment": "e", "stage": "recipe"}
    printed = [accuracy("40.5", value="A-O", phase="0", **where), accuracy("66.34", value="A-O", **where)]
    results = results_of(tmp_path, *STEPWISE, printed=printed)
    table = made("steps_table", results, metrics=["top1"], published="t")
    assert table.head == [
        *("Training", "Images", "Batch", "Learning rate", "Epochs", "Top-1 accuracy (%)", "printed"),
        *("Image passes (× all images)", "Training time", "Runs"),
    ]
    assert table.groups == [
        [
            ["set O", "100", "20", "0.001", "4", "60.00", "–", "4", "8 s", "1"],
            ["A-O, step 1: 100 %", "100", "10", "0.2", "4", "40.00", "40.5", "4", "8 s", "1"],
            ["→ step 2: 100 %", "100", "20", "0.1", "2", "70.00", "66.34", "2", "4 s", "1"],
            ["all steps", "", "", "", "", "", "", "6", "12 s", ""],
        ]
    ]
    assert "Training time" not in made("steps_table", results, cost=False).head


def test_costs_beside_the_baseline(tmp_path: Path) -> None:
    printed = [{"metric": "images_passed", "published": "100", "unit": "M", "experiment": "e", "value": "set O"}]
    table = made("cost_table", results_of(tmp_path, *STEPWISE, printed=printed), baseline="set O", published="t")
    assert table.groups == [
        [
            ["set O", "mlp", "400", "4", "100", "100 %", "8 s", "100 %", "1"],
            ["A-O", "mlp", "600", "6", "–", "150 %", "12 s", "150 %", "1"],
        ]
    ]


SCALED = Recipe(batch_size=20, budget=Budget(epochs=90), schedule="step", decay_every=1, warmup=5, evaluations=1)
VOLUMES = (
    Trained("half", n=50, fraction=0.5, accuracies=(0.6,), recipe=SCALED),
    Trained("all", n=100, fraction=1.0, accuracies=(0.605,), recipe=SCALED),
)


def test_plans_scale_with_the_data(tmp_path: Path) -> None:
    """200 images are 4 epochs of 50; a step of one epoch of 100 images is two of 50."""
    printed = [{"metric": "decay_epochs", "published": "3", "fraction": "0.5"}]
    table = made("plan_table", results_of(tmp_path, *VOLUMES, printed=printed), published="t")
    assert table.head[1:] == [
        *("Data volume", "Training images", "Epochs", "Rate decays every … epochs", "printed", "Warm-up (epochs)"),
    ]
    assert table.groups == [
        [["mlp", "50 %", "50", "4", "2", "3", "10"], ["mlp", "100 %", "100", "2", "1", "–", "5"]],
    ]


def test_the_saturation_point_and_each_doubling(tmp_path: Path) -> None:
    table = made("saturation_table", results_of(tmp_path, *VOLUMES))
    assert table.groups == [
        [
            ["mlp", "50", "50 %", "60.0", "0.5", "–", "saturates here"],
            ["mlp", "100", "100 %", "60.5", "0.0", "0.5", "yes"],
        ]
    ]
    assert made("saturation_table", results_of(tmp_path, *VOLUMES), margin=0.004).groups[0][1][-1] == "saturates here"


def test_lines_over_log10(tmp_path: Path) -> None:
    runs = [
        Trained(f"{n}{seed}", seed=seed, n=n, fraction=None, accuracies=(top1 + 0.01 * seed,))
        for n, top1 in ((10, 0.2), (100, 0.3), (1000, 0.4), (10000, 0.4))
        for seed in (0, 1)
    ]
    printed = [{"metric": "r2_without_largest:top1", "published": "0.936"}]
    table = made("regression_table", results_of(tmp_path, *runs, printed=printed), metrics="top1", published="t")
    assert table.head == [
        "Metric",
        "Sizes",
        "Intercept",
        "Slope per factor 10",
        "R²",
        "printed",
        "Analysis of variance",
    ]
    first, second = table.groups[0]
    assert first[:2] == ["Top-1 accuracy", "4 (all)"]
    assert first[5:] == ["–", "p < 0.001"]
    assert second[1] == "3 (without the largest)"
    assert second[2].startswith("0.1050 (")
    assert second[4:] == ["1.000", "0.936", "p < 0.001"]


def test_times_by_subset_and_by_groups_of_experiments(tmp_path: Path) -> None:
    runs = [Trained(f"s{seed}", subset_seed=seed, experiment="sub", accuracies=(0.5,) * (seed + 1)) for seed in (0, 1)]
    runs.append(Trained("other", experiment="other"))
    time = {"metric": "seconds", "unit": "seconds"}
    printed = [
        {**time, "published": "138512", "experiment": "sub", "stage": "subset_seed", "value": "1"},
        {**time, "published": "850", "unit": "minutes", "experiment": "sub other", "statistic": "total"},
    ]
    results = results_of(tmp_path, *runs, printed=printed)
    table = made("time_table", results, experiments="sub", by="subset", published="t")
    assert [row[1:] for row in table.groups[0]] == [["1", "4 s", "4 s", "–"], ["1", "8 s", "8 s", "1 d 14:28:32"]]
    table = made(
        "time_table", results, groups={"Both": ["other", "sub"], "One": "other", "None": "gone"}, published="t"
    )
    assert table.groups == [[["Both", "3", "5.33 s", "16 s", "850 min"], ["One", "1", "4 s", "4 s", "–"]]]


def test_overlap_is_a_matrix(tmp_path: Path) -> None:
    printed = [{"metric": "overlap", "published": "4.91", "unit": "percent", "value": "1-3"}]
    results = results_of(tmp_path, *VOLUMES, printed=printed, overlap=OVERLAP)
    assert made("overlap_table", results, published="t").groups == [
        [
            ["Subset 1 (1,000 images)", "–", "4.95 %", "5.00 % (printed: 4.91)"],
            ["Subset 2 (1,000 images)", "4.95 %", "–", "5.12 %"],
            ["Subset 3 (1,000 images)", "5.00 % (printed: 4.91)", "5.12 %", "–"],
        ]
    ]


def test_votes_by_share(tmp_path: Path) -> None:
    vote = {"metric": "soft_vote", "unit": "percent"}
    results = results_of(tmp_path, *VOLUMES, printed=[{**vote, "published": "92.99", "fraction": "0.1"}], votes=VOTES)
    assert made("voting_table", results, published="t").groups == [
        [
            ["10 %", "38", "93.00 (92.00–94.00)", "92.99", "91.00 (90.00–92.00)"],
            ["100 %", "380", "92.00 (91.00–93.00)", "–", "90.00 (89.00–91.00)"],
        ]
    ]


COMPARED = [
    accuracy("72.0", item="Batch 32", value="32", stage="recipe.batch_size"),
    {"metric": "parameters", "published": "250000", "item": "Batch 32", "value": "32"},
    accuracy("70.0", item="Batch 64", value="64", stage="recipe.batch_size"),
]


def test_the_comparison_a_row_a_number(tmp_path: Path) -> None:
    table = made("comparison_table", results_of(tmp_path, *SWEEP, printed=COMPARED))
    assert table.groups == [
        [
            [
                "Batch 32",
                "Top-1 accuracy (%)",
                "72.0",
                "71.0 (58.3–83.7)",
                "2",
                "−1.0 (−23.0 to 21.0)",
                "reproduced within seed noise",
            ],
            ["Batch 32", "Parameters", "250,000", "250,000", "2", "0", "as printed"],
            ["Batch 64", "Top-1 accuracy (%)", "70.0", "–", "–", "–", "not run"],
        ]
    ]


def test_the_comparison_as_the_paper_sets_it(tmp_path: Path) -> None:
    table = made("comparison_table", results_of(tmp_path, *SWEEP, printed=COMPARED), artefacts="t", layout="wide")
    assert table.head == ["", "Top-1 accuracy (%)", "printed", "Parameters", "printed", "Verdict"]
    assert table.groups[0][0][1:5] == ["71.0 (58.3–83.7)", "72.0", "250,000", "250,000"]
    assert table.groups[0][0][5] == "Top-1 accuracy: reproduced within seed noise; Parameters: as printed"
    assert table.groups[0][1] == ["Batch 64", "–", "70.0", "–", "–", "not run"]


@pytest.mark.parametrize(
    "kind", ["by_value", "steps_table", "cost_table", "time_table", "plan_table", "regression_table"]
)
def test_a_study_without_printed_numbers_has_its_tables(kind: str, tmp_path: Path) -> None:
    assert "printed" not in made(kind, results_of(tmp_path, *VOLUMES)).head


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("by_value", {"metrics": ["top2"]}, "metrics 'top2' is not allowed; did you mean 'top"),
        ("by_value", {"statistic": "mean"}, "statistic 'mean' is not allowed; allowed: best, last"),
        ("by_value", {"experiments": "ablations"}, "no run of experiment ablations"),
        ("by_value", {"published": "table_2"}, "published 'table_2' is not allowed; allowed: t"),
        ("comparison_table", {"artefacts": ["table_2"]}, "artefacts 'table_2' is not allowed; allowed: t"),
        ("comparison_table", {"layout": "tall"}, "layout 'tall' is not allowed"),
        ("plan_table", {"columns": ["epoch"]}, "columns 'epoch' is not allowed; did you mean 'epochs'"),
        ("time_table", {"by": "day"}, "by 'day' is not allowed"),
        ("cost_table", {"baseline": "set O"}, "baseline 'set O' is not allowed"),
        ("saturation_table", {"margin": 1.5}, "margin 1.5 is not allowed; a number above 0 and below 1"),
        ("overlap_table", {}, "no volume was drawn more than once"),
        ("voting_table", {}, "there are no votes"),
    ],
)
def test_a_wrong_option_is_one_line(kind: str, options: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said) as error:
        make(kind, results_of(tmp_path, *SWEEP, printed=COMPARED), options)
    assert "\n" not in str(error.value)


def test_nothing_printed_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give the study a `published` file"):
        make("comparison_table", results_of(tmp_path, *SWEEP))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5.432, "5.43 s"), (125, "0:02:05"), (3 * 3600, "3:00:00"), (138512, "1 d 14:28:32"), (float("nan"), "–")],
)
def test_times_as_people_read_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
