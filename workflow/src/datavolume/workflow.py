"""What rules ask for: the study, its plan, and what each job and each artefact needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datavolume.errors import UserError
from datavolume.planning import Planning
from datavolume.showing import Showing
from datavolume.study import (
    Dataset,
    Paths,
    Plan,
    PlannedRun,
    Study,
    Volume,
)
from datavolume.study.validate import nearest

if TYPE_CHECKING:
    from datavolume.estimate import Estimate
    from datavolume.estimate.cases import Case

__all__ = ["Workflow", "answer_of"]


@dataclass(frozen=True)
class Workflow:
    """One study at one scale, as the rules see it."""

    study: Study
    file: Path
    paths: Paths
    data_folder: str
    device: str = ""
    written: Plan | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def planning(self) -> Planning:
        return Planning(self.study, self.paths)

    @property
    def plan(self) -> Plan:
        """What the head wrote; in the head, and where a design decides on the way, what is known by now."""
        return self.written or self.planning.plan

    @cached_property
    def showing(self) -> Showing:
        return Showing(self.study, self.file, self.paths, several_subsets=bool(self.compared))

    def foreword(self, *, dry_run: bool) -> str:
        """What the head says first: what is left out and why; in a dry run, what the study would take."""
        lines = [f"Left out, experiment {name}: {reason}" for name, reason in self.left_out.items()]
        lines += [f"Needed before training, experiment {name}: {reason}" for name, reason in self.absent.items()]
        return "\n".join([*lines, *(self._estimate.summary() if dry_run else [])])

    @property
    def _estimate(self) -> Estimate:
        from datavolume.estimate import describe, slurm_limit

        planning, device = self.planning, self.device or None
        return describe(
            self.study,
            planning.plan,
            planning.laid_out,
            paths=self.paths,
            device=device,
            limit=slurm_limit(),
            count=False,
        )

    @cached_property
    def cases(self) -> dict[str, Case]:
        """What a timing run tells apart: networks at a size, batch and tier."""
        from datavolume.estimate.cases import cases

        return dict(cases(self.plan, self.paths))

    def case(self, name: str) -> Case:
        """Raises UserError for a name that the plan does not have."""
        if name not in self.cases:
            raise UserError(f"the plan has no timing case '{name}'{nearest(name, self.cases)}")
        return self.cases[name]

    @property
    def timed(self) -> list[Path]:
        """The timing runs that were made."""
        return sorted((self.paths.root / "timing").glob("*.csv"))

    @property
    def datasets(self) -> list[str]:
        """The ids of all that runs train on."""
        return list(dict.fromkeys(run.dataset for run in self.plan.runs))

    def candidate_files(self, experiment: str, stage: str) -> list[Path]:
        """The metrics that a stage is decided by."""
        candidates = self.planning.decision(experiment, stage).candidates.values()
        runs = [self.plan.find(run) for runs in candidates for run in runs]
        files = [self.paths.run_file(run.configuration, run.block, "metrics.csv") for run in runs]
        return list(dict.fromkeys(files))

    def job(self, configuration: str, block: str) -> PlannedRun:
        """The first run of a seed block; what a job asks for is the same for all of them."""
        return self.plan.block(configuration, block)[0]

    def run_files(self, name: str) -> list[Path]:
        """The file of that name of every seed block."""
        return [self.paths.run_file(configuration, block, name) for configuration, block in self.plan.blocks]

    def training_inputs(self, configuration: str, block: str) -> dict[str, Path | list[Path]]:
        """The data and subsets of one job, pretrained weights and the runs that its runs start from, by name."""
        run = self.job(configuration, block)
        files = ("index.parquet", "images.npy", "classes.json")
        data = {Path(file).stem: self.paths.data_file(run.dataset, file) for file in files}
        subsets = [self.paths.subset(run.dataset, subset) for subset in run.subsets]
        return {**data, "subset": subsets, **self._weights(run), **self._origins(configuration, block)}

    def _weights(self, run: PlannedRun) -> dict[str, Path | list[Path]]:
        return {"weights": self.paths.weights(run.architecture)} if '"pretrained":true' in run.spec else {}

    def _origins(self, configuration: str, block: str) -> dict[str, Path | list[Path]]:
        """Metrics of the runs that these start from; the checkpoints, no outputs of any rule, are as old."""
        if '"start":' not in self.job(configuration, block).spec:
            return {}
        starts = [run.unpack().start for run in self.plan.block(configuration, block)]
        origins = [self.plan.find(start.run) for start in starts if start]
        files = [self.paths.run_file(run.configuration, run.block, "metrics.csv") for run in origins]
        return {"origins": list(dict.fromkeys(files))}

    def dataset(self, name: str) -> Dataset:
        """The dataset of an id. Raises UserError where no run uses it."""
        for run in self.plan.runs:
            if run.dataset == name:
                return run.unpack().dataset
        raise UserError(f"the plan has no dataset {name}; run `snakemake plan` again")

    def dataset_options(self, name: str) -> dict[str, Any]:
        """What a study says of a dataset: the same for the same id, whichever study it is."""
        dataset = self.dataset(name)
        return {key: value for key, value in asdict(dataset).items() if value != getattr(Dataset, key, None)}

    def fetched(self, dataset: str) -> list[Path]:
        """What says that a dataset was fetched, where it is one that can be."""
        from datavolume.data import can_be_fetched

        return [self.paths.data_file(dataset, "fetched.json")] if can_be_fetched(self.dataset(dataset)) else []

    def listing(self, dataset: str) -> str:
        """Changes when images are added to a user's data; once they are indexed, the originals may also be gone."""
        from datavolume.data import listing

        report = self.paths.data_file(dataset, "prepared.json")
        now = listing(self.dataset(dataset))
        if now or not report.is_file():
            return now
        before: str = json.loads(report.read_text(encoding="utf-8"))["listing"]
        return before

    @cached_property
    def compared(self) -> list[tuple[str, list[str]]]:
        """Datasets, each with the ids of its subsets of one volume that were drawn with several seeds."""
        groups: dict[tuple[str, Volume], dict[str, None]] = {}
        for run in {(run.dataset, run.subset): run for run in self.plan.runs}.values():
            for subset, volume in run.subsets.items():
                groups.setdefault((run.dataset, replace(volume, seed=0)), {})[subset] = None
        return [(dataset, list(names)) for (dataset, _), names in groups.items() if len(names) > 1]

    @property
    def compared_subsets(self) -> list[Path]:
        return [self.paths.subset(dataset, name) for dataset, names in self.compared for name in names]

    @property
    def decoded(self) -> str:
        """A pattern: the names of the datasets whose images are files, to be decoded when they are indexed."""
        from datavolume.data import file_datasets

        return f"(?:{'|'.join(file_datasets())})"

    @property
    def answer(self) -> str:
        return answer_of(self.paths)


def answer_of(paths: Paths) -> str:
    """Question, answer, outlook, and where they stand; empty while there is no report."""
    file = paths.analysis("answer.json")
    if not (file.is_file() and paths.report.is_file()):
        return ""
    answer = json.loads(file.read_text(encoding="utf-8"))
    told = [answer["question"], answer["answer"], *filter(None, [answer.get("outlook")])]
    return "\n{}\n\nReport: {}\nAnswer: {}\n".format("\n".join(told), paths.report, file)
