"""Figures, tables and the report, each registered under a name; they draw what analysis computed.

figure_names(), table_names()    what there is, without importing matplotlib
caption(name)                    what a figure or table shows, in plain words
"""

from datavolume.artefacts.registry import caption, figure_names, table_names

__all__ = ["caption", "figure_names", "table_names"]
