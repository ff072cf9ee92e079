"""The report: one HTML file that opens offline.

html = render(Report(title=..., question=..., ...))
"""

from datavolume.artefacts.report.page import Report, render

__all__ = ["Report", "render"]
