"""Pages of the gallery from finished studies: every figure and table with its caption, and where they come from.

    python docs/make_gallery.py results/emnist_letters-smoke results/imagenette-smoke

Each folder gives docs/gallery/<study>.md and small PNGs in docs/images/gallery/<study>; the list in docs/gallery.md,
between its two marks, names every page that there is.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from datavolume.analysis.words import count, join
from datavolume.artefacts import chosen, find
from datavolume.errors import UserError
from datavolume.files import atomic, write_text
from datavolume.study import Artefact, Paths, load_study

DOCS = Path(__file__).parent
MARKS = ("<!-- studies -->", "<!-- /studies -->")
WIDTH, COLOURS = 1000, 128  # of a picture: as wide as a page shows it, and its colours still true
MOST = 8_000_000  # bytes of docs/images: everybody who clones the repository gets them
FOLDED = 25  # rows of a table, above which it is folded


@dataclass(frozen=True)
class Finished:
    """A study's results, as they lie in a folder."""

    paths: Paths

    @cached_property
    def name(self) -> str:
        return self.paths.root.name.removesuffix("-smoke")

    @cached_property
    def scale(self) -> str:
        return "smoke" if self.paths.root.name.endswith("-smoke") else "full"

    @cached_property
    def artefacts(self) -> tuple[Artefact, ...]:
        return chosen(load_study(self.paths.study).artefacts)

    @cached_property
    def summary(self) -> pd.DataFrame:
        return pd.read_parquet(self.paths.collected("summary"))

    @cached_property
    def environments(self) -> list[dict[str, Any]]:
        files = sorted(self.paths.root.glob("runs/*/seeds~*/environment.json"))
        return [json.loads(file.read_text(encoding="utf-8")) for file in files]

    @cached_property
    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.paths.analysis("answer.json").read_text(encoding="utf-8"))
        return answer

    @cached_property
    def title(self) -> str:
        return load_study(self.paths.study).title


def gallery(folders: list[Path], docs: Path = DOCS) -> None:
    """Raises UserError for a folder without a report, and where the pictures of all pages are too large."""
    for folder in folders:
        study = Finished(Paths(folder.resolve()))
        if not study.paths.report.is_file():
            raise UserError(f"{folder}: no finished study, as there is no report.html; run `snakemake` first")
        write_text(docs / "gallery" / f"{study.name}.md", "\n".join(page(study, docs)))
        remove_old(study, docs)
    index(docs)
    size = sum(file.stat().st_size for file in (docs / "images").rglob("*.png"))
    print(f"{len(folders)} pages; pictures in {docs / 'images'}: {size / 1e6:.1f} MB")
    if size > MOST:
        raise UserError(f"{docs / 'images'}: {size / 1e6:.1f} MB of pictures, more than {MOST / 1e6:.0f} MB; show less")


def remove_old(study: Finished, docs: Path) -> None:
    """Pictures of artefacts that the study has no more."""
    names = {artefact.name for artefact in study.artefacts}
    for picture in (docs / "images" / "gallery" / study.name).glob("*.png"):
        if picture.stem not in names:
            picture.unlink()


def page(study: Finished, docs: Path) -> Iterator[str]:
    """The Markdown lines of one page."""
    yield f"# {study.title}\n"
    yield f"**{study.answer['question']}**\n"
    if study.scale == "smoke":
        yield (
            "Smoke scale: the same experiments on little data, with cut budgets, so that real runs draw every artefact "
            "in minutes. The numbers are not the paper's, and not to be quoted.\n"
        )
    yield f"{study.answer['answer']}\n"
    yield f"{provenance(study)}\n"
    yield "[All pages](../gallery.md)\n"
    section = None
    for artefact in study.artefacts:
        if artefact.section and artefact.section != section:
            yield f"## {artefact.section}\n"
        section = artefact.section
        yield from shown(study, artefact, docs)


def provenance(study: Finished) -> str:
    """Runs, seeds, machine, command, day and commit, in one paragraph."""
    seeds = study.summary["seed"].nunique()
    runs = f"{number(len(study.summary), 'run')}, {number(seeds, 'seed')}"
    devices = join(list(dict.fromkeys(str(one["device"]) for one in study.environments)))
    day = max(datetime.fromisoformat(one["finished"]) for one in study.environments)
    commits = dict.fromkeys(str(one["commit"])[:7] for one in study.environments if one.get("commit"))
    made = f"made on {day.day} {day:%B %Y}" + (f" at commit {join(list(commits))}" if commits else "")
    command = f"snakemake --cores 2 --config study={study.name} scale={study.scale}"
    return f"{runs}, on {devices}; {made} by `{command}`."


def shown(study: Finished, artefact: Artefact, docs: Path) -> Iterator[str]:
    yield f"### {artefact.title}\n"
    if find(artefact.draw).form == "figure":
        picture = docs / "images" / "gallery" / study.name / f"{artefact.name}.png"
        shrink(study.paths.figure(artefact.name, "png"), picture)
        yield f"![{artefact.title}](../{picture.relative_to(docs).as_posix()})\n"
        yield f"{artefact.caption}\n"
    else:
        yield f"{artefact.caption}\n"
        yield table(study.paths.table(artefact.name, "html").read_text(encoding="utf-8"))


def table(html: str) -> str:
    """As it is, since Markdown takes HTML; a long one folded."""
    rows = html.count("<tr>") - 1
    return f"<details><summary>{count(rows)} rows</summary>\n\n{html}\n</details>\n" if rows > FOLDED else html


def shrink(source: Path, target: Path) -> None:
    """As wide as a page shows it, in few colours: charts have no more."""
    with Image.open(source) as image:
        small = image.convert("RGB")
        if small.width > WIDTH:
            size = (WIDTH, round(small.height * WIDTH / small.width))
            small = small.resize(size, Image.Resampling.LANCZOS)
        few = small.quantize(COLOURS, dither=Image.Dither.NONE)
    with atomic(target) as temporary:
        few.save(temporary, format="PNG", optimize=True)


def index(docs: Path) -> None:
    """The list of pages in gallery.md. Raises UserError where it lacks the marks."""
    file = docs / "gallery.md"
    before, start, rest = file.read_text(encoding="utf-8").partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (start and end):
        raise UserError(f"{file}: put a line {MARKS[0]} and a line {MARKS[1]} where the list of pages belongs")
    lines = [entry(path) for path in sorted((docs / "gallery").glob("*.md"))]
    write_text(file, "\n".join([before + start, *lines, end + after]))


def entry(path: Path) -> str:
    """A line of the list: title, question, and how much there is to see."""
    text = path.read_text(encoding="utf-8")
    heading, question = text.removeprefix("# ").split("\n\n")[:2]
    pictures, tables = text.count("\n!["), len(re.findall(r"<table>", text))
    link = f"[{escape(heading, quote=False)}](gallery/{path.name})"
    return f"- {link}: {question.strip('*')} {number(pictures, 'figure')}, {number(tables, 'table')}."


def number(many: int, thing: str) -> str:
    return f"{many} {thing}" + ("" if many == 1 else "s")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write gallery pages of finished studies.")
    parser.add_argument("folders", nargs="+", type=Path, help="results of a study, as results/digits-smoke")
    try:
        gallery(parser.parse_args().folders)
    except UserError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
