"""Every registered figure and table by name, and those that a study chose of them.

find("accuracy_by_volume").load()(results)      imports matplotlib only now
for artefact in chosen(study.artefacts): ...     the study's own, in its order; the default ones where it names none
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from datavolume.artefacts.figures.catalogue import KINDS as _FIGURES
from datavolume.artefacts.kind import Kind
from datavolume.artefacts.tables.catalogue import KINDS as _TABLES
from datavolume.errors import UserError
from datavolume.study import Artefact
from datavolume.study.validate import nearest

__all__ = ["DEFAULTS", "KINDS", "chosen", "find"]

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*_FIGURES, *_TABLES)}
DEFAULTS = (
    *("accuracy_by_volume", "forecast", "requirement"),
    *("accuracy_boxes", "learning_curves", "generalisation_gap"),
    *("reliability", "calibration_by_volume", "voting_by_volume"),
    *("results", "enough_table", "forecast_table", "next_steps_table", "seeds_table"),
)


def find(name: str) -> Kind:
    """Raises UserError with the valid names."""
    if name in KINDS:
        return KINDS[name]
    raise UserError(f"no figure or table is called '{name}'{nearest(name, KINDS)}")


def chosen(artefacts: Sequence[Artefact]) -> tuple[Artefact, ...]:
    """With title and caption, the kind's own where the study gives none. Raises UserError for what no kind takes."""
    return tuple(map(_resolved, artefacts or [Artefact(name=name, draw=name) for name in DEFAULTS]))


def _resolved(artefact: Artefact) -> Artefact:
    try:
        kind = find(artefact.draw)
        if unknown := [option for option in artefact.options if option not in kind.options]:
            raise UserError(f"'{kind.name}' takes no option '{unknown[0]}'{nearest(unknown[0], kind.options)}")
    except UserError as error:
        raise UserError(f"artefacts.{artefact.name}: {error}") from error
    return replace(artefact, title=artefact.title or kind.title, caption=artefact.caption or kind.caption)
