"""Images from the disk into a batch, whichever store they are in: what `datavolume.training.feed` runs ahead.

    reader = Reader(index, device)
    batch = reader.begin(threads, samples, boxes, mirrored)
    batch.ready(); batch.images                            uint8 [B, C, S, S] on the host

Encoded images (jpeg, files) are decoded, cropped to their box and scaled; tensors are only copied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.data.index import Index
from datavolume.errors import UserError
from datavolume.training.ahead import Threads

__all__ = ["Batch", "Reader"]


@dataclass(frozen=True, slots=True)
class Batch:
    """`images` may be read once `ready` has come back."""

    images: torch.Tensor
    ready: Callable[[], None]


class Reader:
    """Of one index. Host memory is pinned where the images go to a GPU."""

    def __init__(self, index: Index, device: torch.device) -> None:
        self._index, self._pinned = index, device.type == "cuda"
        self._encoded = index.store != "tensors"
        self._tensors = index.images.view(np.ndarray)  # still mapped; a slice of a memmap takes ten times as long

    def begin(
        self,
        threads: Threads,
        samples: NDArray[np.int64],
        boxes: NDArray[np.int64] | None = None,
        mirrored: NDArray[np.bool_] | None = None,
        *,
        by_pixel: bool = False,
    ) -> Batch:
        """Images of `samples` [B]; of encoded ones, their boxes [B, 4], and which are mirrored [B] (None: none).

        `by_pixel`: tensors may lie with their channels last, where the CPU scales crops of them in half the time.
        """
        shape = (len(samples), self._index.channels, *self._index.image_size)
        layout = torch.channels_last if by_pixel and not (self._encoded or self._pinned) else torch.contiguous_format
        images = torch.empty(shape, dtype=torch.uint8, pin_memory=self._pinned, memory_format=layout)
        if not self._encoded:
            return Batch(images, threads.each(lambda place: self._copy(images, place, samples[place]), len(samples)))
        assert boxes is not None, "encoded images are seen through boxes"
        flips = np.zeros(len(samples), np.bool_) if mirrored is None else mirrored

        def decode(place: int) -> None:
            images[place].copy_(self._decoded(int(samples[place]), boxes[place], bool(flips[place])))

        return Batch(images, threads.each(decode, len(samples)))

    def _copy(self, images: torch.Tensor, place: int, sample: np.int64) -> None:
        for there, here in zip(images[place].numpy(), self._tensors[sample], strict=True):
            np.copyto(there, here)  # channel by channel: a third of the time where the layouts differ

    def _decoded(self, sample: int, box: NDArray[np.int64], flip: bool) -> torch.Tensor:
        """Raises UserError where the image cannot be read any more."""
        from datavolume.data.decode import decode  # here, since it takes torchvision, and studies of tensors do without

        index = self._index
        turn = 1 if index.orientations is None else int(index.orientations[sample])
        try:
            return decode(index.encoded(sample), box.tolist(), index.image_size[0], flip=flip, orientation=turn)
        except ValueError as error:
            raise UserError(
                f"{self._name(sample)}: the image was readable when its index was written but cannot be decoded now "
                f"({error}); repair it, or delete the index's folder and run again"
            ) from error

    def _name(self, sample: int) -> str:
        if self._index.root is not None and len(self._index.originals):
            return str(self._index.root / str(self._index.originals[sample]))
        return f"data set {self._index.name}, sample {sample} (a row of its index.parquet)"
