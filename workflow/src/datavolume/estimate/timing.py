"""Time one network of a plan where this runs: images/s of training and of evaluation, on made pixels.

    python -m datavolume.estimate.timing --results results/imagenette --case <name> --output <file> [--seconds 10]

The engine's own learner trains, so it is what a job does but for decoding, on one GPU (or one process's threads) with
its part of the batch. No data are needed, and pretrained weights neither: other weights are as quick. What it writes is
used in place of config/throughput.csv from then on.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from datavolume.data.index import Index
from datavolume.errors import UserError
from datavolume.estimate.cases import Case, case_named
from datavolume.estimate.tables import MEASURED, read_speeds
from datavolume.files import write_text
from datavolume.study.model import Budget, Run
from datavolume.study.paths import Paths
from datavolume.study.plan import read_plan
from datavolume.training.determinism import make_deterministic
from datavolume.training.feeding.features import FeatureStore
from datavolume.training.feeding.images import Images
from datavolume.training.learner import Learner
from datavolume.training.processes.distributed import joined
from datavolume.training.timeline import stretches

__all__ = ["COLUMNS", "Timed", "device_name", "main", "time_case"]

COLUMNS = (*MEASURED, "case", "device_name", "threads", "part_of_batch", "updates", "peak_memory_mb", "torch")
_WARM_UPDATES, _WARM_SECONDS = 3, 2.0  # kernels are chosen, memory is taken, clocks rise
_EVALUATED = 256  # images at a time, as evaluation has them
_PIXEL_BYTES = 2**27  # of made images
_TABLES = Path("config")


@dataclass(frozen=True)
class Timed:
    """Images/s of one GPU or one thread."""

    training: float
    evaluation: float
    updates: int
    device: str
    peak_memory_mb: float


def main(arguments: Sequence[str]) -> str | None:
    """What is wrong, or None once the file is written."""
    reader = argparse.ArgumentParser(prog="python -m datavolume.estimate.timing")
    reader.add_argument("--results", type=Path, required=True, help="folder of the study's results, with its plan")
    reader.add_argument("--case", required=True, help="what of the plan is timed")
    reader.add_argument("--output", type=Path, required=True, help="the CSV that is written")
    reader.add_argument("--seconds", type=float, default=10.0, help="to train for, and a third of it to evaluate")
    options = reader.parse_args(arguments)
    try:
        paths = Paths(options.results)
        case = case_named(read_plan(paths.plan), options.case, paths)
        timed = time_case(case, options.seconds)
        _write(options.output, case, timed)
    except UserError as error:
        return f"Error: {error}"
    print(f"{case.name} on {timed.device}: {timed.training:.0f} images/s trained, {timed.evaluation:.0f} evaluated")
    return None


def time_case(case: Case, seconds: float) -> Timed:
    """Raises UserError where the device's memory is too small."""
    make_deterministic(case.resources.threads)
    with joined(case.gpus) as group:
        run, images = _part(case), _images(case, group.device)
        stretch = stretches(run, [_entries(run, images)], len(images.subset))[0]
        try:
            with Learner(run, stretch, images, group, FeatureStore()) as learner:
                trained, updates = _training(learner, stretch.rate, seconds, group.device)
                evaluated = _evaluation(learner, images, seconds / 3, group.device)
        except torch.OutOfMemoryError as error:
            raise UserError(f"{case.name}: the GPU's memory is full; lower recipe.batch_size ({error})") from error
        cuda = group.device.type == "cuda"
        peak = torch.cuda.max_memory_allocated(group.device) / 1e6 if cuda else 0.0
        name = torch.cuda.get_device_name(group.device) if cuda else "cpu"
    threads = 1 if cuda else case.resources.threads
    return Timed(trained * run.recipe.batch_size / threads, evaluated / threads, updates, name, peak)


