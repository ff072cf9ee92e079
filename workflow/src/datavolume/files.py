"""Atomic writes: a reader sees the whole old file or the whole new one, never a part.

    with atomic(path) as temporary:
        frame.to_csv(temporary)

The temporary file stands beside the target, so that the rename stays on one file system, and is removed on any error.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datavolume.errors import UserError

if TYPE_CHECKING:  # each job's inner Snakemake imports this module: keep its start fast
    import pandas as pd

__all__ = ["atomic", "write_csv", "write_json", "write_parquet", "write_text"]


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path in `path`'s folder; on success flush it to disk and rename it to `path`.

    Raises UserError where the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(f"{path}: cannot be written (one of its folders is a file); nothing was changed") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error}); nothing was changed") from error
    finally:
        with suppress(NotADirectoryError):  # where the folder is a file, there is nothing to remove either
            temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Have the kernel put a file, or a folder's list of names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Floats are written with the digits that read back to the same bits."""
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    with atomic(path) as temporary:
        frame.to_parquet(temporary, index=False)
