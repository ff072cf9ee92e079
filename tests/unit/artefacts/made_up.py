"""Collected frames without a training: points, metrics and summary of runs whose numbers are written down.

results = results_of(run("sizes", n=750, seed=0, top1=0.78), run("sizes", n=1500, seed=0, top1=0.82))
by_size()      a study over 11 sizes and 10 seeds, with last-batch metrics
by_value()     four networks, each tuned in two stages
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from datavolume.artefacts.results import Results

SIZES = (750, 800, 1000, 1200, 1500, 2000, 2400, 3000, 4000, 6000, 12000)
SPLITS = ("train", "tuning", "validation")


@dataclass(frozen=True, kw_only=True)
class MadeUp:
    """One run at one place; `ends` are its metrics at the last evaluation, on every split unless `train` has others."""

    experiment: str
    name: str
    n: int
    seed: int
    ends: dict[str, float]
    title: str = ""
    stage: str = ""
    value: str = ""
    position: int = 0
    values: dict[str, str] = field(default_factory=dict)
    network: str = "cnn"
    fraction: float = math.nan
    evaluations: int = 4
    samples: int = 144_000
    seconds: float = 60.0
    train: dict[str, float] = field(default_factory=dict)
    tuning: dict[str, float] = field(default_factory=dict)


def run(
    experiment: str, *, n: int = 1000, seed: int = 0, ends: dict[str, float] | None = None, **more: object
) -> MadeUp:
    name = str(more.pop("name", "")) or f"{experiment}-{more.get('network', 'cnn')}-{more.get('value', '')}-{n}-{seed}"
    ends = ends or {"top1": float(more.pop("top1", 0.5))}  # type: ignore[arg-type]
    return MadeUp(experiment=experiment, name=name, n=n, seed=seed, ends=ends, **more)  # type: ignore[arg-type]


def results_of(*runs: MadeUp) -> Results:
    points = pd.DataFrame([_point(one) for one in runs])
    once = list({one.name: one for one in runs}.values())
    metrics = pd.DataFrame([row for one in once for row in _metrics(one)])
    return Results(metrics, pd.DataFrame([_summary(one) for one in once]), points=points)


def _point(one: MadeUp) -> dict[str, object]:
    return {
        "experiment": one.experiment,
        "title": one.title or one.experiment,
        "stage": one.stage,
        "value": one.value,
        "position": one.position,
        "values": json.dumps(one.values or ({one.stage: one.value} if one.stage else {})),
        "run": one.name,
    }


def _keys(one: MadeUp) -> dict[str, object]:
    return {
        **{"run": one.name, "configuration": one.name.rpartition("-")[0], "seed": one.seed, "network": one.network},
        **{"architecture": one.network, "n": one.n, "fraction": one.fraction, "size": one.n, "subset_seed": 0},
    }


def _metrics(one: MadeUp) -> Iterator[dict[str, object]]:
    """Each metric approaches its end from a tenth (losses: from three times) of it."""
    for split in SPLITS:
        ends = {**one.ends, **getattr(one, split, {})}
        for evaluation in range(1, one.evaluations + 1):
            share = evaluation / one.evaluations
            left = math.exp(-3 * share) - math.exp(-3)
            yield {
                **_keys(one),
                **{"split": split, "update": 500 * evaluation, "samples": round(one.samples * share)},
                "epoch": one.samples * share / one.n,
                **{name: end * (1 + (2 if "loss" in name else -0.9) * left) for name, end in ends.items()},
            }


def _summary(one: MadeUp) -> dict[str, object]:
    ends = {f"last_{name}": end for name, end in one.ends.items()}
    return {**_keys(one), "samples": one.samples, "seconds": one.seconds, **ends}


def by_size(*, seeds: int = 10, sizes: tuple[int, ...] = SIZES, networks: tuple[str, ...] = ("emnist_cnn",)) -> Results:
    rng = np.random.default_rng(0)
    runs = []
    for place, network in enumerate(networks):
        for n in sizes:
            for seed in range(seeds):
                top1 = min(0.95 - 5.0 * n**-0.55 + rng.normal(0, 0.004) - 0.05 * place, 1.0)
                batch = float(np.clip(round(64 * top1 + rng.normal(0, 2.2)) / 64, 0, 1))
                ends = {"top1": top1, "macro_f1": top1 - 0.004, "loss": -1.6 * math.log(top1) + 0.05}
                ends |= {"last_batch_top1": batch, "last_batch_loss": -1.6 * math.log(batch) + 0.05}
                train = {"top1": 1 - 0.1 * (1 - top1), "loss": 0.02 + 0.1 * (1 - top1), "macro_f1": 0.99}
                runs.append(
                    run("sizes", n=n, seed=seed, ends=ends, network=network, train=train, evaluations=12,
                        seconds=40.0 + 20 * place + rng.normal(0, 1), samples=144_000)
                )  # fmt: skip
    return results_of(*runs)


NETWORKS = {
    "cnn": ("small CNN", 0.72),
    "efficientnet": ("EfficientNet-B0, frozen", 0.78),
    "frozen": ("MobileNetV3, frozen", 0.83),
    "mobilenet": ("MobileNetV3", 0.88),
}


def by_value(*, seeds: int = 5) -> Results:
    """Learning rates, then batch sizes at the best rate (the first), for four networks."""
    rng = np.random.default_rng(1)
    runs = []
    for name, (title, best) in NETWORKS.items():
        for position, rate in enumerate(("0.01", "0.05", "0.1", "0.2", "0.5")):
            for seed in range(seeds):
                top1 = max(best - 0.09 * position + rng.normal(0, 0.012), 0.1)
                runs.append(
                    run(name, seed=seed, n=40000, top1=top1, title=title, stage="recipe.learning_rate", value=rate,
                        position=position, network=name, samples=int(4e5 * (1 + position) * best),
                        seconds=600 * (1 + position))
                )  # fmt: skip
        for position, size in enumerate(("64", "96", "128")):
            for seed in range(seeds):
                top1 = best - 0.01 * position + rng.normal(0, 0.01)
                runs.append(
                    run(name, seed=seed, n=40000, top1=top1, title=title, stage="recipe.batch_size", value=size,
                        position=position, network=name, samples=int(5e5 * best), seconds=500.0,
                        values={"recipe.learning_rate": "0.01", "recipe.batch_size": size})
                )  # fmt: skip
    return results_of(*runs)
