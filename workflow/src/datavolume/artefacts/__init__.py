"""Figures, tables and the report, each registered under a name; they draw what analysis computed.

chosen(study.artefacts)    what a study shows, in its order, without importing matplotlib
find(name)                 what is registered under a name
"""

from datavolume.artefacts.registry import chosen, find

__all__ = ["chosen", "find"]
