"""The command's options; the work is done elsewhere, and imported only when it is asked for.

run(["forecast", "curve.csv", "--to", "20000"])     the exit code: 0, or 2 for what the user can mend
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from datavolume.errors import UserError

__all__ = ["app", "run"]

WRONG = 2  # exit code

app = typer.Typer(
    help="How much data is enough? Forecasts and comparisons of CSV files.",
    epilog="Exit codes: 0; 2 where the file or an option is to be mended, with one line on standard error.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from datavolume import __version__

        print(f"datavolume {__version__}")
        raise typer.Exit


@app.callback()
def _all(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """How much data is enough? Forecasts and comparisons of CSV files."""


@app.command("forecast", epilog="Example: datavolume forecast curve.csv --to 20000,10x --target 0.95 --plot curve.svg")
def _forecast(
    file: Annotated[str, typer.Argument(metavar="CURVE.CSV", help="Columns n,value[,seed]; - reads standard input.")],
    to: Annotated[
        list[str] | None,
        typer.Option(help="Sizes to forecast: 20000, a list 20000,50000, or 10x the largest. Default: 2x,4x,10x."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="accuracy, error (shares, 0 to 1) or loss. Default: by the values.")
    ] = None,
    level: Annotated[float, typer.Option(help="Of the intervals: how often they are to hold.")] = 0.9,
    target: Annotated[float | None, typer.Option(help="Also the n that reaches this value.")] = None,
    margin: Annotated[float | None, typer.Option(help="Also the smallest n within this of the largest size.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw to this file: .png, .svg or .pdf.")] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of tables: forecast, level, weights, warnings.")
    ] = False,
) -> None:
    """What more data would give, with an interval."""
    from datavolume.command.forecasted import Asked
    from datavolume.command.forecasting import forecast_file

    asked = Asked(tuple(to or ()), kind, level, target, margin)
    forecast_file(file, asked, plot=plot, json=json)


@app.command("compare", epilog="Example: datavolume compare runs.csv --metric accuracy --factor n,architecture")
def _compare(
    file: Annotated[str, typer.Argument(metavar="RUNS.CSV", help="A row a run; - reads standard input.")],
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Column to compare; may repeat or be a list a,b. Default: value, or all numbers."),
    ] = None,
    factor: Annotated[
        list[str] | None,
        typer.Option(help="Column of a factor; may repeat or be a list a,b. Default: n, architecture, ..."),
    ] = None,
    seed: Annotated[str | None, typer.Option(help="Column of the seed. Default: seed, if there is one.")] = None,
    level: Annotated[float, typer.Option(help="Of the intervals: how often they are to hold.")] = 0.95,
    pairs: Annotated[bool, typer.Option("--pairs", help="Also print every pair of levels.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON: means, anova, checks, tests, pairs, warnings.")
    ] = False,
) -> None:
    """Which factors matter: analysis of variance and comparisons of pairs, over a table of runs."""
    from datavolume.command.comparing import compare_file

    compare_file(file, metrics=metric, factors=factor, seed=seed, level=level, pairs=pairs, json=json)


def run(arguments: Sequence[str]) -> int:
    """Prints one line on standard error for a mistake."""
    try:
        return int(app(list(arguments), prog_name="datavolume", standalone_mode=False) or 0)
    except UserError as error:
        return _mistake(str(error))
    except TyperException as error:
        return _misused(" ".join(error.format_message().split()))
    except typer.Abort:
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _mistake(message: str) -> int:
    print(f"Error: {message}", file=sys.stderr)
    return WRONG


def _misused(message: str) -> int:
    """Without arguments there is no message: the help stands there already."""
    return _mistake(f"{message.rstrip('.')}; datavolume --help lists what there is") if message else WRONG
