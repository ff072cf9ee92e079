"""What is estimated of a study, as values and as lines for people.

estimate.summary()        at most six lines, for a dry run
estimate.lines()          the same, a line a configuration, and what the hours rest on
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from datavolume.estimate.cost import Cost
from datavolume.estimate.limits import Limit, starts
from datavolume.estimate.words import count, duration, hours, size

__all__ = ["Estimate", "Row", "Undecided"]

_NAMED = 3  # stages
_REQUEUES = 10  # the executor's, unless --submitit-requeues says otherwise
_BASES = {
    "measured": "measured by `snakemake timing`",
    "stated": "stated in config/throughput.csv",
    "scaled": "scaled by multiply-adds from config/throughput.csv",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A configuration. `jobs` are the runs of each of its jobs; `cost` is None where `unknown` says why.

    `units`: GPUs, or CPU cores, of one job; `runtime`: minutes that it asks for.
    """

    configuration: str
    network: str
    volume: str
    experiments: tuple[str, ...]
    jobs: tuple[int, ...]
    device: str
    units: int
    runtime: int
    cost: Cost | None
    unknown: str = ""

    @property
    def runs(self) -> int:
        return sum(self.jobs)

    @property
    def longest_seconds(self) -> float:
        return self.cost.job_seconds(max(self.jobs)) if self.cost else 0.0

    @property
    def device_hours(self) -> float:
        """GPU hours, or core hours, of all its jobs."""
        return sum(map(self.cost.job_seconds, self.jobs)) * self.units / 3600 if self.cost else 0.0

    @property
    def disk(self) -> int:
        return self.runs * self.cost.disk if self.cost else 0


