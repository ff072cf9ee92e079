"""The report: one HTML file that opens offline, with the question and the answer first.

    html = render(Report(title=..., question=..., ...))

Everything stands in the file: style, scripts, figures (SVG as data URIs), the table of all runs (JSON) and, where there
are interactive figures, plotly; nothing is loaded from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from datavolume.analysis.efficiency import of_study
from datavolume.artefacts.report.beside import Beside, beside
from datavolume.artefacts.report.efficiency import Efficiency, efficiency
from datavolume.artefacts.report.glance import findings, glance
from datavolume.artefacts.report.interactive import embedded, library
from datavolume.artefacts.report.provenance import facts
from datavolume.artefacts.report.remarks import remarks
from datavolume.artefacts.report.runs import run_table
from datavolume.artefacts.report.shown import Shown, arrange, data_uri
from datavolume.artefacts.report.statistics import statistics_tables

__all__ = ["Report", "render"]

_STYLES = ("parts.css", "page.css")
_SCRIPTS = ("page.js", "runs.js")


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that the report shows. `artefacts` in the study's order; `analysis` the statistics' frames by name;
    `comparison` with printed numbers, empty where there are none; `points` and `timing` as collected; `environments`
    what each training job wrote, with its `configuration` and `seeds`; `study` the YAML text as it was planned,
    `source` that of the study's own file, with its comments; `jobs` the rows that the submitit executor noted, of this
    study and others."""

    title: str
    question: str
    scale: str
    answer: Mapping[str, Any]
    summary: pd.DataFrame
    timing: pd.DataFrame
    analysis: Mapping[str, pd.DataFrame]
    artefacts: Sequence[Shown]
    environments: Sequence[Mapping[str, Any]]
    study: str
    jobs: pd.DataFrame
    points: pd.DataFrame = field(default_factory=pd.DataFrame)
    comparison: pd.DataFrame = field(default_factory=pd.DataFrame)
    source: str = ""
    commit: str = ""
    command: str = ""


def render(report: Report) -> str:
    """The HTML text."""
    templates = _templates()
    lead, sections = arrange(report.artefacts)
    compared = _beside(report)
    told, of_curves = findings(report.answer)
    return templates.get_template("report.html.jinja").render(
        title=report.title,
        question=report.question,
        scale=report.scale,
        answer=report.answer["answer"],
        outlook=report.answer.get("outlook", ""),
        lead=lead,
        sections=sections,
        glance=glance(report.answer),
        findings=told,
        of_curves=of_curves,
        analysis=statistics_tables(report.analysis),
        beside=compared,
        printed={group.name: group.summary for group in compared.groups} if compared else {},
        remarks=remarks(report.source),
        efficiency=_efficiency(report),
        runs=run_table(report.summary, report.points, report.environments),
        facts=facts(report.summary, report.environments, commit=report.commit, command=report.command),
        study=report.study,
        library=library() if any(artefact.interactive for artefact in report.artefacts) else "",
        css=_joined(templates, _STYLES),
        script=_joined(templates, _SCRIPTS),
    )


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("datavolume.artefacts.report", "templates"), autoescape=True, undefined=StrictUndefined
    )
    templates.filters |= {"bind": _bind, "whole": _whole, "data_uri": data_uri}
    templates.filters["embedded"] = lambda text: Markup(embedded(text))
    return templates


def _joined(templates: Environment, names: Sequence[str]) -> Markup:
    loader = templates.loader
    assert loader is not None
    return Markup("".join(loader.get_source(templates, name)[0] for name in names))


def _beside(report: Report) -> Beside | None:
    titles = {artefact.name: artefact.title for artefact in report.artefacts}
    return beside(report.comparison, titles, comparable=report.scale != "smoke")


def _efficiency(report: Report) -> Efficiency:
    jobs = of_study(report.jobs, set(report.summary["configuration"]))
    devices: Iterator[str] = (str(environment.get("device", "cpu")) for environment in report.environments)
    return efficiency(jobs, report.timing, gpu=any(not device.lower().startswith("cpu") for device in devices))


def _bind(text: str) -> str:
    """What belongs together stays on one line: 5 %, p = 0.04, F(5, 48)."""
    return re.sub(r" (?=[%=<])|(?<=[=<]) |(?<=\d), (?=\d+\) =)", _keep_together, text)


def _whole(text: str) -> Markup:
    """An interval in brackets stays on one line, below its number where there is no room beside it."""
    marked = str(escape(text)).replace("(", '<span class="whole">(').replace(")", ")</span>")
    return Markup(marked)


def _keep_together(match: re.Match[str]) -> str:
    return match.group().replace(" ", "\N{NO-BREAK SPACE}")
