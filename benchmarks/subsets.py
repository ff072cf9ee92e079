"""How long it takes to choose ImageNet-1K's six fractions from its index, and how that grows with images and classes.

    python benchmarks/subsets.py

Labels are drawn at random; timed is what the workflow's subset step does once it has read the index: six sorted lists
of ids, each chosen by itself and written to a file. CPU seconds, the best of three, in one
process of one thread: what else the machine does changes little.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datavolume.data.subsets import choose_subset, write_subset
from datavolume.study.model import Volume

FRACTIONS = (0.05, 0.125, 0.25, 0.5, 0.75, 1.0)
IMAGENET = 1_281_167
KINDS: dict[str, dict[str, object]] = {
    "nested": {},
    "independent": {"mode": "independent"},
    "balanced": {"balance": "balanced"},
    "long-tailed": {"balance": "long_tailed", "imbalance": 10},
}


def choose_all(
    labels: NDArray[np.int64], classes: list[str], scale: float, kind: dict[str, object], folder: Path
) -> None:
    samples = np.arange(len(labels))
    for fraction in FRACTIONS:
        volume = Volume(fraction=fraction * scale, **kind)  # type: ignore[arg-type]
        write_subset(folder / f"{fraction}.npy", choose_subset(samples, labels, volume, dataset="", classes=classes))


def best(work: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def labels_of(images: int, classes: int) -> NDArray[np.int64]:
    return np.random.Generator(np.random.Philox(1)).permutation(np.arange(images) % classes)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("| images | classes | six fractions | CPU seconds | microseconds an image and fraction |")
        print("|---:|---:|---|---:|---:|")
        sizes = [(IMAGENET // 100, 1000), (IMAGENET // 10, 1000), (IMAGENET, 1000), (IMAGENET, 10), (IMAGENET, 20_000)]
        rows = [(*size, "nested") for size in (*sizes, (IMAGENET * 4, 1000))]
        rows += [(IMAGENET, 1000, kind) for kind in KINDS if kind != "nested"]
        for images, classes, kind in rows:
            labels, names = labels_of(images, classes), [str(k) for k in range(classes)]
            scale = 0.2 if kind == "long-tailed" else 1.0  # the largest class would need more than all of its images
            seconds = best(lambda: choose_all(labels, names, scale, KINDS[kind], folder))  # noqa: B023 (called at once)
            print(f"| {images} | {classes} | {kind} | {seconds:.2f} | {seconds / images / 6 * 1e6:.3f} |", flush=True)


if __name__ == "__main__":
    main()
