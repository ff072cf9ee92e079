"""The tables that an estimate is made from: config/throughput.csv, config/networks.csv, and what timing runs wrote.

speeds = read_speeds(Path("config"), paths.root / "timing")
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from datavolume.errors import UserError
from datavolume.estimate.facts import Facts, Key, Networks
from datavolume.estimate.speed import Measured, Speeds, Stated

__all__ = ["MEASURED", "NETWORKS", "read_networks", "read_speeds"]

NETWORKS = ("network", "stem", "image_size", "channels", "parameters", "features", "multiply_adds", "layers")
MEASURED = (
    "network",
    "stem",
    "image_size",
    "channels",
    "batch_size",
    "tier",
    "device",
    "frozen",
    "images_per_second",
    "evaluation_images_per_second",
    "date",
)
_STATED = ("network", "image_size", "tier", "device", "images_per_second", "source")
_DECODE = "decode:"
_WORDS = frozenset({"network", "stem", "tier", "device", "frozen", "source", "date"})


def read_networks(file: Path) -> Networks:
    """Raises UserError where the table cannot be read."""
    known = {}
    for row in _rows(file, NETWORKS):
        known[_key(row)] = Facts(*(int(row[name]) for name in ("parameters", "features", "multiply_adds", "layers")))
    return Networks(known)


def read_speeds(tables: Path, timing: Path | None = None) -> Speeds:
    """`tables` holds throughput.csv and networks.csv, `timing` the files of timing runs. Raises UserError."""
    rows = list(_rows(tables / "throughput.csv", _STATED))
    networks = read_networks(tables / "networks.csv")
    files = sorted(timing.glob("*.csv")) if timing else []
    decoding = {row["network"].removeprefix(_DECODE): row for row in rows if row["network"].startswith(_DECODE)}
    return Speeds(
        stated=tuple(_stated(row, networks) for row in rows if not row["network"].startswith(_DECODE)),
        networks=networks,
        measured=tuple(_measured(row) for file in files for row in _rows(file, MEASURED)),
        decoding={store: float(row["images_per_second"]) for store, row in decoding.items()},
    )


def _rows(file: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Lines that begin with # are left out. Raises UserError for a missing column or a number that is none."""
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    except OSError as error:
        raise UserError(f"{file}: the table cannot be read ({error.strerror or error}); take it from git") from error
    reader = csv.DictReader(lines)
    for column in columns:
        if column not in (reader.fieldnames or ()):
            raise UserError(f"{file}: column {column} is missing; the table needs {', '.join(columns)}")
    for row in reader:
        for column in columns:
            if not (row[column] if column in _WORDS else _is_number(row[column])):
                asked = "a text" if column in _WORDS else "a number of 0 or more"
                raise UserError(f"{file}: {column} of {row['network']} is '{row[column] or ''}'; it needs {asked}")
        yield row


def _is_number(text: str | None) -> bool:
    try:
        return text is not None and 0 <= float(text) < float("inf")
    except ValueError:
        return False


def _key(row: dict[str, str]) -> Key:
    return Key(row["network"], row["stem"], int(row["image_size"]), int(row["channels"]))


def _stated(row: dict[str, str], networks: Networks) -> Stated:
    """Of the network as it is built, for images of the channels that config/networks.csv has it for."""
    side = int(row["image_size"])
    channels = {key.channels for key in networks.known if (key.network, key.side) == (row["network"], side)}
    key = Key(row["network"], "as_built", side, 3 if 3 in channels else min(channels, default=3))
    return Stated(key, row["tier"], row["device"], float(row["images_per_second"]), row["source"])


def _measured(row: dict[str, str]) -> Measured:
    return Measured(
        key=_key(row),
        batch_size=int(row["batch_size"]),
        tier=row["tier"],
        device=row["device"],
        frozen=row["frozen"] == "yes",
        training=float(row["images_per_second"]),
        evaluation=float(row["evaluation_images_per_second"]),
        date=row["date"],
    )
