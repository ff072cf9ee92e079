"""Training on a GPU: images/s, share of the chip's peak, and the ratio to the yardstick.

    python benchmarks/training.py --device cuda                          # where a GPU is at hand
    python benchmarks/training.py --device cuda --only resnet50 --rounds 1
    python benchmarks/training.py --device cpu --small                   # tries the script itself

Images are made up, of as many classes as the mark on them tells apart: 500 x 375 JPEGs for the large networks, arrays
for the small ones. `jpeg` and `tensors` are datavolume's stores; runs of the small networks go side by side on both
sides. The peak is measured too: an 8192 x 8192 product in bf16. Floating-point operations are three times those of one
image's forward pass.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from harness.command import TIERS, compare, parser
from harness.compare import scratch
from harness.measured import Measured
from harness.work import Work
from harness.yardstick import Setting
from PIL import Image
from reference import networks

CLASSES = 10
SIZES = {"emnist_cnn": 28, "resnet18": 32, "resnet50": 224, "mobilenet_v2": 224}


def main() -> None:
    reader = parser(__doc__)
    reader.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    reader.add_argument("--only", nargs="+", choices=SIZES, default=list(SIZES))
    reader.add_argument("--small", action="store_true", help="few images and epochs, to try the script")
    reader.add_argument("--at-once", type=int, default=5, help="runs of a small network side by side (default: 5)")
    reader.add_argument("--amp", action="store_true", help="the yardstick trains in bf16 by autocast")
    options = reader.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no GPU is visible here: nothing is measured")
        return
    peak = peak_of(torch.device(options.device), small=options.small)
    print(f"peak: {peak / 1e12:.2f} TFLOP/s in bf16, measured\n", flush=True)
    with scratch() as folder:
        pictures = folder / "pictures"
        if any(SIZES[name] == 224 for name in options.only):
            write_pictures(pictures, *((48, 16) if options.small else (2048, 512)))
        for name in options.only:
            measured = large(name, pictures, options) if SIZES[name] == 224 else small(name, folder, options)
            print(shares(measured, name, peak), flush=True)


def large(name: str, pictures: Path, options: argparse.Namespace) -> Mapping[str, Sequence[Measured]]:
    """One run at a time, from JPEGs: random resized crops and flips."""
    cores = len(os.sched_getaffinity(0))
    work = Work(
        name=f"{name} at 224 pixels",
        dataset={"name": "folder", "path": str(pictures), "image_size": 224},
        architecture=name,
        batch_size=16 if options.small else 256,
        learning_rate=0.001,
        weight_decay=0.01,
        epochs=1 if options.small else 10,
        evaluate_every=1 if options.small else 5,
        seeds=1,
        recipe={"augmentation": {"crop": "random_resized", "flip": 0.5}},
    )
    sides: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        f"{tier}, {store}": (recipe, {"store": store})
        for tier, recipe in TIERS.items()
        for store in ("tensors", "jpeg")
    }
    resources = {"gpus": int(options.device == "cuda"), "workers": max(1, cores - 1), "mem_mb": 16000}
    settings = [Setting(1, max(1, cores - 1), 1), Setting(1, cores, 1), Setting(1, max(1, cores // 2), 1)]
    return compare(
        work,
        options,
        sides=sides,
        resources=resources,
        settings=settings,
        yardstick_options=device_options(options),
        yardstick_data=pictures,
    )


def small(name: str, folder: Path, options: argparse.Namespace) -> Mapping[str, Sequence[Measured]]:
    """Runs side by side, from arrays; the EMNIST study's recipe, or a usual one for images of CIFAR's size."""
    size, emnist = SIZES[name], name == "emnist_cnn"
    file = folder / f"{name}.npz"
    count = 240 if options.small else 12_000
    np.savez(file, **arrays(count, size, channels=1 if emnist else 3))
    at_once = options.at_once
    work = Work(
        name=f"{name}, images of {size} pixels",
        dataset={"name": "npz", "path": str(file)},
        architecture=name,
        batch_size=72 if emnist else 128,
        learning_rate=0.0004 if emnist else 0.001,
        weight_decay=0.4 if emnist else 0.01,
        clip_norm=1.0 if emnist else None,
        epochs=1 if options.small else 12,
        evaluate_every=1,
        seeds=2 if options.small else 10,
    )
    work = replace(work, seeds=options.seeds or work.seeds)
    resources = {"gpus": int(options.device == "cuda"), "parallel_seeds": min(at_once, work.seeds), "mem_mb": 16000}
    settings = [Setting(1, 0, at_once), Setting(1, 0, 1), Setting(1, 1, at_once), Setting(1, 4, 1)]
    return compare(work, options, resources=resources, settings=settings, yardstick_options=device_options(options))


def device_options(options: argparse.Namespace) -> tuple[str, ...]:
    return ("--device", options.device, *(["--amp"] if options.amp else []))


def shares(measured: Mapping[str, Sequence[Measured]], name: str, peak: float) -> str:
    """Of the peak, by the images/s inside one run; where several go side by side, each has its part of the chip."""
    flops = flops_of(name)
    lines = ["|  | images/s in a run | share of the peak | memory |", "|---|---:|---:|---:|"]
    for side, own in measured.items():
        speed = median(value for one in own for value in one.images_per_second)
        memory = max(one.gpu_memory_mb for one in own)
        cells = [side, f"{speed:.0f}", f"{speed * flops / peak:.1%}", f"{memory:.0f} MB"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"{flops / 1e9:.3f} GFLOP an image, forward and backward\n"])


def flops_of(name: str) -> float:
    """Of one training image: three times what the counter finds forward, without computing anything. Backward, it takes
    grouped convolutions for whole ones.
    """
    from torch.utils.flop_counter import FlopCounterMode

    size, channels = SIZES[name], 1 if name == "emnist_cnn" else 3
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        networks.build(name, CLASSES, channels, size).eval()(torch.empty(1, channels, size, size))
    return 3.0 * counter.get_total_flops()


def peak_of(device: torch.device, small: bool) -> float:
    """FLOP/s of a square product in bf16, the best of several."""
    side = 512 if small or device.type == "cpu" else 8192
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    finish: Callable[[], Any] = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    best = 0.0
    for _ in range(10):
        finish()
        began = time.perf_counter()
        for _ in range(5):
            one @ other
        finish()
        best = max(best, 5 * 2 * side**3 / (time.perf_counter() - began))
    return best


def arrays(count: int, size: int, channels: int) -> dict[str, Any]:
    """Noise, brighter in a stripe of the class; a fifth more is held out."""
    generator = np.random.default_rng(0)
    held_out = count // 5
    labels = np.arange(count + held_out) % CLASSES
    images = generator.integers(160, size=(len(labels), size, size, channels), dtype=np.uint8)
    for label in range(CLASSES):
        images[labels == label, 2 * label : 2 * label + 3] += 60
    split = np.array(["train"] * count + ["validation"] * held_out)
    return {"images": images if channels == 3 else images[..., 0], "labels": labels, "split": split}


def write_pictures(folder: Path, train: int, held_out: int) -> None:
    """JPEGs of 500 x 375 pixels in train/<class>/ and val/<class>/: soft noise, tinted by the class."""
    generator = np.random.default_rng(0)
    for split, count in (("train", train), ("val", held_out)):
        for number in range(count):
            label = number % CLASSES
            coarse = generator.integers(40, 200, size=(47, 63, 3), dtype=np.uint8)
            coarse[..., label % 3] = np.minimum(coarse[..., label % 3] + 5 * label, 255)
            file = folder / split / f"class{label}" / f"{number:05}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
            picture.save(file, quality=90)


if __name__ == "__main__":
    main()
