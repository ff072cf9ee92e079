"""The logger plugin in a real pseudo-terminal, read back as a screen: its display alone, and under Snakemake."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from snakemake_logger_plugin_datavolume.display import Display
from snakemake_logger_plugin_datavolume.picture import View, picture
from snakemake_logger_plugin_datavolume.progress import Counts

COUNTS = Counts(planned=20, done=5, failed=1, running=4, pending=6, waiting=4, requeued=2)
PATIENCE = 120.0  # seconds; what takes longer has gone wrong, even on a busy machine
VIEW = View(COUNTS, 765.0, "about 21 min left, until 14:05")


class Terminal:
    """A pseudo-terminal, and what stands on its screen."""

    def __init__(self, columns: int, rows: int = 24) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")
        self.received = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        decoder = io.TextIOWrapper(os.fdopen(self.master, "rb", buffering=0), encoding="utf-8", newline="")
        try:
            while text := decoder.read(1):
                self.received += text
        except OSError:  # the other end is closed
            return

    def screen(self) -> str:
        return screen(self.received)

    def until(self, true: Callable[[str], object]) -> None:
        """Return when the screen is as awaited."""
        end = time.monotonic() + PATIENCE
        while not true(self.screen()):
            assert time.monotonic() < end, self.screen()
            time.sleep(0.02)

    def close(self) -> str:
        """The last screen."""
        self.stream.close()
        self.reader.join(PATIENCE)
        return self.screen()


def screen(received: str) -> str:
    """What a terminal shows that has received this. It knows nothing else, so nothing else may be sent."""
    lines, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[[0-9;]*m|\x1b\[\d*[AJ]|\r|\n|[^\x1b\r\n]+|\x1b.*", received):
        if piece == "\r":
            column = 0
        elif piece == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece == "\x1b[J":
            lines[row:] = [lines[row][:column]]
        elif piece.endswith("A") and piece.startswith("\x1b["):
            row -= int(piece[2:-1])
        elif not piece.startswith("\x1b["):
            assert not piece.startswith("\x1b"), piece
            lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece) :]
            column += len(piece)
    return "\n".join(line.rstrip() for line in lines)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal(columns=61)
    yield terminal
    terminal.stream.close()


def displayed(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Display:
    """The progress on a terminal that is this process's stderr."""
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    display = Display(terminal.stream, lambda: VIEW)
    terminal.until(lambda screen: screen == BAR)
    return display


BAR = "\n".join(["", *(row.plain for row in picture(VIEW, width=60))])
ENDED = "5 of 20 jobs done in 13 min, 1 failed, 2 requeued\n"


