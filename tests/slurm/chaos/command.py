"""The command: a quiet run, rounds under faults, and the verdict. Exit code 1 on a breach; the folder is kept then."""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from loopback.client import held_cluster, why_not

from .faults import DEFAULT, FAULTS
from .grids import GRIDS
from .runs import Outcome, Plan, quiet_run, run_under_faults

__all__ = ["main"]

SHOWN = 12  # breaches; the number of all is told


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = parser().parse_args(arguments)
    reason = why_not(install=os.geteuid() == 0)
    if reason:
        print(reason, file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="chaos-")) if options.folder is None else Path(options.folder).resolve()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    plan = Plan(GRIDS[options.grid], seed, 60 * options.minutes, tuple(options.faults), options.retries)
    try:
        outcome = run(folder, plan)
    except KeyboardInterrupt:
        print(f"seed {seed}: interrupted; kept: {folder}", file=sys.stderr)
        return 130
    print(summary(plan, outcome), flush=True)
    if outcome.breaches:
        print(f"kept: {folder}")
        return 1
    if options.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def run(folder: Path, plan: Plan) -> Outcome:
    """A private cluster, a quiet run on it, then as many rounds under faults as fill the time."""
    print(f"seed {plan.seed}, {plan.seconds:.0f} s of faults, grid {plan.grid.name}, in {folder}", flush=True)
    with held_cluster(folder / "cluster") as slurm:
        quiet = quiet_run(slurm, folder / "quiet", plan)
        return run_under_faults(slurm, folder, plan, quiet)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    reader = argparse.ArgumentParser(prog="chaos", description="A grid under random faults, held against a quiet one.")
    reader.add_argument("--minutes", type=float, default=3, help="of faults (default: 3)")
    reader.add_argument("--seed", type=int, help="of the faults' order and times (default: a new one, printed)")
    reader.add_argument("--grid", choices=GRIDS, default="study", help="what is trained (default: study)")
    reader.add_argument(
        "--faults", nargs="+", choices=FAULTS, default=DEFAULT, metavar="FAULT", help=f"of {', '.join(FAULTS)}"
    )
    reader.add_argument("--retries", type=int, default=5, help="Snakemake's (default: 5)")
    reader.add_argument("--folder", help="for everything, kept at the end (default: a temporary one)")
    return reader


def summary(plan: Plan, outcome: Outcome) -> str:
    """The figures and the verdict."""
    trainings = plan.grid.trainings
    lines = [
        "",
        "| | quiet | under faults |",
        "|---|---:|---:|",
        f"| trainings | {trainings} | {trainings * outcome.rounds} in {outcome.rounds} rounds |",
        f"| starts of trainings | {outcome.quiet.starts} | {outcome.starts} |",
        f"| calls of sbatch | {outcome.quiet.submissions} | {outcome.submissions} |",
        f"| starts of the head | 1 | {outcome.heads} |",
        f"| heads that ended with an error | 0 | {outcome.failed_heads} |",
        "",
        "faults: " + ", ".join(f"{name} {count}" for name, count in sorted(Counter(outcome.struck).items())),
        *(f"BREACH: {breach}" for breach in outcome.breaches[:SHOWN]),
        f"seed {plan.seed}: "
        + (f"{len(outcome.breaches)} breach(es)" if outcome.breaches else "every result is the same"),
    ]
    return "\n".join(lines)
