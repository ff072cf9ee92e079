"""What no schema can say: values of one experiment that do not fit together; a mistake is one line, with its place."""

from __future__ import annotations

from collections.abc import Iterator

from datavolume.errors import UserError
from datavolume.study.model import Experiment, Recipe, Resources, Study, Volume
from datavolume.study.validate import nearest

__all__ = ["check_experiment", "check_study"]


def check_experiment(experiment: Experiment, where: str) -> None:
    """Raises UserError with the first mistake, `where` in front of it."""
    for mistake in _mistakes(experiment):
        raise UserError(f"{where}: {mistake}")


def check_study(study: Study, where: str) -> None:
    """Raises UserError for a name of an experiment that the study does not have."""
    names = [experiment.name for experiment in study.experiments]
    for place, wanted in _references(study):
        if wanted not in names:
            raise UserError(f"{where}: {place}: experiment '{wanted}' is unknown{nearest(wanted, names)}")


def _references(study: Study) -> Iterator[tuple[str, str]]:
    """Where an experiment is named, and its name."""
    yield from (("answer.experiments", name) for name in study.answer.experiments)
    for experiment in study.experiments:
        yield from ((f"experiments.{experiment.name}.best_of", name) for name in experiment.best_of)
    for artefact in study.artefacts:
        yield from ((f"artefacts.{artefact.name}", name) for name in artefact.named)


def _mistakes(experiment: Experiment) -> Iterator[str]:
    recipe, resources = experiment.recipe, experiment.resources
    yield from _design(experiment)
    yield from _layout(recipe, resources)
    yield from _tier(recipe)
    yield from _schedule(recipe)
    yield from _network(recipe)
    yield from _phases(recipe, experiment.volumes)
    for volume in experiment.volumes[:1]:
        if volume.imbalance != 1 and volume.balance != "long_tailed":
            yield "subsets.imbalance is read with subsets.balance long_tailed only; set that, or leave it out"
        if volume.imbalance == 1 and volume.balance == "long_tailed":
            yield "subsets.balance long_tailed needs subsets.imbalance, as 100"
    if recipe.early_stopping and not experiment.dataset.tuning:
        yield (
            "recipe.early_stopping watches images that are neither trained on nor tested: set dataset.tuning, as 0.2"
        )


def _design(experiment: Experiment) -> Iterator[str]:
    factors = [factor.name for factor in experiment.vary]
    if not (experiment.architectures or experiment.best_of or "architecture" in factors):
        yield "key 'architectures' is missing"
    if experiment.architectures and experiment.best_of:
        yield "best_of brings the architecture of the best configuration; leave out architectures"
    if experiment.design != "factorial" and not experiment.vary:
        yield f"design {experiment.design} needs vary, as `vary: {{recipe.batch_size: [32, 64]}}`"
    if experiment.design == "one_after_another" and max(len(experiment.architectures), len(experiment.volumes)) > 1:
        yield "design one_after_another takes one architecture and one volume; write an experiment for each"
    decided = experiment.best_of or experiment.design == "one_after_another"
    if decided and experiment.choose.split == "tuning" and not experiment.dataset.tuning and not experiment.best_of:
        yield "values are chosen on the tuning split: set dataset.tuning, as 0.2, or choose: {split: validation}"
    if experiment.start and (decided or experiment.vary):
        yield "start is for plain experiments, without vary and best_of"


def _layout(recipe: Recipe, resources: Resources) -> Iterator[str]:
    """Batch, shards, processes, nodes and GPUs divide one another."""
    for batch in _batches(recipe):
        if batch % recipe.shards:
            yield f"recipe.shards ({recipe.shards}) must divide recipe.batch_size ({batch})"
    if recipe.shards % resources.processes:
        yield (
            f"resources.processes ({resources.processes}) must divide recipe.shards ({recipe.shards}); "
            f"set recipe.shards to {resources.processes} to train on {resources.processes} processes"
        )
    if resources.processes % resources.nodes:
        yield (
            f"resources.nodes ({resources.nodes}) must divide resources.processes ({resources.processes}), "
            "which are those of all nodes"
        )
    if resources.gpus not in (0, resources.processes):
        yield f"resources.gpus ({resources.gpus}) must be 0, or one for each process ({resources.processes})"
    if resources.parallel_seeds > 1 and resources.processes > 1:
        yield "resources.parallel_seeds above 1 is for runs of one process; set resources.processes to 1"


def _batches(recipe: Recipe) -> list[int]:
    return [recipe.batch_size, *(phase.batch_size for phase in recipe.phases if phase.batch_size)]


def _tier(recipe: Recipe) -> Iterator[str]:
    if recipe.tier == "exact" and recipe.precision not in ("auto", "float32"):
        yield f"recipe.precision {recipe.precision} belongs to the fast tier; set recipe.tier: fast, or leave it out"
    if recipe.tier == "exact" and recipe.compile:
        yield "recipe.compile belongs to the fast tier; set recipe.tier: fast, or leave it out"


def _schedule(recipe: Recipe) -> Iterator[str]:
    if recipe.schedule == "step" and recipe.decay_every is None:
        yield "recipe.schedule step needs recipe.decay_every"
    if recipe.schedule == "multistep" and not (
        recipe.milestones or all(p.milestones for p in recipe.phases or (recipe,))
    ):
        yield "recipe.schedule multistep needs recipe.milestones"
    if recipe.schedule != "step" and recipe.decay_every is not None:
        yield f"recipe.decay_every is read by recipe.schedule step only, not by {recipe.schedule}"
    if recipe.schedule != "multistep" and recipe.milestones:
        yield f"recipe.milestones are read by recipe.schedule multistep only, not by {recipe.schedule}"
    if list(recipe.milestones) != sorted(set(recipe.milestones)):
        yield "recipe.milestones must grow"


def _network(recipe: Recipe) -> Iterator[str]:
    network = recipe.network
    if network.frozen and not network.pretrained:
        yield "recipe.network.frozen keeps the weights as they are drawn; set recipe.network.pretrained: true"


def _phases(recipe: Recipe, volumes: tuple[Volume, ...]) -> Iterator[str]:
    for number, phase in enumerate(recipe.phases):
        name = f"recipe.phases[{number}]"
        if (phase.fraction is None) == (phase.size is None):
            yield f"{name} must have exactly one of fraction, size"
        for volume in volumes:
            if volume.mode != "nested":
                yield f"{name}: phases are nested subsets; set subsets.mode: nested"
            if phase.fraction and volume.fraction and phase.fraction > volume.fraction:
                yield f"{name}.fraction ({phase.fraction:g}) is above the run's own ({volume.fraction:g})"
            if phase.size and volume.size and phase.size > volume.size:
                yield f"{name}.size ({phase.size}) is above the run's own ({volume.size})"
