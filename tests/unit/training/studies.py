"""Small real studies of digits in a folder of their own; plan, index and subsets as the workflow makes them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datavolume.data.index import build_index, load_index
from datavolume.data.subsets import choose_subset, write_subset
from datavolume.study import Budget, Dataset, Experiment, Paths, Plan, Recipe, Resources, Study, Volume, expand
from datavolume.study.plan import PlannedRun, write_plan
from datavolume.training.block import train_block
from datavolume.training.surviving.signals import StopRequest

DETERMINISTIC = ("metrics.csv", "summary.csv", "predictions.npz")


def make_study(
    root: Path,
    *,
    architecture: str = "mlp",
    seeds: tuple[int, ...] = (0,),
    seeds_per_job: int = 5,
    resources: Resources | None = None,
    dataset: Dataset | None = None,
    **recipe: Any,
) -> tuple[Paths, Plan]:
    """One configuration: a tenth of digits, 30 updates of 32 images, 3 evaluations; `recipe` changes that."""
    values: dict[str, Any] = {"budget": Budget(updates=30), "evaluations": 3, "schedule": "cosine", **recipe}
    experiment = Experiment(
        name="test",
        dataset=dataset or Dataset(name="digits"),
        architectures=(architecture,),
        volumes=(Volume(fraction=0.1),),
        seeds=seeds,
        recipe=Recipe(**values),
        resources=resources or Resources(),
    )
    return make_experiments(root, experiment, seeds_per_job=seeds_per_job)


def make_experiments(root: Path, *experiments: Experiment, seeds_per_job: int = 5) -> tuple[Paths, Plan]:
    """These experiments, planned, with the data of each run."""
    study = Study(
        name="test",
        scale="full",
        title="Test",
        question="How many?",
        margin=0.01,
        seeds_per_job=seeds_per_job,
        experiments=experiments,
        text={},
    )
    paths, plan = Paths(root / "study"), expand(study)
    write_plan(plan, paths.plan)
    for planned in {run.configuration: run for run in plan.runs}.values():
        _prepare_data(paths, planned)
    return paths, plan


def _prepare_data(paths: Paths, planned: PlannedRun) -> None:
    run = planned.unpack()
    build_index(run.dataset, paths, paths.root)
    index = load_index(paths, planned.dataset)
    train = index.train_samples
    for subset, volume in planned.subsets.items():
        ids = choose_subset(train, index.labels[train], volume, dataset=index.name, classes=index.classes)
        write_subset(paths.subset(planned.dataset, subset), ids)


class StopAtLook(StopRequest):
    """Asks to stop when it is looked at for the n-th time: once before the run, then at every step."""

    def __init__(self, look: int) -> None:
        self._left = look

    @property
    def signal(self) -> int:
        self._left -= 1
        return 15 if self._left <= 0 else 0


def train_all(paths: Paths, plan: Plan, *, checkpoint_seconds: float = 60.0, stop: StopRequest | None = None) -> None:
    """Every block of the plan, in this process."""
    for block in plan.blocks.values():
        train_block(paths, block, checkpoint_seconds, stop or StopRequest())


def deterministic_bytes(paths: Paths, plan: Plan) -> list[bytes]:
    """The files of every block that must not depend on interruptions."""
    return [
        paths.run_file(configuration, block, name).read_bytes()
        for configuration, block in plan.blocks
        for name in DETERMINISTIC
    ]


def command(paths: Paths, plan: Plan, *options: str) -> list[str]:
    """Arguments of `python -m datavolume.training` for the plan's first block."""
    configuration, block = next(iter(plan.blocks))
    return ["--results", str(paths.root), "--configuration", configuration, "--block", block, *options]


def updates_in(names: Iterable[Path]) -> list[int]:
    return sorted(int(name.stem.removeprefix("update-")) for name in names)
