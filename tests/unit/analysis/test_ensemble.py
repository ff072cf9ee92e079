"""Votes counted by hand, ranked, streamed, and drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loading import load_script
from unit.training.studies import make_study, train_all

from datavolume.analysis.ensemble import Member, members, ranked, votes
from datavolume.errors import UserError

LABELS = np.array([0, 1, 2, 0])
# Three networks, four images, three classes.
FIRST = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.5, 0.4, 0.1]]  # right: 0, 1, 3
SECOND = [[0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1]]  # right: 1, 2
THIRD = [[0.4, 0.5, 0.1], [0.6, 0.3, 0.1], [0.2, 0.1, 0.7], [0.1, 0.2, 0.7]]  # right: 2
SCORES = {"a": FIRST, "b": SECOND, "c": THIRD}


def member(run: str, scores: Sequence[Sequence[float]], labels: Sequence[int] = tuple(LABELS)) -> Member:
    return Member(run, np.array(labels), np.array(scores, np.float32))


def top1_of(found: pd.DataFrame, voting: str) -> list[float]:
    return found.loc[found["voting"] == voting, "top1"].to_list()


def test_votes_by_hand() -> None:
    """Soft: of two 0, 1, 2, and 1 for the last; of three the sums are (1.4, 1.3), (0.9, 1.8), (0.8, 0.6, 1.6),
    (0.9, 1.2, 0.9). Hard: of two, ties at 0 (soft 0), 2 (soft 2) and 3 (soft 1); of three, 1, 1, 2, tie of all: 1."""
    found = votes((member(run, scores) for run, scores in SCORES.items()), count=3, shares=(1 / 3, 2 / 3, 1))
    assert found["models"].to_list() == [1, 1, 2, 2, 3, 3]
    assert found["voting"].to_list() == ["soft", "hard"] * 3
    assert top1_of(found, "soft") == [0.75, 0.75, 0.75]
    assert top1_of(found, "hard") == [0.75, 0.75, 0.5]
    assert found["best_single"].to_list() == [0.75] * 6
    assert found["gain"].to_list() == [0, 0, 0, 0, 0, -0.25]


def test_a_share_of_few_models_is_one_at_least_and_halves_are_rounded_up() -> None:
    found = votes((member(run, scores) for run, scores in SCORES.items()), count=3, shares=(0.1, 0.2, 0.5, 1.0))
    assert found["models"].to_list()[::2] == [1, 1, 2, 3]
    assert found["share"].to_list()[::2] == [0.1, 0.2, 0.5, 1.0]
    assert votes([member("a", FIRST)], count=1)["models"].to_list() == [1] * 12


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_a_share_that_cannot_be(share: float) -> None:
    with pytest.raises(UserError, match=r"shares: .* is not allowed; a share of the models is above 0 and up to 1"):
        votes([member("a", FIRST)], count=1, shares=(share,))


def test_intervals_are_those_of_the_binomial_and_the_same_each_time() -> None:
    """A share p of V images, drawn again with replacement, scatters by sqrt(p (1 - p) / V)."""
    rng = np.random.default_rng(1)
    labels = np.zeros(2000, np.int64)
    scores = np.where(rng.random(2000)[:, None] < 0.8, [0.9, 0.1], [0.1, 0.9])
    other = np.where(rng.random(2000)[:, None] < 0.5, [0.99, 0.01], scores)
    models = [Member("a", labels, scores.astype(np.float32)), Member("b", labels, other.astype(np.float32))]
    found = votes(models, count=2, shares=(1,))
    pd.testing.assert_frame_equal(votes(models, count=2, shares=(1,)), found)
    soft = found.iloc[0]
    half = 1.96 * np.sqrt(soft["top1"] * (1 - soft["top1"]) / 2000)
    assert soft["lower"] == pytest.approx(soft["top1"] - half, abs=0.001)
    assert soft["upper"] == pytest.approx(soft["top1"] + half, abs=0.001)
    gained = soft["gain"]  # nothing is lost: the second changes wrong predictions only
    assert 0.05 < gained < 0.15
    assert soft["gain_upper"] - gained == pytest.approx(1.96 * np.sqrt(gained * (1 - gained) / 2000), abs=0.001)
    assert votes(models, count=2, shares=(1,), seed=5)["lower"].iloc[0] == pytest.approx(soft["lower"], abs=0.002)


def test_a_network_that_broke_down_has_no_say() -> None:
    broken = [[float("nan")] * 3] * 4
    found = votes([member("a", FIRST), member("b", broken)], count=2, shares=(1,))
    assert found["top1"].to_list() == [0.75, 0.75]


def test_other_images_cannot_vote_together() -> None:
    for other in (member("b", SECOND, [0, 1, 2, 1]), member("b", SECOND[:3], [0, 1, 2])):
        with pytest.raises(UserError, match=r"votes: runs a and b have other validation images"):
            votes([member("a", FIRST), other], count=2)


def frames_of(scores: dict[str, dict[str, float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """run -> split -> accuracy at the last evaluation, after one of 0.5."""
    rows = [
        {"run": run, "split": split, "update": update, "top1": value}
        for run, splits in scores.items()
        for split, last in splits.items()
        for update, value in ((10, 0.5), (20, last))
    ]
    return pd.DataFrame({"run": list(scores)}), pd.DataFrame(rows)


def test_ranking_by_either_split() -> None:
    scores = {
        "a": {"validation": 0.8, "tuning": 0.9},
        "b": {"validation": 0.9, "tuning": 0.7},
        "c": {"validation": float("nan"), "tuning": float("nan")},
        "d": {"validation": 0.9, "tuning": 0.8},
    }
    summary, metrics = frames_of(scores)
    assert ranked(summary, metrics)["run"].to_list() == ["b", "d", "a", "c"]
    assert ranked(summary, metrics, by="tuning")["run"].to_list() == ["a", "d", "b", "c"]
    with pytest.raises(UserError, match=r"ranked_by: 'train' is not allowed; allowed are validation and tuning"):
        ranked(summary, metrics, by="train")


def test_ranking_by_a_split_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"run a was not evaluated on the tuning split; set dataset.tuning"):
        ranked(*frames_of({"a": {"validation": 0.9}}), by="tuning")


def test_the_predictions_of_trained_runs_vote(tmp_path: Path) -> None:
    """From the files that training writes: the share of one run has the accuracy that its summary says."""
    paths, plan = make_study(tmp_path, seeds=(0, 1, 2), seeds_per_job=2)
    train_all(paths, plan)
    files = [paths.run_file(configuration, block, "predictions.npz") for configuration, block in plan.blocks]
    parts = {
        name: pd.concat([pd.read_csv(file.with_name(f"{name}.csv")) for file in files], ignore_index=True)
        for name in ("summary", "metrics")
    }
    best = parts["summary"].sort_values("last_top1", ascending=False, kind="stable")
    points = pd.DataFrame({"experiment": "test", "run": parts["summary"]["run"]})
    script, output = load_script("workflow/scripts/votes.py"), tmp_path / "votes.csv"
    given = {"frames": {**parts, "points": points}, "experiments": [], "shares": (0.1, 1.0), "ranked_by": "validation"}
    script.votes(**given, predictions=files[::-1], output=output)
    table = pd.read_csv(output)
    assert list(table.columns) == [
        "experiments", "share", "models", "voting", "top1", "lower", "upper", "best_single", "gain", "gain_lower",
        "gain_upper", "ranked_by",
    ]  # fmt: skip
    assert table["top1"].iloc[0] == pytest.approx(best["last_top1"].iloc[0], abs=1e-12)
    assert table["models"].to_list() == [1, 1, 3, 3]
    probabilities = [model.probabilities for model in members(best, files)]
    labels = next(members(best, files)).labels
    expected = float((np.mean(probabilities, axis=0).argmax(axis=1) == labels).mean())
    assert table["top1"].iloc[2] == pytest.approx(expected, abs=1e-12)
    with pytest.raises(UserError, match=r"predictions.npz: run .* is in no file"):
        list(members(best, files[:1]))
    files[0].write_bytes(files[0].read_bytes()[:200])
    with pytest.raises(UserError, match=r"predictions.npz: cannot be read"):
        list(members(best, files))
