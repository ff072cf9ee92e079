"""The rows of a JPEG that a crop needs, as a smaller JPEG: where restart markers stand at the ends of its rows.

shorter, its_header, first = rows_of(data, header, top, bottom)      its row 0 is row `first` of the image

After a restart marker nothing depends on what stands before it. So whole rows of MCUs are taken, one more on each side,
since chroma is scaled up from neighbouring rows: the pixels are exactly those of the whole image. The cache that
datavolume writes has these markers (0.1 % of its size); other JPEGs mostly have none.
"""

from __future__ import annotations

import re
from dataclasses import replace

from datavolume.data.decoding.header import Header

__all__ = ["rows_of"]

_MARKER = re.compile(rb"\xff[\xd0-\xd7]")
_END = b"\xff\xd9"


def rows_of(data: bytes, header: Header, top: int, bottom: int) -> tuple[bytes, Header, int] | None:
    """A JPEG that holds pixel rows top..bottom-1, its header and its first row; None where it cannot be cut out."""
    count = _intervals(header)
    if count < 2 or not 0 <= top < bottom <= header.height:
        return None
    pixels = header.interval // header.mcu_columns * header.mcu_height  # of one interval
    first, last = max(0, top // pixels - 1), min(count, -(-bottom // pixels) + 1)
    if (first, last) == (0, count):
        return None
    starts = [header.scan_at, *(marker.end() for marker in _MARKER.finditer(data, header.scan_at))]
    if len(starts) != count:
        return None
    end = data.rfind(_END) if last == count else starts[last] - 2
    if end < starts[last - 1]:
        return None
    height = min(header.height, last * pixels) - first * pixels
    shorter = _shorter(data, header, starts[first:last], end, height)
    return shorter, replace(header, height=height), first * pixels


def _intervals(header: Header) -> int:
    """Restart intervals of one whole row of MCUs or several; 0 where they end elsewhere."""
    if not header.one_scan or not header.interval or header.interval % header.mcu_columns:
        return 0
    return -(-header.mcu_rows * header.mcu_columns // header.interval)


def _shorter(data: bytes, header: Header, starts: list[int], end: int, height: int) -> bytes:
    """The same head with another height, the data from the first start to `end`, markers numbered from 0 again."""
    shorter = bytearray(data[: header.scan_at])
    shorter[header.height_at : header.height_at + 2] = height.to_bytes(2, "big")
    shift = len(shorter) - starts[0]
    shorter += memoryview(data)[starts[0] : end]
    for number, start in enumerate(starts[1:]):
        shorter[start + shift - 1] = 0xD0 + number % 8
    shorter += _END
    return bytes(shorter)
