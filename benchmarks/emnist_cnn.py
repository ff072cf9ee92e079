"""The EMNIST study's network and recipe on Fashion-MNIST: yardstick, exact tier, fast tier.

    python benchmarks/emnist_cnn.py --rounds 3 --data ../shared/data

12 000 training samples of a subset of 3 000, evaluated twice on both splits; both sides start with their data
ready, without Snakemake. Without Fashion-MNIST's files, images of noise with a mark for their class take their place.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from harness.command import compare, parser
from harness.compare import scratch
from harness.work import Work
from numpy.typing import NDArray

FILES = {"train": "train", "validation": "t10k"}


def work(file: Path) -> Work:
    return Work(
        name="EMNIST CNN",
        dataset={"name": "npz", "path": str(file)},
        architecture="emnist_cnn",
        size=3000,
        batch_size=72,
        learning_rate=0.0004,
        weight_decay=0.4,
        clip_norm=1.0,
        epochs=4,
        evaluate_every=2,
        seeds=2,
    )


def main() -> None:
    options = parser(__doc__).parse_args()
    with scratch() as folder:
        file = folder / "images.npz"
        np.savez(file, **(fashion_mnist(options.data) or made_up()))
        compare(work(file), options)


def fashion_mnist(data: Path) -> dict[str, NDArray[np.generic]] | None:
    """Both splits from the files as torchvision keeps them; None where they are not there. The split is theirs; the
    validation images are the first 2 000 of the test part.
    """
    folder = data / "FashionMNIST/raw"
    if not (folder / "train-images-idx3-ubyte.gz").exists():
        return None
    images, labels, split = [], [], []
    for name, prefix in FILES.items():
        keep = slice(None) if name == "train" else slice(2000)
        pixels = np.frombuffer(
            gzip.decompress((folder / f"{prefix}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16
        )
        own = np.frombuffer(
            gzip.decompress((folder / f"{prefix}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8
        )
        images.append(pixels.reshape(-1, 28, 28)[keep])
        labels.append(own[keep].astype(np.int64))
        split += [name] * len(labels[-1])
    return {"images": np.concatenate(images), "labels": np.concatenate(labels), "split": np.array(split)}


def made_up(classes: int = 10, train: int = 12_000, held_out: int = 2_000) -> dict[str, NDArray[np.generic]]:
    """Noise, brighter in a stripe of the class."""
    generator = np.random.default_rng(0)
    labels = generator.integers(classes, size=train + held_out)
    images = generator.integers(160, size=(len(labels), 28, 28), dtype=np.uint8)
    for label in range(classes):
        images[labels == label, 2 * label : 2 * label + 3] += 60
    return {"images": images, "labels": labels, "split": np.array(["train"] * train + ["validation"] * held_out)}


if __name__ == "__main__":
    main()
