"""The report: one HTML file that opens offline, with the question and the answer first.

    html = render(Report(title=..., question=..., ...))

Everything stands in the file: style, script and figures (SVG as data URIs); nothing is loaded from anywhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from datavolume.analysis.efficiency import of_study
from datavolume.analysis.words import images, interval, number, share, with_interval
from datavolume.artefacts.report.provenance import facts
from datavolume.artefacts.registry import FIGURES, TABLES, Artefact, find
from datavolume.artefacts.report.efficiency import Efficiency, efficiency
from datavolume.artefacts.report.statistics import statistics_tables

__all__ = ["Report", "render"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that the report shows. `figures` are SVG texts and `tables` HTML fragments by name, in order; `analysis` the
    statistics' frames by name; `environments` what each training job wrote; `study` the YAML text; `jobs` the rows that
    the submitit executor noted, of this study and others; `timing` as collected."""

    title: str
    question: str
    scale: str
    answer: Mapping[str, Any]
    summary: pd.DataFrame
    analysis: Mapping[str, pd.DataFrame]
    figures: Mapping[str, str]
    tables: Mapping[str, str]
    environments: Sequence[Mapping[str, Any]]
    study: str
    jobs: pd.DataFrame
    timing: pd.DataFrame
    commit: str = ""
    command: str = ""


def render(report: Report) -> str:
    """The HTML text."""
    templates = Environment(
        loader=PackageLoader("datavolume.artefacts.report", "templates"), autoescape=True, undefined=StrictUndefined
    )
    templates.filters["bind"] = _bind
    loader = templates.loader
    assert loader is not None
    return templates.get_template("report.html.jinja").render(
        title=report.title,
        question=report.question,
        scale=report.scale,
        answer=report.answer["answer"],
        glance=_glance(report.answer["architectures"]),
        findings=list(_findings(report.answer)),
        analysis=statistics_tables(report.analysis),
        figures=[{**_words(find(FIGURES, name)), "source": _data_uri(svg)} for name, svg in report.figures.items()],
        tables=[{**_words(find(TABLES, name)), "html": Markup(html)} for name, html in report.tables.items()],
        efficiency=_efficiency(report),
        facts=facts(report.summary, report.environments, commit=report.commit, command=report.command),
        study=report.study,
        css=Markup(loader.get_source(templates, "report.css")[0]),
        script=Markup(loader.get_source(templates, "report.js")[0]),
    )


def _efficiency(report: Report) -> Efficiency:
    jobs = of_study(report.jobs, set(report.summary["configuration"]))
    devices = (str(environment.get("device", "cpu")) for environment in report.environments)
    return efficiency(jobs, report.timing, gpu=any(not device.lower().startswith("cpu") for device in devices))


def _bind(text: str) -> str:
    """What belongs together stays on one line: 5 %, p = 0.04, F(5, 48)."""
    return re.sub(r" (?=[%=<])|(?<=[=<]) |(?<=\d), (?=\d+\) =)", _keep_together, text)


def _keep_together(match: re.Match[str]) -> str:
    return match.group().replace(" ", "\N{NO-BREAK SPACE}")


def _words(artefact: Artefact) -> dict[str, str]:
    return {"name": artefact.name, "title": artefact.title, "caption": artefact.caption}


def _data_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _findings(answer: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Each finding, with the architecture that it is about apart."""
    for finding in answer["findings"]:
        name, colon, text = finding.partition(": ")
        about = colon and name in answer["architectures"]
        yield {"name": name if about else "", "text": text if about else finding}


def _glance(architectures: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of each architecture, in one row."""
    head = ["Architecture", "Enough", "Accuracy there", "Accuracy with the largest volume", "Gain per doubling"]
    rows = [_glance_row(name, values) for name, values in architectures.items()]
    return {"head": head, "rows": rows, "words": [True, True, False, False, False]}


def _glance_row(name: str, values: Mapping[str, Any]) -> list[str]:
    enough = values["verdict"] == "enough"
    verdicts = {"more": "more data still helps", "undecided": "not settled", "one volume": "one volume only"}
    size = f"{images(values['n'])} ({share(values['share'])})" if enough else verdicts[values["verdict"]]
    there = _percent(values["top1"]) if enough else "–"
    return [name, size, there, _percent(values["top1_full"]), _gain(values["gain_per_doubling"])]


def _percent(estimate: Mapping[str, float | None]) -> str:
    mean, lower, upper = (float("nan") if (value := estimate[key]) is None else value for key in _PARTS)
    return with_interval(mean, lower, upper)


_PARTS = ("mean", "lower", "upper")


def _gain(estimate: Mapping[str, float | None]) -> str:
    """In percentage points."""
    mean, lower, upper = (estimate[key] for key in _PARTS)
    if mean is None:
        return "–"
    text = f"{number(100 * mean, 1)} points"
    return text if lower is None or upper is None else f"{text} ({interval(lower, upper).removesuffix(' %')})"
