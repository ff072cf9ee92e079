"""Write what `datavolume` prints under each of its calls in docs/statistics.md.

    python docs/run_examples.py             writes the document
    python docs/run_examples.py --check     exits with 1 where it is not in step

A call is a console block whose first line starts with `$ datavolume`; it runs in the repository's root.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
from pathlib import Path

from datavolume.__main__ import main as datavolume
from datavolume.files import write_text

__all__ = ["DOCUMENT", "blocks", "printed", "rewritten"]

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/statistics.md"
_BLOCK = re.compile(r"```console\n\$ (datavolume [^\n]*)\n(.*?)```", re.DOTALL)


def blocks(text: str) -> list[tuple[str, str]]:
    """Each call with what stands under it."""
    return _BLOCK.findall(text)


def printed(command: str) -> str:
    """What the call prints now; raises RuntimeError where it fails."""
    out = io.StringIO()
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(out):
        code = datavolume(shlex.split(command)[1:])
    if code:
        raise RuntimeError(f"{command}: exit code {code}")
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def rewritten(text: str) -> str:
    """The document with what the calls print now."""
    return _BLOCK.sub(lambda found: f"```console\n$ {found[1]}\n{printed(found[1])}```", text)


def main(arguments: list[str]) -> int:
    os.environ["COLUMNS"] = "120"
    text = DOCUMENT.read_text(encoding="utf-8")
    now = rewritten(text)
    if arguments == ["--check"]:
        return int(now != text)
    write_text(DOCUMENT, now)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
