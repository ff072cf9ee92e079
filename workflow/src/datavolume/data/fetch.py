"""Downloads, once and whole, on a machine with internet: the cluster's login node.

fetch_steps(name, steps, root)       does what is not there yet; without a network, only where all is there

While a folder is being made, a marker stands beside it; a fetch that was killed leaves the marker, and the next one
begins that folder anew. Archives that were put into the root by hand are taken (torchvision checks their sums).
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from datavolume.errors import UserError
from datavolume.study.model import Dataset

__all__ = ["Step", "check_whole", "fetch_steps", "root_of"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One folder below the root: whether it is there, and how it is made."""

    folder: str
    present: Callable[[], bool]
    make: Callable[[], None]


def root_of(dataset: Dataset, data_folder: Path) -> Path:
    """Where the files of a dataset that can be fetched are."""
    return Path(dataset.path).expanduser() if dataset.path else data_folder


def fetch_steps(name: str, steps: Sequence[Step], root: Path) -> None:
    """Raises UserError where something is missing and cannot be fetched."""
    for step in steps:
        marker = _marker(root, step.folder)
        if not marker.exists() and step.present():
            _log.info("%s: %s is there", root, step.folder)
            continue
        try:
            root.mkdir(parents=True, exist_ok=True)
            with _alone(root):
                _make(step, root, marker)
        except UserError:
            raise
        except Exception as error:  # what a network, a disk or a damaged archive makes torchvision stumble over
            raise UserError(
                f"{root}: {name} is missing or damaged there and cannot be fetched ({error}); delete its files and run "
                "once on a machine with internet, or put torchvision's files there"
            ) from error


def _make(step: Step, root: Path, marker: Path) -> None:
    """A folder that stood there before is only added to; one that an earlier fetch left half made is made anew."""
    folder = root / step.folder
    if not marker.exists() and step.present():
        return  # another study fetched it meanwhile
    if marker.exists() and folder.exists():
        shutil.rmtree(folder)
    if not folder.exists():
        marker.touch()
    _log.info("%s: fetching %s", root, step.folder)
    step.make()
    if not step.present():
        raise RuntimeError(f"{step.folder} is not complete after the download")
    marker.unlink(missing_ok=True)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Wait for other studies that fetch into the same root."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks: two studies at the same moment are rare
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def check_whole(root: Path, folder: str, name: str) -> None:
    """Raises UserError where a fetch was interrupted and left a part of the folder."""
    if _marker(root, folder).exists():
        raise UserError(
            f"{root / folder}: fetching {name} was interrupted; run the workflow's fetch step again on a machine with "
            "internet"
        )


def _marker(root: Path, folder: str) -> Path:
    return root / f".{folder}.fetching"
