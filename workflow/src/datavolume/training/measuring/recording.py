"""What is noted of a run while it trains: its seconds, its losses, and rows of numbers at each evaluation."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import torch

from datavolume.errors import UserError
from datavolume.study.identity import run_id
from datavolume.study.model import Run
from datavolume.training.measuring.usage import Used
from datavolume.training.timeline import Stretch

__all__ = ["Clock", "LossWatch", "Measured", "TrainingDiverged", "guessed", "metric_rows", "timing_row"]

Measured = Mapping[str, Mapping[str, float]]
"""`train` and `validation`, each with every metric by name."""


_EXPLODED = 1e6  # nats: a guess among K classes costs log(K), 7 for ImageNet


class TrainingDiverged(UserError):  # noqa: N818 (the field's word)
    """The loss is no longer a finite number, or beyond all reason. The run's checkpoints, all from before, stay.

    `evidence` is what is known of it: between which updates, the loss, the learning rate.
    """

    def __init__(self, said: str, evidence: Mapping[str, Any] | None = None) -> None:
        super().__init__(said)
        self.evidence = evidence or {}


class Clock:
    """Training seconds: a resumed run goes on counting; evaluations and checkpoints are left out."""

    def __init__(self, seconds: float, device: torch.device) -> None:
        self.seconds, self._device = seconds, device
        self._since = time.perf_counter()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """`seconds` is up to date inside."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self.seconds += time.perf_counter() - self._since
        yield
        self._since = time.perf_counter()


class LossWatch:
    """Whether the losses are still those of a training; asked now and then, because asking makes a GPU wait."""

    def __init__(self, run: Run, update: int, device: torch.device) -> None:
        self._run, self._checked = run, update
        self._sum = torch.zeros((), device=device)

    def add(self, loss: torch.Tensor) -> None:
        self._sum += loss

    def check(self, update: int, measured: Measured | None = None) -> None:
        """Raises TrainingDiverged where the mean loss up to `update`, or one just measured, is not finite or above a
        million."""
        mean = float(self._sum) / max(1, update - self._checked)
        losses = {"training": mean, **{name: metrics["loss"] for name, metrics in (measured or {}).items()}}
        for name, loss in losses.items():
            if not (math.isfinite(loss) and loss < _EXPLODED):
                self._diverged(update, name, loss)
        self._checked = update
        self._sum.zero_()

    def _diverged(self, update: int, name: str, loss: float) -> NoReturn:
        rate = self._run.recipe.learning_rate
        what = f"grew to {loss:.3g}" if math.isfinite(loss) else "stopped being a finite number"
        raise TrainingDiverged(
            f"run {run_id(self._run)} diverged: its loss {what} between updates {self._checked} and {update}; lower "
            f"recipe.learning_rate (now {rate:g}); its checkpoints are kept, beside diverged.json and diverged.pt",
            {"after": self._checked, "before": update, "loss_of": name, "loss": repr(loss), "learning_rate": rate},
        )


def guessed(classes: int) -> dict[str, float]:
    """What a guess among the classes comes to, as probabilities that are all alike: a run that diverged."""
    top1, top5 = 1 / classes, min(1.0, 5 / classes)
    values = {"loss": math.log(classes), "top1": top1, "top5": top5, "macro_f1": top1}
    still = {"margin_correct": 0.0, "margin_wrong": 0.0, "ece": 0.0}
    return {**values, **still, "last_batch_loss": values["loss"], "last_batch_top1": top1}


def metric_rows(measured: Measured, update: int, stretch: Stretch) -> list[dict[str, Any]]:
    """One row a split. `learning_rate` is that of the last update; `epoch` counts passes over the subset."""
    point = {
        "phase": stretch.number,
        "update": update,
        "epoch": stretch.epochs_at(update),
        "samples": stretch.samples_at(update),
        "learning_rate": stretch.rate(update - 1),
    }
    return [{"split": split, **point, **metrics} for split, metrics in measured.items()]


def timing_row(
    before: list[dict[str, Any]], update: int, samples: int, seconds: float, waited: float, used: Used
) -> dict[str, Any]:
    """Training seconds so far; since the row before, images a second, seconds a step, the share of the time that was
    `waited` for images; and what was used, which counts evaluations and checkpoints too.

    `cpu_seconds` are those so far: without what was spent between a row and an interruption.
    """
    last = before[-1] if before else {}
    taken = seconds - last.get("seconds", 0.0)
    return {
        "update": update,
        "samples": samples,
        "seconds": seconds,
        "images_per_second": (samples - last.get("samples", 0)) / taken,
        "step_seconds": taken / (update - last.get("update", 0)),
        "data_wait_share": waited / taken,
        "peak_memory_mb": used.peak_memory_mb,
        "gpu_utilisation": used.gpu_utilisation,
        "cpu_seconds": last.get("cpu_seconds", 0.0) + used.cpu_seconds,
        "peak_host_memory_mb": used.peak_host_memory_mb,
    }
