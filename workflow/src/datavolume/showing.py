"""What a study shows, as rules ask for it: its figures and tables, and the files that each is drawn from.

showing = Showing(study, file, paths, several_subsets=True)
showing.names("figure")
showing.inputs("figure_14")
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from datavolume.artefacts import chosen, find
from datavolume.errors import UserError
from datavolume.study import Artefact, Paths, Study
from datavolume.study.validate import nearest

__all__ = ["Showing"]

_COLLECTED = ("metrics", "timing", "summary", "points", "plan")


@dataclass(frozen=True)
class Showing:
    """The artefacts of one study. `file` is the study's, `several_subsets` whether some volume was drawn twice."""

    study: Study
    file: Path
    paths: Paths
    several_subsets: bool

    @cached_property
    def artefacts(self) -> dict[str, Artefact]:
        """The study's figures and tables, by name, in its order."""
        return {artefact.name: artefact for artefact in chosen(self.study.artefacts)}

    def names(self, form: str) -> list[str]:
        """Of the figures, the tables, or the interactive figures."""
        kinds = {name: find(artefact.draw) for name, artefact in self.artefacts.items()}
        if form == "interactive":
            return [name for name, kind in kinds.items() if kind.interactive]
        return [name for name, kind in kinds.items() if kind.form == form]

    @property
    def shown(self) -> list[dict[str, str]]:
        """What the report is told of each artefact, in its order."""
        told = ("name", "title", "caption", "section")
        return [
            {**{key: getattr(artefact, key) for key in told}, "form": find(artefact.draw).form}
            for artefact in self.artefacts.values()
        ]

    def artefact(self, name: str) -> dict[str, Any]:
        """What a script is told of an artefact. Raises UserError for a name that the study does not have."""
        if name not in self.artefacts:
            raise UserError(f"the study has no artefact '{name}'{nearest(name, self.artefacts)}")
        return asdict(self.artefacts[name])

    def inputs(self, name: str) -> dict[str, Path]:
        """The collected frames and the analyses that an artefact is drawn from, by name."""
        needs = find(self.artefacts[name].draw).needs if name in self.artefacts else ()
        frames = {frame: self.paths.collected(frame) for frame in _COLLECTED}
        return {**frames, "log_linear": self.paths.analysis("log_linear.csv"), **self._analyses(needs)}

    def _analyses(self, needs: Iterable[str]) -> dict[str, Path]:
        asked = (need for need in needs if need not in _COLLECTED and self._can_be_analysed(need))
        return {need: self.paths.analysis(f"{need}.csv") for need in asked}

    def _can_be_analysed(self, need: str) -> bool:
        """Nothing is compared where no volume has several subsets, or nobody published anything."""
        if need.startswith("overlap"):
            return self.several_subsets
        return need != "comparison" or bool(self.study.published)

    @property
    def published(self) -> list[Path]:
        """The file of printed values, where the study names one: it stands beside the study's."""
        return [self.file.parent / self.study.published] if self.study.published else []

    def asking(self, *needs: str) -> list[str]:
        """The experiments that artefacts of these analyses name; none where one of them is of all runs."""
        asked = [artefact.named for artefact in self.artefacts.values() if {*needs} & {*find(artefact.draw).needs}]
        return list(dict.fromkeys(name for names in asked for name in names)) if all(asked) else []

    @property
    def comparison_inputs(self) -> dict[str, Path]:
        """Beside the collected frames, the analyses that a printed value is about."""
        from datavolume.analysis.published.comparison import needed, read_published

        file = self.published[0]
        return {"published": file, **self._analyses(needed(read_published(file)))}
