"""How time and memory grow with samples, classes and runs, step by step; each should be linear or better.

    python benchmarks/growth.py                        # all three; growth.png and growth.csv in results/benchmarks
    python benchmarks/growth.py --only classes

Every point is a process of its own on one thread: CPU seconds of the step alone, and by how much the step raised the
process's largest memory (Linux). The exponent is the slope of log(figure) over log(size) on the upper half of the sizes
where the step takes more than 20 ms or 4 MB. Images are made up: 16 x 16 grey pixels.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gc
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from datavolume.analysis.answering.analyse import analyse
from datavolume.analysis.collect import Collected, collect, read_parts
from datavolume.data.index import build_index, load_index
from datavolume.data.subsets import choose_subset, write_subset
from datavolume.study import Paths, Plan, expand, load_study, read_plan, write_plan
from datavolume.training.__main__ import main as train_job

REPOSITORY = Path(__file__).resolve().parents[1]
SIZES: Mapping[str, Sequence[int]] = {
    "samples": (4_000, 8_000, 16_000, 32_000, 64_000, 128_000),
    "classes": (10, 30, 100, 300, 1000),
    "runs": (50, 100, 200, 400, 800, 1600),
}
STEPS: Mapping[str, Sequence[str]] = {
    "samples": ("index", "subset", "training"),
    "classes": ("index", "subset", "training"),
    "runs": ("plan", "training", "collect", "analyse"),
}
SMALLEST = {"seconds": 0.02, "megabytes": 4.0}
# What is freed goes back to the system at once, so that no step grows into what another has left.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


def main() -> None:
    options = arguments()
    if options.point:
        print(json.dumps(measure(*options.point)))
        return
    rows = [row for what in options.only for row in points(what, options.repeats)]
    folder = REPOSITORY / "results/benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "growth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    draw(rows, folder / "growth.png")
    print(table(rows))
    print(f"{folder / 'growth.png'}\n{folder / 'growth.csv'}")


def arguments() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--only", nargs="+", choices=SIZES, default=list(SIZES))
    reader.add_argument("--repeats", type=int, default=3, help="of each point; the least counts (default: 3)")
    reader.add_argument("--point", nargs=2, help=argparse.SUPPRESS)  # what one process measures
    return reader.parse_args()


def points(what: str, repeats: int) -> Iterator[dict[str, Any]]:
    """A row for each size and step: the least of the repeats, since other work on the machine only adds."""
    for size in SIZES[what]:
        command = [sys.executable, __file__, "--point", what, str(size)]
        found = []
        for _ in range(repeats):
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | ENVIRONMENT)
            found.append(json.loads(done.stdout.splitlines()[-1]))
        for step in STEPS[what]:
            figures = {name: min(one[step][name] for one in found) for name in SMALLEST}
            yield {"what": what, "size": size, "step": step, **figures}
            print(f"{what} {size}, {step}: {figures['seconds']:.3f} s, {figures['megabytes']:.1f} MB", file=sys.stderr)


def measure(what: str, size: str) -> dict[str, dict[str, float]]:
    """All steps of one point, in this process."""
    number = int(size)
    with tempfile.TemporaryDirectory(prefix="growth-") as name, contextlib.redirect_stdout(io.StringIO()):
        first_training(Path(name, "first"))
        if what == "runs":
            return measure_runs(Path(name), number)
        samples, classes = (number, 10) if what == "samples" else (16_000, number)
        return measure_training(Path(name), samples, classes)


def measured(step: Callable[[], object]) -> dict[str, float]:
    """CPU seconds, and the rise of the largest resident set."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the largest so far becomes the present one
    before, began = peak_megabytes(), time.process_time()
    step()
    seconds = time.process_time() - began
    return {"seconds": seconds, "megabytes": max(0.0, peak_megabytes() - before)}


