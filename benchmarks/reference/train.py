"""The yardstick: a training loop as people write it today, in the manner of torchvision's reference script.

    python benchmarks/reference/train.py --data digits.npz --model small_cnn --epochs 20 --seed 0 --output 0.json

One process a run. PIL images go through torchvision's transforms in a DataLoader; an epoch is trained, now and then the
network is evaluated on both splits, the rows are written as JSON. It knows nothing of datavolume.

--data is an .npz of `train_images`, `train_labels`, `validation_images`, `validation_labels` (uint8 [n, H, W] or
[n, H, W, 3]; int64 [n]), `mean` and `std`; or a folder of images with train/ and val/.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import networks
import numpy as np
import torch
import torch.nn.functional as F
from metrics import metrics
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms


class Arrays(Dataset[tuple[torch.Tensor, int]]):
    """Images that lie in memory, each turned into a PIL image when it is asked for, as torchvision's MNIST does."""

    def __init__(self, images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], transform: Any) -> None:
        self.images, self.targets, self.transform = images, labels.tolist(), transform

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[place])), self.targets[place]


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    device = torch.device(options.device)
    train_data, validation_data, classes, channels, size = load_data(options)
    train_loader = loader(train_data, options, options.batch_size, shuffle=True)
    checked = {
        "train": loader(train_data, options, options.evaluation_batch, shuffle=False),
        "validation": loader(validation_data, options, options.evaluation_batch, shuffle=False),
    }
    model = networks.build(options.model, classes, channels, size).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=options.weight_decay)
    updates = options.epochs * len(train_loader)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=updates) if options.cosine else None

    rows: list[dict[str, Any]] = []
    seconds, images = 0.0, 0
    speeds = []
    for epoch in range(1, options.epochs + 1):
        began = time.perf_counter()
        seen = train_one_epoch(model, train_loader, optimizer, schedule, device, options.clip_norm, options.amp)
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken = time.perf_counter() - began
        seconds, images = seconds + taken, images + seen
        speeds.append(seen / taken)
        if epoch % options.evaluate_every == 0:
            for split, batches in checked.items():
                rows.append({"split": split, "epoch": epoch, **evaluate(model, batches, device, classes)})
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, f"{options.output}.pt")
    memory = torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
    result = {
        "seed": options.seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "training_seconds": seconds,
        "images_per_second": images / seconds,
        "epoch_images_per_second": speeds,
        "gpu_memory_mb": memory / 2**20,
        "host_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
        "metrics": rows,
    }
    options.output.write_text(json.dumps(result))


def train_one_epoch(
    model: nn.Module,
    batches: DataLoader[Any],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler | None,
    device: torch.device,
    clip_norm: float | None,
    amp: bool,
) -> int:
    """How many images it saw."""
    model.train()
    seen = 0
    for images, labels in batches:
        images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=amp):
            loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        optimizer.step()
        if schedule is not None:
            schedule.step()
        seen += len(labels)
    return seen


@torch.inference_mode()
def evaluate(model: nn.Module, batches: DataLoader[Any], device: torch.device, classes: int) -> dict[str, float]:
    """All metrics on one split."""
    model.eval()
    logits, labels = [], []
    for images, targets in batches:
        logits.append(model(images.to(device, non_blocking=True)).float().cpu())
        labels.append(targets)
    return metrics(torch.cat(logits), torch.cat(labels), classes)


def load_data(options: argparse.Namespace) -> tuple[Dataset[Any], Dataset[Any], int, int, int]:
    """Both splits, the number of classes and of channels, and the images' side."""
    if options.data.is_dir():
        to_tensor = [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
        random = [transforms.RandomResizedCrop(options.crop), transforms.RandomHorizontalFlip()]
        centre = [transforms.Resize(round(options.crop * 8 / 7)), transforms.CenterCrop(options.crop)]
        train = datasets.ImageFolder(str(options.data / "train"), transforms.Compose([*random, *to_tensor]))
        held_out = datasets.ImageFolder(str(options.data / "val"), transforms.Compose([*centre, *to_tensor]))
        return train, held_out, len(train.classes), 3, options.crop
    with np.load(options.data) as arrays:
        transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize(arrays["mean"].tolist(), arrays["std"].tolist())]
        )
        own, others = (
            Arrays(arrays[f"{split}_images"], arrays[f"{split}_labels"], transform) for split in ("train", "validation")
        )
    channels = own.images.shape[3] if own.images.ndim == 4 else 1
    return own, others, max(own.targets) + 1, channels, own.images.shape[1]


def loader(data: Dataset[Any], options: argparse.Namespace, batch_size: int, shuffle: bool) -> DataLoader[Any]:
    return DataLoader(
        data,
        batch_size=batch_size,
        shuffle=shuffle,
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
        pin_memory=options.device != "cpu",
    )


def arguments() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--data", type=Path, required=True)
    reader.add_argument("--model", required=True)
    reader.add_argument("--output", type=Path, required=True)
    reader.add_argument("--device", default="cpu")
    reader.add_argument("--seed", type=int, default=0)
    reader.add_argument("--epochs", type=int, required=True)
    reader.add_argument("--evaluate-every", type=int, default=1, help="epochs between two evaluations")
    reader.add_argument("--batch-size", type=int, default=32)
    reader.add_argument("--evaluation-batch", type=int, default=256)
    reader.add_argument("--lr", type=float, default=1e-3)
    reader.add_argument("--weight-decay", type=float, default=0.01)
    reader.add_argument("--cosine", action="store_true", help="a cosine down to zero; constant otherwise")
    reader.add_argument("--clip-norm", type=float)
    reader.add_argument("--amp", action="store_true", help="train in bf16 where autocast does")
    reader.add_argument("--crop", type=int, default=224, help="what networks see of a folder's images")
    reader.add_argument("--threads", type=int, default=1)
    reader.add_argument("--workers", type=int, default=0)
    return reader.parse_args()


if __name__ == "__main__":
    main()
