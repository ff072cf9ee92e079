"""What is kept of a run on the disk, so that a process killed at any moment loses at most a minute.

    checkpoints = Checkpoints(paths.checkpoints(run), run, data.fingerprint, seconds=60)
    progress = checkpoints.load()          # a fresh Progress() where nothing usable is there
    checkpoints.save(progress)             # update-00000450.pt, whole or not at all; the last two are kept

Files are read with `weights_only=True`, and every record's checksum is compared: what is cut short, damaged, of other
data or of another format is said in one line and passed over for the one before.
"""

from __future__ import annotations

import io
import os
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from datavolume.errors import UserError
from datavolume.files import atomic, write_json

if TYPE_CHECKING:
    from datavolume.training.learner import Learner

__all__ = ["FORMAT", "Checkpoints", "Progress", "kept_file", "read_kept"]

FORMAT = 2
_READABLE = (1, 2)  # what 1 lacks has a default
_KEPT = 2


@dataclass
class Progress:
    """How far a run has come. `metrics` and `timing` are the rows of the evaluations so far.

    `model` is a state dict; `optimizer` is the optimiser's state; `average` and `scale` those of the averaged weights
    and of the loss scale, where there are such. Once the run is finished, the optimiser's is None and `probabilities`
    are the last network's on the validation images: float32 [V, K]. `environment` is the JSON of what trained it last.
    """

    update: int = 0
    seconds: float = 0.0
    parameters: int = 0
    metrics: list[dict[str, Any]] = field(default_factory=list)
    timing: list[dict[str, Any]] = field(default_factory=list)
    model: dict[str, Any] | None = None
    optimizer: dict[str, Any] | None = None
    average: dict[str, Any] | None = None
    scale: dict[str, Any] | None = None
    probabilities: torch.Tensor | None = None
    environment: str = "{}"

    def forget(self) -> None:
        """What was only there to be saved, or has been put in place."""
        self.model = self.optimizer = self.average = self.scale = None

    @property
    def finished(self) -> bool:
        return self.probabilities is not None


class Checkpoints:
    """The checkpoints of one run, in its own folder; `seconds` is the time between two.

    `may_write` is called before one is put in place: what it raises, `save` raises, and changes nothing.
    """

    def __init__(
        self,
        folder: Path,
        run: str,
        fingerprint: str,
        seconds: float,
        environment: Callable[[], str] = lambda: "{}",
        may_write: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder, self._run, self._fingerprint, self._seconds = folder, run, fingerprint, seconds
        self._environment, self._may_write = environment, may_write
        self._last = time.monotonic()

    @property
    def due(self) -> bool:
        return time.monotonic() - self._last >= self._seconds

    def load(self) -> Progress:
        """The newest that can be used."""
        for file in reversed(self._files()):
            try:
                return self._read(file)
            except _UnusableError as error:
                reason = str(error)
            except Exception as error:  # whatever a damaged file makes its readers stumble over
                reason = (
                    f"is damaged or cut short ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
                )
            print(f"{file}: {reason}; going on from the one before, or from the start", file=sys.stderr, flush=True)
        return Progress()

    def restore(self, progress: Progress, learner: Learner) -> None:
        """Put the saved state into it. Raises UserError where it is another network's."""
        try:
            learner.load(vars(progress))
        except (RuntimeError, ValueError, KeyError) as error:
            file, reason = self._file(progress.update), str(error).splitlines()[0]
            raise UserError(
                f"{file}: does not fit the network ({reason}); delete {file.parent} to train anew"
            ) from error
        progress.forget()

    def save(self, progress: Progress) -> None:
        """Raises UserError, and changes nothing, where the disk is full or cannot be written."""
        self._write(progress, self._file(progress.update))
        self._prune(progress.update)
        self._last = time.monotonic()

    def keep(self, progress: Progress, share: float) -> None:
        """Under a name that stays, for runs that start from here. Raises as `save`."""
        self._write(progress, kept_file(self._folder, share))

    def keep_evidence(self, progress: Progress, facts: Mapping[str, Any]) -> None:
        """Of a run that diverged: `diverged.json` says what, `diverged.pt` is the network. Raises as `save`."""
        write_json(self._folder / "diverged.json", {"run": self._run, **facts, "metrics": progress.metrics})
        self._write(progress, self._folder / "diverged.pt")

    def _write(self, progress: Progress, file: Path) -> None:
        progress.environment = self._environment()
        content = {"format": FORMAT, "run": self._run, "fingerprint": self._fingerprint, **vars(progress)}
        buffer = io.BytesIO()  # torch.save hides a full disk behind an error of its own
        torch.save(content, buffer)
        self._may_write()
        with atomic(file) as temporary:
            _write_flushed(temporary, buffer.getbuffer())
            self._may_write()  # again, as writing may have taken long

    def _file(self, update: int) -> Path:
        return self._folder / f"update-{update:08}.pt"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("update-*.pt"))

    def _prune(self, update: int) -> None:
        """Keep the last two. One of a later update could not be used, or training would have gone on from it."""
        newest = self._file(update)
        older = [file for file in self._files() if file < newest]
        left_by_a_kill = self._folder.glob(".update-*.tmp.pt")
        for file in (*self._files(), *left_by_a_kill):
            if file != newest and file not in older[1 - _KEPT :]:
                file.unlink(missing_ok=True)

    def _read(self, file: Path) -> Progress:
        return _read(file, self._run, self._fingerprint)


def kept_file(folder: Path, share: float) -> Path:
    return folder / f"kept-{share:.6g}.pt"


def read_kept(folder: Path, run: str, share: float) -> Progress:
    """What `keep` wrote. Raises UserError where it is not there, damaged, or another run's."""
    file = kept_file(folder, share)
    try:
        return _read(file, run)
    except FileNotFoundError:
        raise UserError(
            f"{file}: is missing, so no run can start there; run {run} was finished before one was planned to: delete "
            f"{folder} and that run's metrics.csv to train it again"
        ) from None
    except _UnusableError as error:
        raise UserError(
            f"{file}: {error}; delete it and that run's metrics.csv, and it is trained once more"
        ) from error


def _read(file: Path, run: str, fingerprint: str | None = None) -> Progress:
    content = file.read_bytes()
    damaged = zipfile.ZipFile(io.BytesIO(content)).testzip()
    if damaged:
        raise _UnusableError(f"is damaged ({damaged})")
    saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if saved["format"] not in _READABLE:
        raise _UnusableError(f"is of format {saved['format']}, this version reads formats up to {FORMAT}")
    if (saved["run"], saved["fingerprint"]) != (run, fingerprint or saved["fingerprint"]):
        raise _UnusableError("is of other images or another subset than there are now")
    return Progress(**{item.name: saved[item.name] for item in fields(Progress) if item.name in saved})


def _write_flushed(path: Path, content: memoryview) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


class _UnusableError(Exception):
    """Why a checkpoint is passed over."""
