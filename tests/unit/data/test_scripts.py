"""The workflow's data scripts, called as Snakemake's adapters call them."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from unit.data.test_fetch import split_of

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
    folder = paths.data_file(name, "index.parquet").parent
    script("index").index(dataset=DATASET, folder=folder, data_folder=tmp_path, threads=1, listing="")
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
    with pytest.raises(UserError, match=r"plan\.csv: no run uses subset f0\.9"):
        script("subset").subset(
            plan=paths.plan, dataset=dataset_id(DATASET), subset="f0.9", results=paths.root, output=tmp_path / "x.npy"
        )


def test_a_fetch_says_what_it_looked_for(tmp_path):
    split_of(tmp_path / "imagenette2-320")
    output = tmp_path / "results" / "fetched.json"
    script("fetch").fetch(dataset=Dataset(name="Imagenette"), data_folder=tmp_path, output=output)
    assert json.loads(output.read_text()) == {"name": "Imagenette", "folder": str(tmp_path)}
    dataset = Dataset(name="ImageNet", path=str(tmp_path))
    with pytest.raises(UserError, match="ImageNet; it cannot be fetched"):
        script("fetch").fetch(dataset=dataset, data_folder=tmp_path, output=tmp_path / "none.json")
    assert not (tmp_path / "none.json").exists()


def test_weights_are_fetched_to_their_file(tmp_path, monkeypatch):
    module = script("weights")
    monkeypatch.setattr(module, "fetch_weights", lambda name, path: path.write_text(name))
    module.weights(architecture="resnet18", output=tmp_path / "resnet18.pt")
    assert (tmp_path / "resnet18.pt").read_text() == "resnet18"


def test_subsets_of_one_volume_are_compared(paths, tmp_path):
    test_index_and_subsets_of_a_plan(paths, tmp_path)
    files = [tmp_path / "overlap.csv", tmp_path / "by_class.csv"]
    groups = [(dataset_id(DATASET), [subset_id(volume) for volume in VOLUMES])]
    script("overlap").overlaps(groups=groups, results=paths.root, overall=files[0], by_class=files[1])
    overall, by_class = map(pd.read_csv, files)
    index = load_index(paths, dataset_id(DATASET))
    first, second = (load_subset(paths.subset(dataset_id(DATASET), subset_id(v)), index) for v in VOLUMES)
    assert overall["common"].to_list() == [len(np.intersect1d(first, second))]
    assert by_class["common"].sum() == overall["common"][0]
    assert (len(by_class), set(by_class["dataset"])) == (10, {dataset_id(DATASET)})