def _part(case: Case) -> Run:
    """What one GPU, or one process, has of the run; long enough not to end while it is timed."""
    recipe = case.run.recipe
    size, shards = max(1, recipe.batch_size // case.parts), max(1, recipe.shards // case.parts)
    whole = replace(
        recipe,
        batch_size=size,
        shards=shards if size % shards == 0 else 1,
        network=replace(recipe.network, pretrained=False),
        budget=Budget(updates=1_000_000),
        early_stopping=None,
        warmup=0.0,
    )
    return replace(case.run, recipe=whole)


def _images(case: Case, device: torch.device) -> Images:
    """Noise of the right shape: as many as a few batches take."""
    sizes, batch = case.sizes, case.run.recipe.batch_size
    bytes_each = sizes.channels * sizes.side**2
    count = max(sizes.classes, min(4 * batch, _PIXEL_BYTES // bytes_each), _EVALUATED)
    shape = (count, sizes.channels, sizes.side, sizes.side)
    pixels = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    everything = np.ones(count, np.bool_)
    half = (0.5,) * sizes.channels
    index = Index(
        name="timing",
        images=pixels,
        labels=np.arange(count) % sizes.classes,
        train=everything,
        classes=tuple(map(str, range(sizes.classes))),
        mean=half,
        std=half,
        fingerprint="timing",
    )
    return Images(index, np.arange(count), device)


def _entries(run: Run, images: Images) -> int:
    return len(images.subset) + round(len(images.subset) * run.recipe.augmentation.appended)


def _training(
    learner: Learner, rate: Callable[[int], float], seconds: float, device: torch.device
) -> tuple[float, int]:
    """(updates/s, updates that were timed)."""
    update = 0

    def step() -> None:
        nonlocal update
        learner.gradient(update, 0)
        learner.step(update, rate(update))
        update += 1

    _repeat(step, _WARM_SECONDS, device, least=_WARM_UPDATES)
    return _repeat(step, seconds, device)


def _evaluation(learner: Learner, images: Images, seconds: float, device: torch.device) -> float:
    """Images/s forward through the whole network."""
    batch = torch.from_numpy(images.index.images[:_EVALUATED]).to(device)

    def step() -> None:
        with torch.inference_mode():
            learner.tier.logits(learner.model, images.normalise(batch))

    with learner.evaluating():
        learner.model.eval()
        _repeat(step, min(_WARM_SECONDS, seconds), device)
        rate, _ = _repeat(step, seconds, device)
    return rate * len(batch)


def _repeat(step: Callable[[], None], seconds: float, device: torch.device, least: int = 1) -> tuple[float, int]:
    """(times a second, times); what the device still does at the end belongs to it."""
    _wait(device)
    began, times = time.perf_counter(), 0
    while times < least or time.perf_counter() - began < seconds:
        step()
        times += 1
        if times % 10 == 0:  # a GPU is far behind what it is told
            _wait(device)
    _wait(device)
    return times / (time.perf_counter() - began), times


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def device_name(told: str, known: Sequence[str]) -> str:
    """A GPU's name as the table has it: `NVIDIA A100-SXM4-80GB` is `a100`; otherwise its own, without its maker."""
    words = re.findall(r"[a-z0-9]+", told.lower())
    joined_words = f"_{'_'.join(words)}_"
    found = [name for name in known if f"_{name}_" in joined_words]
    return max(found, key=len) if found else "_".join(word for word in words if word not in ("nvidia", "tesla", "amd"))


def _write(file: Path, case: Case, timed: Timed) -> None:
    recipe, known = case.run.recipe, read_speeds(_TABLES).devices if _TABLES.is_dir() else ()
    row = {
        **dict(zip(("network", "stem", "image_size", "channels"), case.key, strict=True)),
        "batch_size": recipe.batch_size,
        "tier": recipe.tier,
        "device": device_name(timed.device, known),
        "frozen": "yes" if recipe.network.frozen else "no",
        "images_per_second": f"{timed.training:.6g}",
        "evaluation_images_per_second": f"{timed.evaluation:.6g}",
        "date": datetime.now(UTC).date().isoformat(),
        "case": case.name,
        "device_name": timed.device,
        "threads": case.resources.threads,
        "part_of_batch": recipe.batch_size // case.parts,
        "updates": timed.updates,
        "peak_memory_mb": f"{timed.peak_memory_mb:.6g}",
        "torch": torch.__version__,
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    write_text(file, text.getvalue())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
