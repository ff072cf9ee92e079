"""Every path of a study's results, in one class; a Snakemake wildcard may stand in for any argument.

paths = Paths(Path("results/digits"))
paths.run_file("mlp-f0.25-bs32-88d0b3c1fe", "0-4", "metrics.csv")
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["FIGURE_FORMATS", "RUN_FILES", "TABLE_FORMATS", "Paths"]

RUN_FILES = ("metrics.csv", "timing.csv", "summary.csv", "predictions.npz", "environment.json")
FIGURE_FORMATS = ("pdf", "svg", "png")
TABLE_FORMATS = ("csv", "tex", "html")


@dataclass(frozen=True)
class Paths:
    """`root` is `<results>/<study>`, or `<results>/<study>-smoke` at that scale."""

    root: Path

    @property
    def plan(self) -> Path:
        return self.root / "plan.csv"

    @property
    def study(self) -> Path:
        """The study as it was planned, at its scale: what jobs and the report read."""
        return self.root / "study.yaml"

    @property
    def estimate(self) -> Path:
        """What the plan will take, a row a configuration."""
        return self.root / "estimate.csv"

    def timing(self, case: str) -> Path:
        """Images a second of a network at a size, as a short run measured them."""
        return self.root / "timing" / f"{case}.csv"

    @property
    def report(self) -> Path:
        return self.root / "report.html"

    def data_file(self, dataset: str, name: str) -> Path:
        """`name` is `index.parquet`, `images.npy`, `classes.json` or `prepared.json`; all studies share a data set."""
        return self.root.parent / "data" / dataset / name

    def weights(self, architecture: str) -> Path:
        """Pretrained weights of an architecture, shared by all studies."""
        return self.root.parent / "data" / "weights" / f"{architecture}.pt"

    def subset(self, dataset: str, subset: str) -> Path:
        return self.root / "subsets" / dataset / f"{subset}.npy"

    def run_file(self, configuration: str, block: str, name: str) -> Path:
        """`name` is one of RUN_FILES; `block` is a seed block's label, as `0-4`."""
        return self.root / "runs" / configuration / f"seeds~{block}" / name

    def checkpoints(self, run: str) -> Path:
        """Never a rule's output: Snakemake deletes outputs before it retries."""
        return self.root / "checkpoints" / run

    def collected(self, name: str) -> Path:
        """`name` is `metrics`, `timing`, `summary` or `points`."""
        return self.root / "collected" / f"{name}.parquet"

    def decided(self, experiment: str, stage: str, suffix: str = "json") -> Path:
        """What was found best of a stage (json), and the plan of the runs that follow it (csv)."""
        return self.root / "decided" / experiment / f"{stage}.{suffix}"

    def analysis(self, name: str) -> Path:
        return self.root / "analysis" / name

    def figure(self, name: str, suffix: str) -> Path:
        return self.root / "figures" / f"{name}.{suffix}"

    def table(self, name: str, suffix: str) -> Path:
        return self.root / "tables" / f"{name}.{suffix}"
