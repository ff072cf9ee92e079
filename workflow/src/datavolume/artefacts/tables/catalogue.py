"""Every registered table, as data: names cost no import. A new table is a function in this room and an entry here."""

from __future__ import annotations

from datavolume.artefacts.kind import Kind

__all__ = ["KINDS"]

KINDS: tuple[Kind, ...] = (
    Kind(
        name="results",
        form="table",
        module="results",
        title="Results",
        caption=(
            "Held-out images at the last evaluation: means over seeds with 95 % confidence intervals, per "
            "architecture and data volume, and the mean training time of one run."
        ),
    ),
)
