"""How a workflow script meets Snakemake: one line for a user's mistake, the traceback in the log for ours.

if "snakemake" in globals():
    with reporting(snakemake.log):
        collect(plan=Path(snakemake.input.plan), ...)
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from datavolume.errors import UserError

__all__ = ["reporting"]


@contextmanager
def reporting(logs: Sequence[str]) -> Iterator[None]:
    """Log to the rule's first log file; print a UserError as one line, and exit with 1 after any error."""
    log = Path(logs[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    try:
        yield
    except UserError as error:
        logging.error("%s", error)
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        logging.error("%s", traceback.format_exc())
        print(f"Error: {type(error).__name__}: {error} (the traceback is in {log})", file=sys.stderr)
        sys.exit(1)
