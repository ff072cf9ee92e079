"""Networks that vote on the same images: soft (mean of their probabilities) and hard (one vote each).

    poll = Poll(labels, classes)
    for probabilities in networks:                     [V, K], one at a time
        poll.add(probabilities)
    estimate = against_members(poll.soft, poll.members_right, poll.count, rng)
    estimate.gain, estimate.gain_lower, estimate.gain_upper      over a single network, mean of all that vote

A tie in hard voting goes, among the classes with most votes, to the one with the largest mean probability; a soft one
to the first class. A network whose probabilities of an image are not finite has no say there, and is wrong by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datavolume.errors import UserError

__all__ = ["Estimate", "Poll", "against_members"]

_RESAMPLES = 10_000


class Poll:
    """Votes so far on V images of K classes; `count` networks took part."""

    def __init__(self, labels: NDArray[np.integer], classes: int) -> None:
        self.labels = labels
        self._sums = np.zeros((len(labels), classes))
        self._votes = np.zeros((len(labels), classes), np.int32)
        self._said = np.zeros(len(labels), np.int64)
        self.members_right = np.zeros(len(labels), np.int64)
        self.count = 0

    def add(self, probabilities: NDArray[np.floating]) -> None:
        """Raises UserError where they are not [V, K]."""
        if probabilities.shape != self.shape:
            raise UserError(f"votes: probabilities {list(probabilities.shape)}, others {list(self.shape)}")
        says = np.isfinite(probabilities).all(axis=1)
        first = probabilities[says].argmax(axis=1)
        self._sums[says] += probabilities[says]
        self._votes[says, first] += 1
        self._said += says
        self.members_right[says] += first == self.labels[says]
        self.count += 1

    @property
    def shape(self) -> tuple[int, ...]:
        """[V, K]."""
        return self._sums.shape

    @property
    def soft(self) -> NDArray[np.bool_]:
        """Which images [V] the mean of the probabilities gets right."""
        return np.asarray(self._sums.argmax(axis=1) == self.labels)

    @property
    def hard(self) -> NDArray[np.bool_]:
        """Which images [V] most votes get right."""
        most = self._votes == self._votes.max(axis=1, keepdims=True)
        return np.asarray(np.where(most, self._sums, -1.0).argmax(axis=1) == self.labels)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean probabilities [V, K]; all alike where no network had a say."""
        said = self._said[:, None]
        return np.asarray(np.where(said > 0, self._sums / np.maximum(said, 1), 1 / self._sums.shape[1]))


@dataclass(frozen=True)
class Estimate:
    """Accuracies in 0..1 with their intervals: top1 of the vote, single of one network on average, gain of the first
    over the second."""

    top1: float
    lower: float
    upper: float
    single: float
    gain: float
    gain_lower: float
    gain_upper: float


def against_members(
    right: NDArray[np.bool_],
    members_right: NDArray[np.integer],
    count: int,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = _RESAMPLES,
) -> Estimate:
    """Percentiles over images drawn with replacement, on the same images for both; the networks stay the same.

    `members_right` [V]: how many of `count` networks get an image right. Images that are alike in both are counted
    together, so how many of each kind are drawn is multinomial.
    """
    kinds, images = np.unique(np.stack([right, members_right]), axis=1, return_counts=True)
    vote, single = kinds[0].astype(float), kinds[1] / count
    drawn = rng.multinomial(len(right), images / len(right), size=resamples) / len(right)
    ends = ((1 - level) / 2, (1 + level) / 2)
    bounds = [float(end) for value in (vote, vote - single) for end in np.quantile(drawn @ value, ends)]
    top1, alone = float(right.mean()), float(members_right.mean() / count)
    return Estimate(top1, bounds[0], bounds[1], alone, top1 - alone, bounds[2], bounds[3])
