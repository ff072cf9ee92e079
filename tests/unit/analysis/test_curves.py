"""Which runs an answer is about, and what their curves are called."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from unit.analysis.designed import Frames, designed

from datavolume.analysis.answering.analyse import analyse
from datavolume.analysis.answering.answer import answer
from datavolume.analysis.curves import curves, named, several_volumes
from datavolume.errors import UserError
from datavolume.study import Run

VOLUME: dict[str, Any] = {"architectures": ["mlp", "small_cnn"], "fractions": [0.1, 0.5, 1], "seeds": 2}
SUBSETS = {"architectures": ["mlp"], "fractions": [0.1], "seeds": 1, "subsets": {"seeds": [0, 1, 2]}}
LONG = {"architectures": ["mlp"], "fractions": [1], "seeds": 1, "recipe": {"budget": {"updates": 30}}}


def of_volume(run: Run) -> float:
    return 1 - 0.3 * (1 - (run.volume.fraction or 0)) - 0.01 * run.seed - (0.1 if run.architecture == "mlp" else 0)


def runs_of(frames: Frames, *experiments: str) -> pd.DataFrame:
    return curves(frames.summary, named(frames.points, experiments), frames.plan)


def test_one_curve_a_network_where_the_setting_is_one(tmp_path: Path) -> None:
    frames = designed(tmp_path, {"volume": VOLUME, "subsets": SUBSETS, "long": LONG}, of_volume)
    found = runs_of(frames, "volume", "subsets")
    assert list(found["architecture"].unique()) == ["mlp", "small_cnn"]
    assert len(found) == 2 * 3 * 2 + 2  # two more subsets; the first is the volume experiment's own
    assert found["run"].is_unique


def test_settings_of_one_network_are_told_apart(tmp_path: Path) -> None:
    frames = designed(tmp_path, {"volume": VOLUME, "subsets": SUBSETS, "long": LONG}, of_volume)
    found = runs_of(frames)
    assert set(found["architecture"]) == {"mlp (volume; subsets)", "mlp (long)", "small_cnn"}
    rates = {"architectures": ["mlp"], "fractions": [0.5, 1], "seeds": 1, "vary": {"recipe.learning_rate": [0.1, 0.01]}}
    found = runs_of(designed(tmp_path, {"rates": rates}, of_volume))
    assert list(found["architecture"].unique()) == ["mlp (learning_rate 0.1)", "mlp (learning_rate 0.01)"]


def test_experiments_without_runs_are_one_line(tmp_path: Path) -> None:
    frames = designed(tmp_path, {"volume": VOLUME}, of_volume)
    with pytest.raises(UserError, match=r"answer.experiments: there is no run of long"):
        named(frames.points, ["long"])


def test_the_answer_is_that_of_the_named_experiments(tmp_path: Path) -> None:
    frames = designed(tmp_path, {"volume": VOLUME, "long": LONG}, lambda run: min(1.0, of_volume(run)))
    found = answer("?", analyse(runs_of(frames, "volume"), frames.plan, margin=0.16))
    assert list(found["architectures"]) == ["mlp", "small_cnn"]
    assert found["answer"].startswith("500 images (50 % of the data) are enough: with small_cnn, the better of two")
    both = answer("?", analyse(runs_of(frames), frames.plan, margin=0.16))
    assert "the best of 3 settings" in both["answer"]


def test_curves_of_two_data_sets_have_shares_of_their_own(tmp_path: Path) -> None:
    frames = designed(tmp_path, {"volume": {**VOLUME, "architectures": ["mlp"]}}, of_volume)
    other = frames.summary.assign(architecture="cnn", dataset="letters-1", n=10 * frames.summary["n"])
    statistics = analyse(pd.concat([frames.summary, other]), frames.plan, margin=0.01)
    full = {name: volumes.full for name, volumes in statistics.volumes.items()}
    assert full == {"mlp": 1000, "cnn": 10000}
    shares = statistics.requirement.groupby("architecture")["share"].apply(list).to_dict()
    assert shares == {"mlp": [0.1, 0.5, 1.0], "cnn": [0.1, 0.5, 1.0]}


def test_diverged_runs_are_left_out_and_counted(tmp_path: Path) -> None:
    frames = designed(
        tmp_path, {"volume": VOLUME}, lambda run: math.nan if run.seed and run.volume.fraction == 1 else of_volume(run)
    )
    found = answer("?", analyse(runs_of(frames), frames.plan, margin=0.5))
    assert "One run of mlp without a finite accuracy is left out." in found["findings"]
    assert found["architectures"]["mlp"]["top1_full"]["lower"] is None
    assert found["answer"].startswith("Judged by one training each, 100 images")


def test_no_finite_accuracy_at_all_is_said(tmp_path: Path) -> None:
    frames = designed(tmp_path, {"volume": VOLUME}, lambda _: math.nan)
    statistics = analyse(runs_of(frames), frames.plan, margin=0.01)
    assert answer("?", statistics)["answer"].startswith("There is no answer: no run has a finite accuracy")
    assert statistics.requirement.empty
    assert "share" in statistics.requirement


def test_curves_of_one_volume_say_nothing_of_volume(tmp_path: Path) -> None:
    frames = designed(tmp_path, {"long": LONG}, of_volume)
    statistics = analyse(several_volumes(runs_of(frames)), frames.plan, margin=0.01)
    assert all(frame.empty and len(frame.columns) for frame in statistics.frames().values())


def test_runs_that_start_from_others_are_one_curve_over_volumes(tmp_path: Path) -> None:
    first = {"architectures": ["mlp"], "fractions": [0.5, 1], "seeds": 1, "recipe": {"evaluations": 2}}
    then = {**first, "seeds": [1], "start": {"experiment": "first", "at": 0.5, "carry": "weights", "seed": 0}}
    found = runs_of(designed(tmp_path, {"first": first, "then": then}, of_volume))
    assert found.groupby("architecture")["n"].nunique().to_dict() == {"mlp (first)": 2, "mlp (then)": 2}
