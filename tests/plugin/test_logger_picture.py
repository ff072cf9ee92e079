"""What the logger plugin shows in a terminal, at fixed widths."""

import io

from rich.console import Console

from snakemake_logger_plugin_datavolume.picture import View, picture, styled
from snakemake_logger_plugin_datavolume.progress import Counts

COUNTS = Counts(planned=20, done=5, failed=1, running=4, pending=6, waiting=4, requeued=2)
VIEW = View(COUNTS, 765.0, "about 21 min left, until 14:05")


def test_a_picture_of_three_rows() -> None:
    assert [row.plain for row in picture(VIEW, width=60)] == [
        # The label and the gap leave 39 cells: 5, 6, 10, 16 and 20 of 20 jobs end at cell 10, 12, 20, 31 and 39.
        "━━━━━━━━━━━━╍╍╍╍╍╍╍╍┄┄┄┄┄┄┄┄┄┄┄┈┈┈┈┈┈┈┈   5 of 20 jobs  25 %",
        "4 running · 6 pending · 4 waiting · 1 failed · 2 requeued",
        "12:45 · about 21 min left, until 14:05",
    ]


def test_a_picture_in_a_narrow_terminal() -> None:
    rows = [row.plain for row in picture(VIEW, width=30)]
    assert rows == [
        "━━━╍┄┄┄┈┈   5 of 20 jobs  25 %",
        "4 running · 6 pending · 4 wai…",
        "12:45 · about 21 min left, un…",
    ]
    assert all(row.cell_len <= 8 for row in picture(VIEW, width=8))


def test_a_picture_without_line_drawing() -> None:
    assert picture(VIEW, width=60, ascii_only=True)[0].plain.startswith("##########xx========-----------........ ")


def test_a_picture_before_anything_is_known() -> None:
    rows = [row.plain for row in picture(View(Counts(planned=3, waiting=3), 0.0, ""), width=40)]
    assert rows == ["┈" * 20 + "   0 of 3 jobs   0 %", "0 running · 3 waiting", "0:00"]


def shown(text: str) -> str:
    """A printed line as it goes to a terminal of sixteen colours."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=80, record=True)
    console.print(styled(text), soft_wrap=True, end="")
    assert console.export_text(clear=False) == text
    return console.export_text(styles=True)


def test_what_repeats_in_lines_steps_back() -> None:
    assert shown("[ 1/20] Train a · 4.1 s") == "\x1b[2m[ 1/20]\x1b[0m Train a\x1b[2m · 4.1 s\x1b[0m"
    assert shown("FAILED Train a\n    log: a.log") == "\x1b[1;31mFAILED Train a\x1b[0m\n    log: a.log"
    assert shown("3 jobs: 3 train") == "3 jobs: 3 train"