@dataclass(frozen=True)
class Undecided:
    """A stage that is still to be decided, and at most how many runs, of how many device hours, come after it."""

    experiment: str
    stage: str
    runs: int
    device_hours: float
    device: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """`points`: places of runs in experiments, several of which may be one run; None where no design was given."""

    study: str
    scale: str
    rows: tuple[Row, ...]
    undecided: tuple[Undecided, ...]
    points: int | None
    limit: Limit | None

    @property
    def runs(self) -> int:
        return sum(row.runs for row in self.rows)

    @property
    def jobs(self) -> int:
        return sum(len(row.jobs) for row in self.rows)

    @property
    def saved(self) -> int:
        """Runs that several places of the designs share, so that they are trained once."""
        return 0 if self.points is None else self.points - self.runs

    @property
    def disk(self) -> int:
        """Bytes of checkpoints and predictions once all runs have ended."""
        return sum(row.disk for row in self.rows)

    def device_hours(self, *, gpu: bool) -> float:
        """Of the planned runs on GPUs, or on CPU cores; what is undecided comes on top."""
        return sum(row.device_hours for row in self.rows if (row.device != "cpu") == gpu)

    @property
    def longest(self) -> Row | None:
        """The configuration of the longest job."""
        return max((row for row in self.rows if row.cost), key=lambda row: row.longest_seconds, default=None)

    def summary(self) -> list[str]:
        parts = [self._counted(), self._open(), self._hours(), self._longest(), self._disk(), self._unknown()]
        return [part for part in parts if part]

    def lines(self) -> list[str]:
        return [*self.summary(), "", *map(_line, self.rows), "", *self.notes()]

    def notes(self) -> list[str]:
        """What the hours rest on, one line a source."""
        networks: dict[tuple[str, str], dict[str, None]] = {}
        for row in self.rows:
            if row.cost:
                networks.setdefault((row.device, row.cost.speed.source), {})[row.network] = None
        counted = [f"images/s of {', '.join(of)} on {device}: {why}" for (device, why), of in networks.items()]
        several = any(row.units > 1 for row in self.rows)
        stops = any(row.cost and row.cost.work.stops_early for row in self.rows)
        linear = ["Several GPUs or threads are counted as so many times one."] if several else []
        return [*counted, *linear, *(["Early stopping is counted as if it never came."] if stops else [])]

    def _counted(self) -> str:
        said = f"{count(self.runs, 'run')} of {count(len(self.rows), 'configuration')} in {count(self.jobs, 'job')}"
        if self.points is None:
            return f"Plan: {said}"
        saved = f"; {count(self.saved, 'run')} saved by sharing ({self.points} places in the designs)"
        return f"Plan: {said}{saved if self.saved else '; none shared'}"

    def _open(self) -> str:
        if not self.undecided:
            return ""
        stages = ", ".join(f"{one.experiment} ({one.stage})" for one in self.undecided[:_NAMED])
        stages += f" and {len(self.undecided) - _NAMED} more" if len(self.undecided) > _NAMED else ""
        kinds = {"GPU": [one for one in self.undecided if one.device != "cpu"]}
        kinds["core"] = [one for one in self.undecided if one.device == "cpu"]
        spent = " and ".join(
            f"{hours(sum(one.device_hours for one in those))} {kind} hours" for kind, those in kinds.items() if those
        )
        runs = sum(one.runs for one in self.undecided)
        return f"Still to be decided: {stages}; then at most {count(runs, 'run')}, about {spent} on top"

    def _hours(self) -> str:
        said = []
        for gpu, word in ((True, "GPU"), (False, "core")):
            rows = [row for row in self.rows if row.cost and (row.device != "cpu") == gpu]
            if rows:
                devices = ", ".join(dict.fromkeys(row.device for row in rows))
                on = f" on {devices}" if gpu else ""
                said.append(f"{hours(sum(row.device_hours for row in rows))} {word} hours{on}")
        if not said:
            return ""
        bases = Counter(row.cost.speed.basis for row in self.rows if row.cost)
        rest = ", ".join(
            f"{count(bases[basis], 'configuration')} {words}" for basis, words in _BASES.items() if bases[basis]
        )
        most = "At most " if any(row.cost and row.cost.work.stops_early for row in self.rows) else ""
        return f"{most}{' and '.join(said)} (images/s: {rest})"

    def _longest(self) -> str:
        row = self.longest
        if row is None:
            return ""
        others = [starts(other.longest_seconds, other.runtime) - 1 for other in self.rows if other is not row]
        again = [times for times in others if times]
        said = f"Longest job: {duration(row.longest_seconds)}, {row.configuration}; {self._fits(row)}"
        if not again:
            return said
        return (
            f"{said}; {count(len(again), 'other configuration')} past theirs, up to {count(max(again), 'requeue')} each"
        )

    def _fits(self, row: Row) -> str:
        asked = f"resources.runtime {row.runtime} min"
        partition = self._partition(row)
        again = starts(row.longest_seconds, row.runtime) - 1
        if not again:
            return f"fits {asked}{partition}"
        many = f"{count(again, 'requeue')} from its checkpoint"
        advice = f", more than the {_REQUEUES} that are allowed: raise it" if again > _REQUEUES else ""
        return f"past {asked}: {many}{advice}{partition}"

    def _partition(self, row: Row) -> str:
        """Against Slurm's limit, where there is one: a job that asks for more is refused, or waits for ever."""
        if self.limit is None:
            return ""
        name, minutes = self.limit.partition, self.limit.minutes
        if minutes is None:
            return f" (partition {name} has no limit)"
        if row.runtime > minutes:
            return (
                f", which is MORE THAN partition {name} allows ({minutes:g} min): lower it, or name another partition"
            )
        return f" (partition {name} allows {minutes:g} min)"

    def _disk(self) -> str:
        rows = [row for row in self.rows if row.cost]
        if not rows:
            return ""
        each = max(row.cost.disk for row in rows if row.cost)
        return f"Disk: {size(self.disk)} of checkpoints and predictions once all have ended, at most {size(each)} a run"

    def _unknown(self) -> str:
        reasons: Counter[str] = Counter()
        for row in self.rows:
            if row.unknown:
                reasons[row.unknown] += row.runs
        left = "; ".join(f"{count(runs, 'run')}, {why}" for why, runs in reasons.items())
        return f"Not in these numbers: {left}" if left else ""


def _line(row: Row) -> str:
    said = f"{row.configuration}: {count(row.runs, 'run')} of {row.volume}"
    if row.cost is None:
        return f"{said}, {row.unknown}"
    work = row.cost.work
    return (
        f"{said}, {work.updates} updates and {work.images} images each, {duration(row.cost.run_seconds)} each, "
        f"{hours(row.device_hours)} {'core' if row.device == 'cpu' else 'GPU'} hours in all"
    )
