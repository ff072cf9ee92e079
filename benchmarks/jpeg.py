"""How many JPEGs one core turns into batches: images/s, against Pillow and torchvision's transforms as people use them.

    python benchmarks/jpeg.py [--images FOLDER_OR_TAR] [--rounds 7]

The work is the same on each side: a random resized crop to 224 pixels, a random flip, float32 [32, 3, 224, 224] that is
normalised by channel, of 192 JPEGs of 500 x 375 pixels. The yardstick is the data side of torchvision's reference
training (the loader of ImageFolder, transforms, collation) without processes; ours is training/feeding/feed.py, without
threads. Seconds are CPU seconds of one thread, so that what else the machine does weighs little; each side in turn in
every round, the ratio within the round, the median of the rounds. Every side but the caches gives the same pixels.

The JPEGs are made of 224-pixel photographs laid side by side (six in one, no pixel scaled, quality 95), so that size
and detail are as in ImageNet; of made-up pictures where ../shared/data/imagenette224.tar is not there.
"""

from __future__ import annotations

import argparse
import io
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from harness.compare import heading
from PIL import Image
from torchvision import transforms

from datavolume.data.decoding import turbo
from datavolume.data.index import Index, build_index, load_index
from datavolume.study import Dataset, Paths, Recipe
from datavolume.study.identity import dataset_id
from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.apply import Augmenter
from datavolume.training.feeding.feed import Feed
from datavolume.training.feeding.images import Images
from datavolume.training.feeding.order import SampleOrder

PHOTOGRAPHS = Path(__file__).parents[2] / "shared/data/imagenette224.tar"
COUNT, BATCH, SIDE, CACHE = 192, 32, 224, 256
CPU = torch.device("cpu")
AUGMENTATION = Augmentation(crop="random_resized", flip=0.5)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument(
        "--images", type=Path, help="a folder or a tar of JPEGs", default=PHOTOGRAPHS if PHOTOGRAPHS.exists() else None
    )
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        size = write_pictures(folder / "images", given.images)
        print(heading(f"JPEGs to batches, {COUNT} images of 500 x 375 pixels, {size / 1000:.0f} kB each"))
        report(sides(folder), given.rounds)


def sides(folder: Path) -> dict[str, Callable[[], None]]:
    """Each goes once over all images."""
    cache = {"image_size": SIDE, "resize": CACHE}
    originals, cached = (fed(index_of(folder, store=store, **cache)) for store in ("files", "jpeg"))
    found = {
        "Pillow and transforms (yardstick)": yardstick(folder / "images"),
        "originals, decoded whole": whole(originals),
        f"{CACHE}-pixel JPEG cache": whole(cached),
        f"{CACHE}-pixel uint8 cache": fed(index_of(folder, store="tensors", image_size=CACHE)),
        f"{SIDE}-pixel uint8 cache": fed(index_of(folder, store="tensors", image_size=SIDE)),
    }
    if turbo.library() is not None:
        found |= {"originals, with libturbojpeg": originals, f"{CACHE}-pixel JPEG cache, with libturbojpeg": cached}
    return found


