"""How much is enough, per curve (architecture, at one setting), in a reader's words.

for verdict in verdicts(statistics):
    verdict.kind             "enough", "more", "undecided" or "one volume"
    verdict.sentences(of=2)  the two sentences of the answer
    verdict.short            one clause for a list
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from datavolume.analysis.answering.analyse import Statistics
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import images, points, share, with_interval

__all__ = ["Verdict", "verdicts"]


def verdicts(statistics: Statistics) -> list[Verdict]:
    """One a curve, in the study's order."""
    groups = statistics.requirement.groupby("architecture", sort=False)
    return [Verdict(str(name), rows.reset_index(drop=True), statistics.volumes[str(name)]) for name, rows in groups]


@dataclass(frozen=True, eq=False)
class Verdict:
    """`rows` are one architecture's rows of `requirement`, from the smallest volume to the largest."""

    architecture: str
    rows: pd.DataFrame
    volumes: Volumes

    @cached_property
    def full(self) -> pd.Series[Any]:
        """The row of the largest volume."""
        return self.rows.iloc[-1]

    @cached_property
    def required(self) -> pd.Series[Any]:
        """The row of the smallest volume that is enough."""
        return self.rows[self.rows["required"]].iloc[0]

    @cached_property
    def below(self) -> pd.Series[Any]:
        """The row of the volume below the largest."""
        return self.rows.iloc[-2]

    @property
    def kind(self) -> str:
        if len(self.rows) == 1:
            return "one volume"
        if self.required["n"] < self.full["n"]:
            return "enough"
        return "more" if self.full["note"].startswith("more data") else "undecided"

    @property
    def margin(self) -> str:
        text = f"{100 * self.full['margin']:.3g}"
        return f"{text} percentage point" + ("" if text == "1" else "s")

    @property
    def single(self) -> bool:
        """Whether one training of a volume decides: nothing tells the verdict from noise."""
        return bool(self._decisive["lower"].isna().any())

    @property
    def _decisive(self) -> pd.DataFrame:
        if self.kind == "one volume":
            return self.rows
        return self.rows[self.rows["n"] >= self.required["n"]] if self.kind == "enough" else self.rows.iloc[-2:]

    def sentences(self, *, of: int, noun: str = "architectures") -> str:
        """The answer, where this is the best of `of` architectures, or whatever `noun` calls them."""
        rank = {1: "", 2: f", the better of two {noun},"}.get(of, f", the best of {of} {noun},")
        tell = {
            "enough": self._enough,
            "more": self._more,
            "undecided": self._undecided,
            "one volume": self._one_volume,
        }
        first, second = tell[self.kind](f"{self.architecture}{rank}")
        if not self.single or self.kind == "undecided":
            return f"{first}. {second}."
        if self.kind == "one volume":
            return f"{first}. {second}; one seed gives no interval."
        doubt = "one seed gives no interval, so another seed may say otherwise"
        if not self._decisive["shortfall_upper"].isna().any():
            doubt = "how the volumes scatter about a curve stands for how seeds would"
        return f"Judged by one training each, {first[0].lower()}{first[1:]}. {second}; {doubt}."

    def _enough(self, name: str) -> tuple[str, str]:
        part = self._part(self.required)
        return (
            f"{part[0].upper()}{part[1:]} are enough: with {name} accuracy stays within {self.margin} of that with "
            f"{self._largest}",
            f"It is {_accuracy(self.required, named=True)} there, against {_accuracy(self.full)} with {self._all}",
        )

    def _more(self, name: str) -> tuple[str, str]:
        fails = self._fails("comes", "come")
        return (
            f"More data still helps: with {name} no smaller volume {fails} within {self.margin} of the accuracy with "
            f"{self._largest}",
            self._last_step(),
        )

    def _undecided(self, name: str) -> tuple[str, str]:
        loss = f", where a loss of up to {points(self.below['shortfall_upper'])} cannot be ruled out"
        return (
            f"These runs do not settle it: with {name} no smaller volume can be shown to come within {self.margin} of "
            f"the accuracy with {self._largest}",
            self._last_step() + (loss if _known(self.below) else ""),
        )

    def _last_step(self) -> str:
        return (
            f"That is {_accuracy(self.full, named=True)}, against {_accuracy(self.below)} with {self._part(self.below)}"
        )

    def _one_volume(self, name: str) -> tuple[str, str]:
        return (
            "One data volume alone cannot say how much is enough",
            f"With {images(self.full['n'])} {name} reaches {_accuracy(self.full, named=True)}",
        )

    @property
    def short(self) -> str:
        """One clause, for an architecture that is not the best."""
        judged = "by one training each, " if self.single else ""
        everything = "all images" if self._is_all else "the largest volume"
        reached = f"accuracy with {everything} is {_accuracy(self.full)}"
        match self.kind:
            case "enough":
                return f"{judged}{self._part(self.required)} are enough; {reached}"
            case "more":
                fails = self._fails("is", "be")
                return f"{judged}more data still helps, no smaller volume {fails} within {self.margin}; {reached}"
            case "undecided":
                return f"no smaller volume can be shown to be within {self.margin}; {reached}"
            case _:
                return f"accuracy is {_accuracy(self.full)}"

    def _fails(self, outside: str, unproven: str) -> str:
        """How a smaller volume fails to be enough: it is outside the margin, or only not shown to be inside."""
        bound = self.below["shortfall_lower"]
        return outside if math.isnan(bound) or bound > self.full["margin"] else f"can be shown to {unproven}"

    @property
    def _is_all(self) -> bool:
        return bool(self.volumes.whole and self.full["n"] == self.volumes.full)

    @property
    def _all(self) -> str:
        return "all of them" if self._is_all else "the largest volume"

    @property
    def _largest(self) -> str:
        if self._is_all:
            return f"all {images(self.full['n']).replace('image', 'training image')}"
        return f"the largest volume, {self._part(self.full)}"

    def _part(self, row: pd.Series[Any]) -> str:
        """`719 images (50 % of the data)`; no share where the size of all data is not known."""
        return images(row["n"]) + (f" ({share(row['share'])} of the data)" if self.volumes.known else "")


def _known(row: pd.Series[Any]) -> bool:
    return not math.isnan(row["lower"])


def _accuracy(row: pd.Series[Any], *, named: bool = False) -> str:
    return with_interval(row["mean"], row["lower"], row["upper"], name="95 % interval " if named else "")
