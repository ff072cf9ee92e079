"""Images from the disk into a batch, whichever store they are in: what `datavolume.training.feeding.feed` runs ahead.

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
from datavolume.training.feeding.ahead import Threads

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
    ) -> Batch:
        """Images of `samples` [B]. Encoded ones are cropped to `boxes` [B, 4] and mirrored (bool [B]; None: none).

        Tensors come as they are; where boxes are given, that part alone is read and nothing stands around it.
        """
        shape = (len(samples), self._index.channels, *self._index.image_size)
        # The CPU scales crops in half the time where the channels stand last.
        scaled = boxes is not None and not self._encoded and not self._pinned
        layout = torch.channels_last if scaled else torch.contiguous_format
        images = torch.empty(shape, dtype=torch.uint8, pin_memory=self._pinned, memory_format=layout)
        flips = np.zeros(len(samples), np.bool_) if mirrored is None else mirrored

        def read(place: int) -> None:
            box = None if boxes is None else boxes[place].tolist()
            if self._encoded:
                assert box is not None, "encoded images are seen through boxes"
                images[place].copy_(self._decoded(int(samples[place]), box, bool(flips[place])))
            else:
                self._copy(images[place].numpy(), int(samples[place]), box)

        return Batch(images, threads.each(read, len(samples)))

    def _copy(self, image: NDArray[np.uint8], sample: int, box: list[int] | None) -> None:
        top, left, height, width = box or (0, 0, *image.shape[1:])
        part = slice(top, top + height), slice(left, left + width)
        for channel, stored in zip(image, self._tensors[sample], strict=True):
            channel[part] = stored[part]  # one by one: a third of the time where the layouts differ

    def _decoded(self, sample: int, box: list[int], flip: bool) -> torch.Tensor:
        """Raises UserError where the image cannot be read any more."""
        from datavolume.data.decode import decode  # here, since it takes torchvision, and studies of tensors do without

        index = self._index
        turn = 1 if index.orientations is None else int(index.orientations[sample])
        try:
            return decode(index.encoded(sample), box, index.image_size[0], flip=flip, orientation=turn)
        except ValueError as error:
            raise UserError(
                f"{self._name(sample)}: the image was readable when its index was written but cannot be decoded now "
                f"({error}); repair it, or delete the index's folder and run again"
            ) from error

    def _name(self, sample: int) -> str:
        if self._index.root is not None and len(self._index.originals):
            return str(self._index.root / str(self._index.originals[sample]))
        return f"data set {self._index.name}, sample {sample} (a row of its index.parquet)"
