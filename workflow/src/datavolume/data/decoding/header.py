"""What the head of a JPEG says: sizes, and where its parts lie (ITU-T T.81, annex B).

header = read_header(data)      None where the data are no JPEG, or one that is not understood
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Header", "read_header"]

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15; the other three are tables
_SEQUENTIAL = (0xC0, 0xC1)  # Huffman-coded, one pass
_RESTART_INTERVAL, _SCAN = 0xDD, 0xDA


@dataclass(frozen=True, slots=True)
class Header:
    """Sizes in pixels. An MCU is the block that is coded together: 16 x 16 pixels with chroma at half the resolution.

    `interval`: MCUs between two restart markers, or 0. `height_at`, `scan_at`: where the height stands, and where the
    coded data begin. `one_scan`: whether all is coded in one sequential scan.
    """

    height: int
    width: int
    components: int
    mcu_height: int
    mcu_width: int
    interval: int
    one_scan: bool
    height_at: int
    scan_at: int

    @property
    def mcu_rows(self) -> int:
        return -(-self.height // self.mcu_height)

    @property
    def mcu_columns(self) -> int:
        return -(-self.width // self.mcu_width)


def read_header(data: bytes) -> Header | None:
    if data[:2] != b"\xff\xd8":
        return None
    at, frame, interval = 2, -1, 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in _FRAMES:
            frame = at
        elif marker == _RESTART_INTERVAL:
            interval = _number(data, at + 4)
        elif marker == _SCAN:
            return _header(data, frame, at, interval)
        at += 2 + _number(data, at + 2)
    return None


def _header(data: bytes, frame: int, scan: int, interval: int) -> Header | None:
    """Of a frame header and of the first scan's, at these places."""
    if frame < 0 or scan + 5 > len(data):
        return None
    components = data[frame + 9]
    factors = [data[frame + 11 + 3 * k] for k in range(components)]
    # A component alone is coded block by block, whatever its factors say.
    across, down = (max(f >> 4 for f in factors), max(f & 15 for f in factors)) if components > 1 else (1, 1)
    return Header(
        height=_number(data, frame + 5),
        width=_number(data, frame + 7),
        components=components,
        mcu_height=8 * down,
        mcu_width=8 * across,
        interval=interval,
        one_scan=data[frame + 1] in _SEQUENTIAL and data[scan + 4] == components,
        height_at=frame + 5,
        scan_at=scan + 2 + _number(data, scan + 2),
    )


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")
