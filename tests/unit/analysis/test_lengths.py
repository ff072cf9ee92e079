from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from unit.analysis.small_study import STEPS, Trained, collected

from datavolume.analysis.shown.lengths import lengths
from datavolume.study import Budget, Recipe

pytestmark = pytest.mark.filterwarnings("error")

# The thesis' rule, on 1000 images in batches of 10: 90 epochs of all data, a step of 1 and a warm-up of 5
SCALED = Recipe(batch_size=10, budget=Budget(epochs=90), schedule="step", decay_every=1, warmup=5, evaluations=90)


def evaluated(run: str, *points: tuple[int, int, int, float]) -> list[dict[str, Any]]:
    """(phase, update, samples, epoch) of each evaluation."""
    columns = ("phase", "update", "samples", "epoch")
    return [{"run": run, "split": "validation", **dict(zip(columns, point, strict=True))} for point in points]


def test_epochs_and_schedule_grow_as_the_data_shrink() -> None:
    """9000 updates of 10 images: 720 epochs of 125 images, and a unit of the schedule is 8 of them."""
    frames = collected(
        Trained("small", n=125, fraction=0.125, recipe=SCALED), Trained("full", n=1000, fraction=1.0, recipe=SCALED)
    )
    metrics = pd.DataFrame(evaluated("small", (0, 9000, 90000, 720.0)) + evaluated("full", (0, 9000, 90000, 90.0)))
    table = lengths(frames["plan"], frames["summary"], metrics).set_index("run")
    assert table.loc["small", ["epochs", "decay_epochs", "warmup_epochs", "evaluated_every"]].tolist() == [
        720,
        8,
        40,
        8,
    ]
    assert table.loc["full", ["epochs", "decay_epochs", "warmup_epochs", "evaluated_every"]].tolist() == [90, 1, 5, 1]
    assert table.loc["small", ["images", "updates", "samples", "passes"]].tolist() == [125, 9000, 90000, 720]
    assert table["seconds"].isna().all()


def test_a_schedule_in_epochs_of_the_subset_does_not_grow() -> None:
    recipe = Recipe(batch_size=10, budget=Budget(epochs=90), warmup=5, schedule_unit="epochs")
    frames = collected(Trained("small", n=125, fraction=0.125, recipe=recipe))
    row = lengths(frames["plan"], frames["summary"], pd.DataFrame(evaluated("small", (0, 9000, 90000, 720.0)))).iloc[0]
    assert row["warmup_epochs"] == pytest.approx(5)
    assert math.isnan(row["decay_epochs"])


def test_each_phase_has_its_own_images_batch_and_rate() -> None:
    """Two epochs of 50 images in batches of 10, then two of all 100 in batches of 20, after 3 and 5 seconds."""
    frames = collected(Trained("run", recipe=STEPS))
    metrics = pd.DataFrame(evaluated("run", (0, 5, 50, 1.0), (0, 10, 100, 2.0), (1, 20, 300, 4.0)))
    timing = pd.DataFrame({"run": "run", "update": [5, 10, 20], "seconds": [1.0, 3.0, 8.0]})
    table = lengths(frames["plan"], frames["summary"], metrics, timing)
    shown = [
        "phase",
        "phases",
        "images",
        "batch_size",
        "learning_rate",
        "updates",
        "samples",
        "passes",
        "epochs",
        "seconds",
    ]
    assert table[shown].to_numpy().tolist() == [
        [0, 2, 50, 10, 0.2, 10, 100, 1.0, 2.0, 3.0],
        [1, 2, 100, 20, 0.1, 10, 200, 2.0, 2.0, 5.0],
    ]
