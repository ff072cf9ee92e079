"""The report in a real browser: headless Chromium opens the file, a script in it clicks, and the page says what it saw.

Skipped where there is no Chromium.
"""

from __future__ import annotations

import html as entities
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.artefacts.test_report import CURVES, GAP, LEAD, TABLE, report
from unit.artefacts.test_report_beside import COMPARISON

from datavolume.artefacts.report import Report, render

__all__ = ["report"]  # the fixture

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=20000"),
)
# Helpers that a person's hands and eyes stand for; `seen` is what the test reads.
HANDS = """
const heading = (name) => [...document.querySelectorAll("#runs th button")].find((item) => item.textContent === name);
const click = (name) => heading(name).click();
const order = (name) => heading(name).closest("th").getAttribute("aria-sort");
const control = (name) => document.querySelector(`[aria-label="Filter ${name}"]`);
const put = (element, text) => { element.value = text; element.dispatchEvent(new Event("input")); };
const rows = () => [...document.querySelectorAll("#runs tbody tr")];
const column = (name) => {
  const place = [...document.querySelectorAll("#runs th button")].findIndex((item) => item.textContent === name);
  return rows().map((row) => row.cells[place].textContent);
};
const shown = () => document.querySelector("#runs-count").textContent;
const until = async (ready) => {
  for (let i = 0; i < 100 && !ready(); i += 1) await new Promise((go) => setTimeout(go, 50));
};
"""
Look = Callable[..., dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path, report: Report) -> Look:
    """look(script, width=1300, **changes): what `script` puts into `seen`, in a report with these changes."""

    def look(script: str, *, width: int = 1300, **changes: Any) -> dict[str, Any]:
        page = tmp_path / "report.html"
        told = f"""<script>addEventListener("load", async () => {{ {HANDS}
            const seen = {{}};
            try {{ {script} }} catch (error) {{ seen.error = String(error.stack); }}
            const told = document.createElement("pre");
            told.id = "told";
            told.textContent = JSON.stringify(seen);
            document.body.append(told);
        }});</script></body>"""
        page.write_text(render(replace(report, **changes)).replace("</body>", told), encoding="utf-8")
        seen = _told(page, width, tmp_path)
        assert "error" not in seen, seen["error"]
        return seen

    return look