def peak_megabytes() -> float:
    """VmHWM, unlike ru_maxrss, can be set back."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure_training(folder: Path, samples: int, classes: int) -> dict[str, dict[str, float]]:
    """Index, subset and one epoch of mlp with its evaluations."""
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(samples * 5 // 4, 16, 16), dtype=np.uint8)
    np.savez(folder / "images.npz", images=images, labels=np.arange(len(images)) % classes)
    del images
    plan, paths = plan_of(folder, {"name": "npz", "path": str(folder / "images.npz")})
    return {
        "index": measured(lambda: index_of(plan, paths)),
        "subset": measured(lambda: subsets_of(plan, paths)),
        "training": measured(lambda: train(plan, paths)),
    }


def measure_runs(folder: Path, runs: int) -> dict[str, dict[str, float]]:
    """Plan, train and collect `runs` runs of two updates, in two blocks: what a run costs beside its updates."""
    kept: list[Any] = []
    found = {"plan": measured(lambda: kept.extend(plan_of(folder, {"name": "digits"}, runs // 2, updates=2)))}
    plan, paths = kept
    index_of(plan, paths)
    subsets_of(plan, paths)
    found["training"] = measured(lambda: train(plan, paths))
    found["collect"] = measured(lambda: kept.append(collected(plan, paths)))
    analyse(kept[-1].summary, margin=0.01)  # once before: statsmodels is imported
    found["analyse"] = measured(lambda: analyse(kept[-1].summary, margin=0.01))
    return found


def first_training(folder: Path) -> None:
    """A small one, so that what a process does once is behind us."""
    folder.mkdir()
    plan, paths = plan_of(folder, {"name": "digits"})
    index_of(plan, paths)
    subsets_of(plan, paths)
    train(plan, paths)


def plan_of(folder: Path, dataset: dict[str, Any], seeds: int = 1, updates: int | None = None) -> tuple[Plan, Paths]:
    """A study of mlp: one fraction and epoch; or two fractions and so many updates."""
    study = {
        "title": "Growth",
        "question": "How does it grow?",
        "seeds_per_job": seeds,
        "dataset": dataset,
        "recipe": {"batch_size": 64, "evaluations": 1, "budget": {"updates": updates} if updates else {"epochs": 1}},
        "experiments": {"grid": {"architectures": ["mlp"], "fractions": [0.5, 1] if updates else [1], "seeds": seeds}},
    }
    file, paths = folder / "growth.yaml", Paths(folder / "results/growth")
    file.write_text(yaml.safe_dump(study))
    write_plan(expand(load_study(file)), paths.plan)
    return read_plan(paths.plan), paths


def index_of(plan: Plan, paths: Paths) -> None:
    build_index(plan.runs[0].unpack().dataset, paths, paths.root)


def subsets_of(plan: Plan, paths: Paths) -> None:
    index = load_index(paths, plan.runs[0].dataset)
    samples, labels = index.train_samples, index.labels[index.train]
    for run in {one.subset: one for one in plan.runs}.values():
        ids = choose_subset(samples, labels, run.unpack().volume, dataset=index.name, classes=index.classes)
        write_subset(paths.subset(run.dataset, run.subset), ids)


def train(plan: Plan, paths: Paths) -> None:
    for configuration, block in plan.blocks:
        if train_job(["--results", str(paths.root), "--configuration", configuration, "--block", block]):
            raise SystemExit("the training failed")


def collected(plan: Plan, paths: Paths) -> Collected:
    def parts(kind: str) -> list[Any]:
        return read_parts(kind, [paths.run_file(*block, f"{kind}.csv") for block in plan.blocks], plan)

    return collect(plan, metrics=parts("metrics"), timing=parts("timing"), summary=parts("summary"))


def exponent(rows: Sequence[dict[str, Any]], figure: str) -> float:
    """Slope in double logarithms over the upper half of the sizes; NaN where the figure is too small to be told."""
    sizes, values = (np.array([row[name] for row in rows], float) for name in ("size", figure))
    upper = (sizes >= np.median(sizes)) & (values > SMALLEST[figure])
    if upper.sum() < 3:
        return float("nan")
    return float(np.polyfit(np.log(sizes[upper]), np.log(values[upper]), 1)[0])


def groups(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["what"], row["step"]), []).append(row)
    return grouped


def table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| with | step | from … to | CPU seconds | exponent | megabytes | exponent |",
        "|---|---|---|---|---:|---|---:|",
    ]
    for (what, step), own in groups(rows).items():
        first, last = own[0], own[-1]
        cells = [what, step, f"{first['size']:,} … {last['size']:,}".replace(",", " ")]
        for figure, digits in (("seconds", 3), ("megabytes", 1)):
            power = exponent(own, figure)
            cells += [f"{first[figure]:.{digits}f} … {last[figure]:.{digits}f}"]
            cells += ["-" if np.isnan(power) else f"{power:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(rows: Sequence[dict[str, Any]], file: Path) -> None:
    """Seconds above, memory below; a column for each of samples, classes, runs. Grey: linear growth."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    kinds = list(dict.fromkeys(row["what"] for row in rows))
    figure, axes = plt.subplots(2, len(kinds), figsize=(4 * len(kinds), 6), squeeze=False, layout="constrained")
    for column, what in enumerate(kinds):
        for axis, name in zip(axes[:, column], SMALLEST, strict=True):
            for (kind, step), own in groups(rows).items():
                shown = [row for row in own if row[name] > 0]
                if kind == what and shown:
                    power = exponent(own, name)
                    label = step if np.isnan(power) else f"{step} (exponent {power:.2f})"
                    axis.loglog([row["size"] for row in shown], [row[name] for row in shown], "o-", label=label)
            top = axis.get_ylim()[1]
            ends = np.array([min(SIZES[what]), max(SIZES[what])], float)
            axis.loglog(ends, top * ends / ends[1], color="0.8", zorder=0)
            axis.set(xlabel=what, ylabel="CPU seconds" if name == "seconds" else "megabytes")
            axis.legend(fontsize=7)
    figure.savefig(file, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    main()