def test_lines_scroll_above_the_progress(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    display = displayed(terminal, monkeypatch)
    display.say("[5/20] Train a · 4.1 s")
    terminal.until(lambda screen: screen == f"[5/20] Train a · 4.1 s\n{BAR}")
    display.close()
    assert terminal.close() == f"[5/20] Train a · 4.1 s\n{ENDED}"


def test_what_other_threads_print_stands_above_it(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    display = displayed(terminal, monkeypatch)
    other = threading.Thread(target=print, args=("a", "warning"), kwargs={"file": sys.stderr})
    other.start()
    other.join()
    terminal.until(lambda screen: screen == f"a warning\n{BAR}")
    display.close()
    assert sys.stderr is terminal.stream
    assert terminal.close() == f"a warning\n{ENDED}"


def test_the_progress_waits_for_the_end_of_a_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    display = displayed(terminal, monkeypatch)
    print("half ", end="", file=sys.stderr)
    display.changed()
    terminal.until(lambda screen: screen == "half")
    print("a line", file=sys.stderr)
    terminal.until(lambda screen: screen == f"half a line\n{BAR}")
    print("open", end="", file=sys.stderr)
    display.say("[5/20] Train a · 4.1 s")
    terminal.until(lambda screen: screen == f"half a line\nopen\n[5/20] Train a · 4.1 s\n{BAR}")
    display.close()


def test_what_another_process_prints_stays(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    display = displayed(terminal, monkeypatch)
    os.write(terminal.stream.fileno(), b"from a job\n")
    display.changed()
    terminal.until(lambda screen: screen == f"from a job\n{BAR}")
    display.close()
    assert terminal.close() == f"from a job\n{ENDED}"


def test_hundreds_of_lines_at_once_are_a_few_frames(terminal: Terminal) -> None:
    display = Display(terminal.stream, lambda: VIEW)
    for job in range(2000):
        display.say(f"[{job}/2000] Train a · 4.1 s")
    display.close()
    lines = terminal.close().splitlines()
    assert lines == [*(f"[{job}/2000] Train a · 4.1 s" for job in range(2000)), ENDED.strip()]
    assert terminal.received.count("\x1b[J") < 200


def test_a_mistake_in_the_drawing_leaves_the_terminal_and_the_lines(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    views = iter([VIEW])
    display = Display(terminal.stream, lambda: next(views))
    end = time.monotonic() + PATIENCE
    while not told and time.monotonic() < end:
        display.changed()
        time.sleep(0.02)
    display.say("[5/20] Train a · 4.1 s")
    display.close()
    assert terminal.close() == "[5/20] Train a · 4.1 s\n"


def test_a_terminal_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    stream = os.fdopen(slave, "w", encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", stream)
    display = Display(stream, lambda: VIEW)
    os.close(master)
    display.say("[5/20] Train a · 4.1 s")
    display.close()
    with suppress(OSError):
        stream.close()


def test_a_low_terminal_shows_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal(columns=61, rows=3)
    display = Display(terminal.stream, lambda: VIEW)
    terminal.until(lambda screen: screen == "\n" + picture(VIEW, width=60)[0].plain)
    display.close()
    assert terminal.close() == ENDED


SNAKEFILE = """
rule all:
    input: "a.txt", "b.txt"
rule one:
    message: "Make {wildcards.name}"
    output: "{name}.txt"
    shell: "sleep 1; touch {output}"
"""
FAILING = """
onstart:
    import os, time
    while not os.path.exists("go"):
        time.sleep(0.05)
    raise ValueError("no")
"""
# Takes the terminal on its standard input for its own, as a shell's job has it.
OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "snakemake", *sys.argv[1:]])
"""


def snakemake(terminal: Terminal, folder: Path, *options: str, snakefile: str = SNAKEFILE) -> "subprocess.Popen[bytes]":
    """Snakemake with the plugin, in a terminal."""
    (folder / "Snakefile").write_text(snakefile)
    command = [sys.executable, "-c", OWN_TERMINAL, "--cores", "1", "--logger", "datavolume", *options]
    slave = terminal.stream.fileno()
    return subprocess.Popen(command, cwd=folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)


DURATION = r"(\d\.\d s|\d\d s|\d+ min)"  # a busy machine takes its time


def clean(screen: str) -> bool:
    return not re.search("[━╍┄┈]|running|waiting", screen)


def test_snakemake_leaves_a_clean_terminal(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    last_waits = "touch {output}; while [ -e a.txt ] && [ -e b.txt ] && [ ! -e go ]; do sleep 0.05; done"
    process = snakemake(terminal, tmp_path, snakefile=SNAKEFILE.replace("sleep 1; touch {output}", last_waits))
    terminal.until(lambda screen: re.search(r"\n━+╍+ +1 of 2 jobs +50 %\n1 running\n\d+:\d\d", screen))
    (tmp_path / "go").touch()
    assert process.wait(PATIENCE) == 0
    told = terminal.close()
    assert clean(told)
    assert re.fullmatch(
        r"2 jobs: 2 one\n"
        rf"\[1/2\] Make (a|b) · {DURATION}\n"
        rf"\[2/2\] Make (a|b) · {DURATION}\n"
        rf"2 of 2 jobs done in {DURATION}\n",
        told[told.index("2 jobs: ") :],
    )


def test_ctrl_c_leaves_a_clean_terminal(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    process = snakemake(terminal, tmp_path, snakefile=SNAKEFILE.replace("sleep 1", "sleep 100"))
    terminal.until(lambda screen: "1 running" in screen)
    os.write(terminal.master, b"\x03")
    assert process.wait(PATIENCE) != 0
    told = terminal.close()
    assert clean(told)
    assert re.search(r"\n0 of 2 jobs done in .*\n$", told)


def test_an_error_in_the_head_leaves_a_clean_terminal(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    process = snakemake(terminal, tmp_path, snakefile=FAILING + SNAKEFILE)
    terminal.until(lambda screen: "2 waiting" in screen)
    (tmp_path / "go").touch()
    assert process.wait(PATIENCE) != 0
    told = terminal.close()
    assert clean(told)
    assert "ValueError" in told
    assert "0 of 2 jobs done in" in told


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_lines_only_where_nobody_looks(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv(name, value)
    assert snakemake(terminal, tmp_path).wait(PATIENCE) == 0
    told = terminal.close()
    assert "\x1b" not in terminal.received
    assert re.search(rf"\[2/2\] Make (a|b) · {DURATION}\n$", told)


@pytest.mark.parametrize("option", ["--quiet", "--dry-run", "--lint"])
def test_no_progress_where_there_is_none(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.delenv("CI", raising=False)
    snakemake(terminal, tmp_path, option).wait(PATIENCE)
    assert terminal.close()
    assert "\x1b[J" not in terminal.received