def _told(page: Path, width: int, folder: Path) -> dict[str, Any]:
    assert BROWSER
    options = (f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900", "--dump-dom", page.as_uri())
    environment = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(
        [BROWSER, *FLAGS, *options], capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(entities.unescape(found.group(1)))
    return seen


def many(report: Report, runs: int) -> dict[str, Any]:
    """As many runs as that, made of those that there are; the first of them is the best."""
    summary = report.summary.loc[report.summary.index.repeat(runs // len(report.summary) + 1)].iloc[:runs]
    return {
        "summary": summary.assign(
            run=[f"run-{i}" for i in range(runs)], seed=range(runs), last_loss=[1 + i / runs for i in range(runs)]
        ).reset_index(drop=True)
    }


def test_heads_sort_up_down_and_back(look: Look) -> None:
    seen = look(
        """
        seen.first = column("Seed").slice(0, 6);
        click("Images"); seen.up = [order("Images"), column("Images")];
        click("Images"); seen.down = [order("Images"), column("Images")];
        click("Images"); seen.back = [order("Images"), column("Seed").slice(0, 6)];
        click("Network"); click("Loss"); seen.others = [order("Network"), order("Loss")];
        seen.losses = column("Loss").map(Number);
        """
    )
    assert seen["first"] == ["0", "1", "2", "3", "4", "0"]
    for key, way, reverse in (("up", "ascending", False), ("down", "descending", True)):
        assert seen[key][0] == way
        sizes = [int(text.replace(",", "")) for text in seen[key][1]]
        assert len(sizes) == 60
        assert sizes == sorted(sizes, reverse=reverse)
        assert "1,437" in seen[key][1]
    assert seen["back"] == ["none", seen["first"]]
    assert seen["others"] == ["none", "ascending"]
    assert seen["losses"] == sorted(seen["losses"])


def test_filters_of_words_numbers_and_everything(look: Look) -> None:
    seen = look(
        """
        put(control("Network"), "mlp"); seen.choice = [shown(), [...new Set(column("Network"))]];
        put(control("Images"), ">= 718"); seen.both = [shown(), [...new Set(column("Images"))]];
        document.querySelector("#runs-reset").click(); seen.cleared = [shown(), control("Network").value];
        put(control("Images"), "100..400"); seen.range = [...new Set(column("Images"))];
        put(control("Images"), "14"); seen.begins = [...new Set(column("Images"))];
        put(control("Images"), "many"); seen.wrong = [shown(), control("Images").getAttribute("aria-invalid")];
        put(control("Images"), "");
        put(document.querySelector("#runs-search"), "SMALL_CNN 1,437"); seen.found = [shown(), column("Run")];
        put(document.querySelector("#runs-search"), "nowhere"); seen.none = [shown(), rows().length];
        """
    )
    assert seen["choice"] == ["30 of 60 runs", ["mlp"]]
    assert seen["both"] == ["15 of 60 runs", ["718", "1,078", "1,437"]]
    assert seen["cleared"] == ["60 runs", ""]
    assert seen["range"] == ["180", "359"]
    assert seen["begins"] == ["1,437"]
    assert seen["wrong"] == ["60 runs", "true"]
    assert seen["found"][0] == "5 of 60 runs"
    assert all(run.startswith("small_cnn-f1-") for run in seen["found"][1])
    assert seen["none"] == ["0 of 60 runs", 0]


def test_ten_thousand_runs_are_rendered_as_they_are_looked_at(look: Look, report: Report) -> None:
    seen = look(
        """
        seen.start = [shown(), rows().length];
        const box = document.querySelector(".runs");
        box.scrollTop = box.scrollHeight; box.dispatchEvent(new Event("scroll"));
        seen.scrolled = rows().length;
        click("Seed"); click("Seed"); seen.last = column("Run")[0];
        put(control("Seed"), "> 9990"); seen.few = [shown(), rows().length];
        seen.count = document.querySelector("#runs").getAttribute("aria-rowcount");
        """,
        **many(report, 10_000),
    )
    assert seen["start"] == ["10,000 runs", 100]
    assert seen["scrolled"] == 200
    assert seen["last"] == "run-9999"
    assert seen["few"] == ["9 of 10,000 runs", 9]
    assert seen["count"] == "11"  # with both rows of the head


@pytest.mark.parametrize("width", [500, 900, 1300])
def test_nothing_breaks_out_of_the_page(look: Look, report: Report, width: int) -> None:
    summary = report.summary.assign(run=["x" * 300 + str(i) for i in range(len(report.summary))])
    seen = look(
        """
        seen.page = [document.documentElement.scrollWidth, innerWidth];
        seen.cell = Math.max(...rows().map((row) => row.cells[0].getBoundingClientRect().width));
        """,
        width=width,
        summary=summary,
        comparison=COMPARISON.assign(note="a long note " * 40),
        artefacts=[LEAD, CURVES, replace(TABLE, content="<table><tr>" + "<td>wide</td>" * 200 + "</tr></table>")],
    )
    assert seen["page"][0] <= seen["page"][1]
    assert 0 < seen["cell"] < 400


def test_a_figure_is_enlarged_and_closed(look: Look) -> None:
    seen = look(
        """
        const dialog = document.querySelector("dialog");
        document.querySelectorAll(".enlarge")[1].click();
        const image = dialog.querySelector("img");
        seen.open = [dialog.open, image.alt, image.src === document.querySelectorAll(".enlarge img")[1].src];
        dialog.querySelector("button").click(); seen.closed = dialog.open;
        """
    )
    assert seen == {"open": [True, "Figure 14", True], "closed": False}


def test_figures_are_images_that_a_browser_reads(look: Look) -> None:
    seen = look(
        "seen.widths = await Promise.all([...document.querySelectorAll('.enlarge img')].map(async (image) => {"
        "await image.decode(); return image.naturalWidth; }));",
        artefacts=[replace(LEAD, content=LEAD.content.replace("<svg", '<svg width="37" height="20"')), GAP],
    )
    assert seen["widths"][0] == 37


def test_an_interactive_figure_replaces_the_still_one_and_gives_it_back(look: Look) -> None:
    plot = {"data": [{"type": "scatter", "x": [1, 2], "y": [3, 4]}], "layout": {"width": 3000}}
    seen = look(
        """
        const button = document.querySelector("#curves .interact");
        const still = document.querySelector("#curves .enlarge");
        seen.before = [typeof Plotly, button.hidden, still.offsetWidth > 0];
        button.click();
        await until(() => document.querySelector("#curves .moving .main-svg"));
        seen.on = [typeof Plotly, button.getAttribute("aria-pressed"), still.offsetWidth];
        seen.drawn = document.querySelector("#curves .moving .main-svg").getBoundingClientRect().width;
        button.click();
        const moving = document.querySelector("#curves .moving");
        seen.off = [button.getAttribute("aria-pressed"), still.offsetWidth > 0, moving.offsetWidth];
        """,
        artefacts=[LEAD, replace(CURVES, interactive=json.dumps(plot))],
    )
    assert seen["before"] == ["undefined", False, True]
    assert seen["on"] == ["object", "true", 0]
    assert 300 < seen["drawn"] < 1000
    assert seen["off"] == ["false", True, 0]


def test_contents_stand_open_only_where_there_is_room(look: Look) -> None:
    script = "seen.open = document.querySelector('nav details').open;"
    assert look(script)["open"] is True
    assert look(script, width=700)["open"] is False
