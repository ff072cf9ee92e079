"""Figures, tables and the report, each registered under a name; they draw what analysis computed.

figure_names(), table_names()    what there is, without importing matplotlib
"""

from datavolume.artefacts.registry import figure_names, table_names

__all__ = ["figure_names", "table_names"]
