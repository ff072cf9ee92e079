"""Random numbers that belong to an image's key, so that neither batches, workers nor processes can change them.

uniforms(keys, "flip", 1)[:, 0] < 0.5      numbers in [0, 1) by key, name and column; no generator, no state

A key stands for one showing of one entry: entry_keys(seed, epochs, entries, repetitions). The hash is splitmix64
(Steele, Lea and Flood 2014: Fast splittable pseudorandom number generators), whose n-th word needs no words before it.
What is pinned by tests here never changes, or finished runs could not be resumed.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from datavolume.training.determinism import derived_seed

__all__ = ["appended_keys", "beta", "choices", "entry_keys", "uniforms"]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def uniforms(keys: NDArray[np.uint64], name: str, count: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) with 53 random bits: float64 [len(keys), count], of (key, name, column) alone."""
    streams = _word(keys, _number(name))[:, None]
    words = _word(streams, np.arange(count, dtype=np.uint64)[None, :])
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def choices(uniform: NDArray[np.float64], count: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole numbers 0..count-1, equally likely, from numbers in [0, 1) (at most 2^53 of them)."""
    return np.floor(uniform * count).astype(np.int64)


def beta(uniform: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """Draws of Beta(alpha, alpha) from numbers in [0, 1), by the inverse of its distribution function."""
    if alpha == 1:
        return uniform
    from scipy.special import betaincinv  # only here: its import takes longer than many small steps

    return np.asarray(betaincinv(alpha, alpha, uniform), dtype=np.float64)


def entry_keys(
    seed: int, epochs: NDArray[np.int64], entries: NDArray[np.int64], repetitions: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Keys of entries as the run of this seed shows them in these epochs: uint64, of the arguments' shape."""
    return _chained(derived_seed(seed, "augmentation"), epochs, entries, repetitions)


def appended_keys(seed: int, entries: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Keys of appended entries, which are transformed once and so the same in every epoch."""
    return _chained(derived_seed(seed, "appended"), entries)


def _chained(start: int, *numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    keys = np.full(numbers[0].shape, start, dtype=np.uint64)
    for number in numbers:
        keys = _word(keys, number.astype(np.uint64))
    return keys


def _word(keys: NDArray[np.uint64], index: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The index-th word (0, 1, ...) of the splitmix64 stream that starts at `keys`."""
    words: NDArray[np.uint64] = keys + _GAMMA * (index + np.uint64(1))  # modulo 2^64
    words = (words ^ (words >> np.uint64(30))) * _FIRST
    words = (words ^ (words >> np.uint64(27))) * _SECOND
    return words ^ (words >> np.uint64(31))


@lru_cache
def _number(name: str) -> NDArray[np.uint64]:
    """An array, since NumPy warns where single numbers wrap around."""
    return np.frombuffer(hashlib.sha256(name.encode()).digest()[:8], dtype="<u8")
