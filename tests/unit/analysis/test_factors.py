"""Which value is best: groups of a study's designs, ranks and leads by hand, and the words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from unit.analysis.designed import IMAGES, Frames, designed

from datavolume.analysis.answering.factor_answer import factor_answer
from datavolume.analysis.answering.factors import ONE_SEED, rank
from datavolume.analysis.answering.groups import Group, groups
from datavolume.analysis.testing.welch import games_howell
from datavolume.study import Answer, Decided, Run, designs, load_study

pytestmark = pytest.mark.filterwarnings("error")

PLAIN: dict[str, Any] = {"architectures": ["mlp"], "fractions": [1], "seeds": 3}
ABLATION = {
    **PLAIN,
    "title": "Ablation",
    "design": "one_at_a_time",
    "vary": {"recipe.batch_size": [16, 32, 64], "recipe.weight_decay": [0.01, 0.1]},
}
SPREAD = (-0.01, 0.0, 0.01)


def by_batch(run: Run) -> float:
    mean = {16: 0.92, 32: 0.90, 64: 0.70}[run.recipe.batch_size]
    return round(mean + SPREAD[run.seed] + (0.02 if run.recipe.weight_decay == 0.1 else 0), 6)


def groups_of(folder: Path, experiments: dict[str, Any], top1: Callable[[Run], float], **keys: Any) -> list[Group]:
    frames = designed(folder, experiments, top1, **keys)
    return list(groups(frames.summary, frames.points))


def answer_of(found: list[Group]) -> dict[str, Any]:
    answer = factor_answer("What matters?", rank(found))
    json.dumps(answer, allow_nan=False)
    assert "nan" not in answer["answer"] + " ".join(answer["findings"])
    return answer


def test_ranks_and_leads_by_hand(tmp_path: Path) -> None:
    found = rank(groups_of(tmp_path, {"ablation": ABLATION}, by_batch))
    batch = found.values[found.values["stage"] == "recipe.batch_size"]
    assert list(batch["value"]) == ["16", "32", "64"]
    assert list(batch["rank"]) == [1, 2, 3]
    assert list(batch["seeds"]) == [3, 3, 3]
    assert list(batch["mean"]) == pytest.approx([0.92, 0.90, 0.70])
    assert list(batch["difference"]) == pytest.approx([0, 0.02, 0.22])
    half = 4.302653 * 0.01 / math.sqrt(3)  # t with two degrees of freedom
    assert (batch["lower"].iloc[0], batch["upper"].iloc[0]) == pytest.approx((0.92 - half, 0.92 + half), rel=1e-5)
    lead = games_howell([pd.Series(SPREAD).to_numpy() + mean for mean in (0.92, 0.90, 0.70)], 0, 2)
    assert batch["difference_upper"].iloc[2] == pytest.approx(lead["upper"])
    decay = found.values[found.values["stage"] == "recipe.weight_decay"]  # at the default batch size of 32
    assert list(decay["value"]) == ["0.1", "0.01"]
    assert list(decay["position"]) == [1, 0]
    assert list(found.tests["runs"]) == [9, 6]


def test_the_answer_of_an_ablation(tmp_path: Path) -> None:
    found = answer_of(groups_of(tmp_path, {"ablation": ABLATION}, by_batch))
    assert (found["about"], found["architectures"]) == ("factors", {})
    assert found["answer"].startswith(
        "The best of 4 settings is mlp with batch size 16: 92.0 % (95 % interval 89.5 to 94.5 %); batch size 32 cannot "
        "be told from it. Batch size changes accuracy most: 16 is 22.0 percentage points (19.1 to 24.9) above 64; "
        "weight decay least, 2.0 percentage points between best and worst."
    )
    assert found["findings"][0].startswith(
        "Ablation, batch size: 16 is best of 3 with 92.0 % (95 % interval 89.5 to 94.5 %), 2.0 percentage points (−0.9 "
        "to 4.9) above 32 and 22.0 percentage points (19.1 to 24.9) above 64, the worst; 32 cannot be told from it "
        "(Games–Howell, 5 %); over all values Welch's F(2, 4.0) = "
    )
    batch = found["factors"][0]
    assert [batch[key] for key in ("name", "factor", "best", "runner_up", "worst", "seeds")] == [
        "Ablation", "batch size", "16", "32", "64", 3,
    ]  # fmt: skip
    assert batch["values"][1]["difference"]["mean"] == pytest.approx(0.02)


def test_one_seed_each_is_said(tmp_path: Path) -> None:
    found = groups_of(tmp_path, {"ablation": {**ABLATION, "seeds": 1}}, by_batch)
    assert set(rank(found).tests["note"]) == {ONE_SEED}
    answer = answer_of(found)
    assert answer["answer"] == (
        f"The best of 4 settings is mlp with batch size 16: 91.0 %; {ONE_SEED}. Batch size changes accuracy most: "
        "16 is 22.0 percentage points above 64; weight decay least, 2.0 percentage points between best and worst."
    )
    assert all(ONE_SEED in text for text in answer["findings"][:2])
    assert answer["findings"][-1].startswith("Every value stands on one training")
    assert answer["factors"][0]["values"][0]["top1"] == {"mean": pytest.approx(0.91), "lower": None, "upper": None}


def test_networks_and_volumes_are_compared_apart(tmp_path: Path) -> None:
    vary = {"recipe.batch_size": [16, 32]}
    grid = {"architectures": ["mlp", "small_cnn"], "fractions": [0.5, 1], "seeds": 1, "title": "Grid", "vary": vary}
    found = groups_of(tmp_path, {"grid": grid}, by_batch)
    assert [(group.name, len(group.values)) for group in found] == [
        ("Grid, mlp, 500 images", 2), ("Grid, mlp, 1,000 images", 2),
        ("Grid, small_cnn, 500 images", 2), ("Grid, small_cnn, 1,000 images", 2),
    ]  # fmt: skip


def test_an_architecture_is_a_factor(tmp_path: Path) -> None:
    networks = {**PLAIN, "vary": {"architecture": ["mlp", "small_cnn"]}}
    (group,) = groups_of(tmp_path, {"networks": networks}, lambda run: 0.5 + 0.1 * (run.architecture != "mlp"))
    assert (group.factor, group.network, group.name) == ("architecture", "", "networks")
    assert answer_of([group])["answer"].startswith("The best of 2 settings is small_cnn: 60.0 %")


def test_a_grid_of_factors_is_one_group(tmp_path: Path) -> None:
    vary = {"recipe.batch_size": [16, 64], "architecture": ["mlp", "small_cnn"]}
    (group,) = groups_of(tmp_path, {"grid": {**PLAIN, "vary": vary}}, by_batch)
    assert (group.factor, list(group.values)) == (
        "batch size × architecture", ["16, mlp", "16, small_cnn", "64, mlp", "64, small_cnn"],
    )  # fmt: skip
    assert answer_of([group])["answer"].startswith("The best of 4 settings is mlp with batch size 16: 92.0 %")


def test_experiments_that_vary_nothing_are_compared_with_each_other(tmp_path: Path) -> None:
    slow = {**PLAIN, "recipe": {"learning_rate": 0.001}, "title": "Slow steps"}
    fast = {**PLAIN, "recipe": {"learning_rate": 0.1}, "title": "Fast steps"}
    (group,) = groups_of(tmp_path, {"slow": slow, "fast": fast}, lambda run: 0.9 - run.recipe.learning_rate)
    assert (group.stage, list(group.values), group.name) == ("experiment", ["Slow steps", "Fast steps"], "experiments")
    frames = designed(tmp_path, {"slow": slow, "fast": fast}, by_batch)
    assert list(groups(frames.summary, frames.points, between=False)) == []
    answer = answer_of([group])
    assert answer["answer"].startswith("The best of 2 settings is Slow steps of mlp: 89.9 %")
    assert answer["answer"].endswith("Slow steps is 9.9 percentage points (9.7 to 10.1) above Fast steps.")


def test_what_a_staged_design_went_on_with(tmp_path: Path) -> None:
    """The tuning split chose 32, the validation split prefers 16."""
    staged = {**ABLATION, "design": "one_after_another", "dataset": {"tuning": 0.2}}
    file = tmp_path / "study.yaml"
    designed(tmp_path, {"tuned": staged}, by_batch)
    (waiting,) = designs(load_study(file))
    known = {("tuned", "recipe.batch_size"): Decided("32", waiting.decisions[0].digest)}
    first, second = found = groups_of(tmp_path, {"tuned": staged}, by_batch, known=known)
    assert (first.chosen, second.chosen) == ("32", "")
    values = rank(found).values
    assert list(values["chosen"]) == [False, True, False, False, False]
    answer = answer_of(found)
    assert "the design went on with 32, by its `choose`" in answer["findings"][0]
    assert answer["factors"][0]["chosen"] == "32"
    assert answer_of([second])["answer"].startswith(
        "The best of 2 settings is mlp with batch size 32 and weight decay 0.1: 92.0 % (95 % interval 89.5 to 94.5 %); "
        "weight decay 0.01 cannot be told from it. Weight decay 0.1 is 2.0 percentage points (−0.3 to 4.3) above 0.01."
    )


def test_a_shared_run_tells_of_all_its_stages(tmp_path: Path) -> None:
    """The best is the baseline: it stands in both stages, and each says one factor only."""
    found = groups_of(tmp_path, {"ablation": ABLATION}, lambda run: 0.9 if run.recipe.batch_size == 32 else 0.8)
    assert answer_of(found)["answer"].startswith(
        "The best of 4 settings is mlp with batch size 32 and weight decay 0.01: 90.0 %"
    )


def test_one_factor_in_several_places_is_counted(tmp_path: Path) -> None:
    """Trained stepwise or at once, on two networks and two volumes; better stepwise where there is less data."""
    vary = {"recipe": {"at once": {}, "stepwise": {"learning_rate": 0.1}}}
    steps = {"architectures": ["mlp", "small_cnn"], "fractions": [0.5, 1], "seeds": 1, "vary": vary}

    def top1(run: Run) -> float:
        step = 0.03 if run.volume.fraction == 0.5 else -0.01 if run.architecture == "mlp" else 0.01
        return 0.8 + (step if run.recipe.learning_rate == 0.1 else 0)

    answer = answer_of(groups_of(tmp_path, {"steps": steps}, top1))["answer"]
    assert answer == (
        f"The best of 8 settings is mlp with stepwise: 83.0 %; {ONE_SEED}. In 4 comparisons stepwise is best 3 times "
        "and at once once; best and worst lie 1.0 to 3.0 percentage points apart."
    )


def test_values_without_a_finite_accuracy_come_last(tmp_path: Path) -> None:
    found = groups_of(
        tmp_path, {"ablation": ABLATION}, lambda run: math.nan if run.recipe.batch_size == 16 else by_batch(run)
    )
    batch = rank(found).of_group[0]
    assert list(batch["value"]) == ["32", "64", "16"]
    assert batch["note"].iloc[2] == "no run has a finite accuracy"
    answer = answer_of(found)
    assert answer["factors"][0]["worst"] == "64"
    assert answer["factors"][0]["values"][2]["top1"]["mean"] is None


def test_one_seed_among_several(tmp_path: Path) -> None:
    def top1(run: Run) -> float:
        return math.nan if run.recipe.batch_size == 64 and run.seed else by_batch(run)

    found = rank(groups_of(tmp_path, {"ablation": ABLATION}, top1))
    assert found.tests["note"].iloc[0] == "without 64: fewer than two seeds"
    assert list(found.of_group[0]["note"]) == ["", "", "one seed"]
    assert found.of_group[0]["difference_p"].isna().to_list() == [True, False, True]


def test_nothing_finite_and_nothing_varied(tmp_path: Path) -> None:
    for experiments in ({"ablation": ABLATION}, {"plain": PLAIN}):
        found = groups_of(tmp_path, experiments, lambda _: math.nan)
        answer = answer_of(found)
        assert answer["answer"].startswith("There is nothing to compare")
        assert rank(found).values.empty
        assert "difference_lower" in rank(found).values
    assert list(rank(groups_of(tmp_path, {"plain": PLAIN}, by_batch)).tests.columns)[-1] == "note"


def test_seeds_that_agree_exactly(tmp_path: Path) -> None:
    """A rate that breaks training guesses: 10 % with every seed."""

    def top1(run: Run) -> float:
        return 0.1 if run.recipe.batch_size == 64 else 0.9

    found = rank(groups_of(tmp_path, {"ablation": ABLATION}, top1))
    batch = found.of_group[0]
    assert list(batch["value"]) == ["16", "32", "64"]
    assert batch["difference_upper"].iloc[2] - batch["difference_lower"].iloc[2] < 20 / IMAGES
    assert found.tests["p"].iloc[0] < 0.001


def test_what_the_script_writes(tmp_path: Path) -> None:
    from loading import load_script

    script = load_script("workflow/scripts/analyse.py")
    grid = {"architectures": ["mlp"], "fractions": [0.1, 0.5, 1], "seeds": 2}

    def top1(run: Run) -> float:
        return by_batch(run) - 0.1 * (1 - (run.volume.fraction or 0))

    frames: Frames = designed(tmp_path, {"ablation": ABLATION, "volume": grid}, top1)
    outputs = {name: tmp_path / f"{name}.csv" for name in (*script.VOLUME, *script.FACTORS, "answer")}
    given = {"frames": vars(frames), "margin": 0.01, "question": "?", "outputs": outputs}
    script.analyse(**given, asked=Answer(experiments=("volume",)))
    answer = json.loads(outputs["answer"].read_text())
    assert (answer["about"], list(answer["architectures"]), answer["factors"]) == ("volume", ["mlp"], [])
    assert pd.read_csv(outputs["factors"]).empty
    assert len(pd.read_csv(outputs["requirement"])) == 3
    script.analyse(**given, asked=Answer(about="factors", experiments=("ablation",)))
    answer = json.loads(outputs["answer"].read_text())
    assert (answer["about"], [group["factor"] for group in answer["factors"]]) == (
        "factors", ["batch size", "weight decay"],
    )  # fmt: skip
    assert len(pd.read_csv(outputs["factors"])) == 5
    assert len(pd.read_csv(outputs["factor_tests"])) == 2
    assert pd.read_csv(outputs["requirement"]).empty
