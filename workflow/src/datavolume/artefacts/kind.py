"""What is registered: a function that draws a figure or sets a table, and what may be asked of it.

A new figure is one function and one entry in `figures/catalogue.py`; a new table likewise in `tables/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["Kind"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Function `name` of `datavolume.artefacts.<form>s.<module>`: Results and `options` by name in, a drawing out.

    `form` is figure or table. A figure's function gives (matplotlib Figure, frame behind it), a table's a Table.
    `needs` are analysis files beyond what every artefact has (registry.NEEDS); `interactive` names the function, beside
    it, that gives the same as a plotly Figure, where there is one.
    """

    name: str
    form: str
    module: str
    title: str
    caption: str
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    interactive: str = ""

    def load(self) -> Callable[..., Any]:
        return self._function(self.name)

    def load_interactive(self) -> Callable[..., Any]:
        return self._function(self.interactive)

    def _function(self, name: str) -> Callable[..., Any]:
        module = import_module(f"datavolume.artefacts.{self.form}s.{self.module}")
        function: Callable[..., Any] = getattr(module, name)
        return function
