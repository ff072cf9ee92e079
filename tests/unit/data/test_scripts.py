"""The workflow's two data scripts, called as Snakemake's adapters call them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from datavolume.data.index import load_index
from datavolume.data.subsets import load_subset
from datavolume.errors import UserError
from datavolume.study import (
    Dataset,
    Experiment,
    Paths,
    Recipe,
    Resources,
    Study,
    Volume,
    dataset_id,
    expand,
    write_plan,
)
from datavolume.study.identity import subset_id

DATASET = Dataset(name="digits")
VOLUMES = (Volume(fraction=0.05), Volume(size=500, mode="independent", seed=3))


def script(name: str) -> ModuleType:
    file = Path(__file__).parents[3] / "workflow" / "scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"script_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A planned study of the digits in two volumes."""
    experiment = Experiment(
        name="volumes",
        dataset=DATASET,
        architectures=("mlp",),
        volumes=VOLUMES,
        seeds=(0, 1),
        recipe=Recipe(),
        resources=Resources(),
    )
    study = Study(
        name="s", scale="full", title="", question="", margin=0.01, seeds_per_job=2, experiments=(experiment,), text={}
    )
    paths = Paths(tmp_path / "results")
    write_plan(expand(study), paths.plan)
    return paths


def test_index_and_subsets_of_a_plan(paths, tmp_path):
    name = dataset_id(DATASET)
    script("index").index(plan=paths.plan, dataset=name, results=paths.root, data_folder=tmp_path)
    index = load_index(paths, name)
    sizes = []
    for volume in VOLUMES:
        output = paths.subset(name, subset_id(volume))
        script("subset").subset(
            plan=paths.plan, dataset=name, subset=subset_id(volume), results=paths.root, output=output
        )
        ids = load_subset(output, index)
        sizes.append(len(ids))
        assert len(np.unique(index.labels[ids])) == 10
    assert sizes == [70, 500]


def test_what_is_not_in_the_plan_gets_one_line(paths, tmp_path):
    with pytest.raises(UserError, match=r"plan\.csv: no run uses dataset other"):
        script("index").index(plan=paths.plan, dataset="other", results=paths.root, data_folder=tmp_path)
    with pytest.raises(UserError, match=r"plan\.csv: no run uses subset f0\.9"):
        script("subset").subset(
            plan=paths.plan, dataset=dataset_id(DATASET), subset="f0.9", results=paths.root, output=tmp_path / "x.npy"
        )
