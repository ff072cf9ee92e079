"""The report: one HTML file that opens offline.

html = render(Report(title=..., question=..., artefacts=[Shown(...), ...], ...))
"""

from datavolume.artefacts.report.page import Report, render
from datavolume.artefacts.report.shown import Shown

__all__ = ["Report", "Shown", "render"]
