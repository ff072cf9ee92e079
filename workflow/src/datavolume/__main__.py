"""The command `datavolume`, and `python -m datavolume`.

datavolume forecast curve.csv --to 20000        what more data would give, of any CSV file
datavolume compare runs.csv                     analysis of variance and pairs, likewise
datavolume answer results/digits                the answer of a finished study; `answer` may be left out
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from datavolume.command.app import app, run

COMMANDS = ("answer", "compare", "forecast")


@app.command("answer")
def _answer(
    results: Annotated[str, typer.Argument(metavar="RESULTS", help="A study's folder, as results/digits.")],
) -> None:
    """Print the answer of a finished study again."""
    from pathlib import Path

    from datavolume.errors import UserError
    from datavolume.study import Paths
    from datavolume.workflow import answer_of

    found = answer_of(Paths(Path(results)))
    if not found:
        raise UserError(f"{results}: there is no report yet; run the study first")
    print(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; `arguments` without the program's name."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) == 1 and _folder(given[0]):
        given = ["answer", *given]
    return run(given)


def _folder(text: str) -> bool:
    """Whether it is a path rather than a command."""
    from pathlib import Path

    return text not in COMMANDS and not text.startswith("-") and ("/" in text or Path(text).is_dir())


if __name__ == "__main__":
    sys.exit(main())