def report(measured: dict[str, Callable[[], None]], rounds: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(-1, rounds):  # the first round only warms up
        for name, run in measured.items():
            started = time.process_time()
            run()
            if number >= 0:
                seconds[name].append(time.process_time() - started)
    first = next(iter(seconds.values()))
    print("| from | images/s and core | ratio | of the rounds |\n|---|---:|---:|---|")
    for name, taken in seconds.items():
        ratios = sorted(there / here for there, here in zip(first, taken, strict=True))
        speed = COUNT / median(taken)
        print(f"| {name} | {speed:.0f} | {median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |")


def yardstick(folder: Path) -> Callable[[], None]:
    """The data side of the reference script with its default, Pillow's backend."""
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(SIDE, antialias=True),
            transforms.RandomHorizontalFlip(0.5),
            transforms.PILToTensor(),
            transforms.ConvertImageDtype(torch.float),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    files = sorted(folder.rglob("*.jpg"))

    def load(file: Path) -> torch.Tensor:
        with file.open("rb") as opened:
            return transform(Image.open(opened).convert("RGB"))

    def run() -> None:
        for start in range(0, len(files), BATCH):
            torch.utils.data.default_collate([load(file) for file in files[start : start + BATCH]])

    return run


def whole(run: Callable[[], None]) -> Callable[[], None]:
    """As where there is no libturbojpeg 3."""

    def without() -> None:
        with patch.object(turbo, "library", lambda: None):
            run()

    return without


def index_of(folder: Path, **given: object) -> Index:
    dataset = Dataset(name="folder", path=str(folder / "images"), **given)  # type: ignore[arg-type]
    paths = Paths(folder / "results" / "benchmark")
    build_index(dataset, paths, folder)
    return load_index(paths, dataset_id(dataset))


def fed(index: Index) -> Callable[[], None]:
    """All images of the index, none of them kept in memory."""
    images = Images(index, np.arange(len(index.labels)), CPU)
    images.resident = False
    order = SampleOrder(COUNT, BATCH, 0, CPU, AUGMENTATION)
    recipe = Recipe(batch_size=BATCH, augmentation=AUGMENTATION)
    updates = iter(range(2**30))

    def run() -> None:
        with Feed(images, order, Augmenter(AUGMENTATION, SIDE, CPU), recipe) as feed:
            for _ in range(COUNT // BATCH):
                images.normalise(feed.shard(next(updates), 0).images)

    return run


def write_pictures(folder: Path, source: Path | None) -> float:
    """COUNT JPEGs in train/ and val/, two classes; their mean size in bytes."""
    tiles, size = list(tiles_of(source)), 0
    for number in range(COUNT):
        pictured = mosaic([tiles[(number * 6 + k) % len(tiles)] for k in range(6)])
        upright = pictured.rotate(90, expand=True) if number % 4 == 0 else pictured
        split = "val" if number < 8 else "train"
        file = folder / split / "ab"[number % 2] / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        upright.save(file, quality=95)
        size += file.stat().st_size
    return size / COUNT


def mosaic(tiles: list[Image.Image]) -> Image.Image:
    """500 x 375 pixels of two rows of three."""
    whole = Image.new("RGB", (3 * SIDE, 2 * SIDE))
    for place, tile in enumerate(tiles):
        whole.paste(tile, (place % 3 * SIDE, place // 3 * SIDE))
    return whole.crop((86, 36, 586, 411))


def tiles_of(source: Path | None) -> Iterator[Image.Image]:
    """Some of the photographs, spread over the source; made-up pictures where there is none."""
    if source is None:
        yield from (made_up(seed) for seed in range(6 * COUNT // 4))
        return
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
        yield from (Image.open(file).convert("RGB").resize((SIDE, SIDE)) for file in spread(files))
        return
    with tarfile.open(source) as archive:
        names = [name for name in archive.getnames() if name.lower().endswith((".jpg", ".jpeg"))]
        for name in spread(names):
            member = archive.extractfile(name)
            assert member is not None
            yield Image.open(io.BytesIO(member.read())).convert("RGB").resize((SIDE, SIDE))


def spread(items: list[Any]) -> list[Any]:
    return items[:: max(1, len(items) // (6 * COUNT))][: 6 * COUNT]


def made_up(seed: int) -> Image.Image:
    """Noise at every scale, as photographs have it."""
    draw = np.random.default_rng(seed)
    total = np.zeros((SIDE, SIDE, 3))
    for side in (4, 14, 56, 224):
        layer = Image.fromarray(draw.integers(0, 256, (side, side, 3), dtype=np.uint8))
        total += np.asarray(layer.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) * (side**-0.5)
    return Image.fromarray((total / total.max() * 255).astype(np.uint8))


if __name__ == "__main__":
    main()
