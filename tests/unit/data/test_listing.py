"""What the rules ask of datasets: what is fetched, what was added since, and that another study changes nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.data.pictures import drawing, jpeg, write
from unit.data.test_fetch import split_of

from datavolume.data.build import prepare
from datavolume.data.datasets import listing
from datavolume.errors import UserError
from datavolume.study import Dataset, Experiment, Paths, Recipe, Resources, Study, Volume, dataset_id
from datavolume.workflow import Workflow


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Made long ago, so that any change now has another time."""
    split_of(tmp_path / "pets", ("cat", "dog"))
    for folder in [tmp_path / "pets", *(tmp_path / "pets").rglob("*")]:
        os.utime(folder, (10**9, 10**9))
    return tmp_path / "pets"


def folder_of(root: Path) -> Dataset:
    return Dataset(name="folder", path=str(root), image_size=16)


def workflow_of(dataset: Dataset, results: Path, study: str = "s") -> Workflow:
    experiment = Experiment(
        name="e",
        dataset=dataset,
        architectures=("mlp",),
        volumes=(Volume(fraction=0.5),),
        seeds=(0,),
        recipe=Recipe(),
        resources=Resources(),
    )
    planned = Study(
        name=study,
        scale="full",
        title="",
        question="",
        margin=0.01,
        seeds_per_job=1,
        experiments=(experiment,),
        text={},
    )
    return Workflow(planned, Path("s.yaml"), Paths(results / study), "data")


CHANGES: dict[str, Callable[[Path], object]] = {
    "added": lambda root: write(root / "train" / "cat" / "new.jpg", jpeg(drawing(9, 9))),
    "removed": lambda root: (root / "val" / "dog" / "0.JPEG").unlink(),
    "class": lambda root: write(root / "train" / "bird" / "0.jpg", jpeg(drawing(9, 9))),
    "renamed": lambda root: (root / "val" / "dog").rename(root / "val" / "wolf"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_folder_has_another_stamp(pets, change):
    before = listing(folder_of(pets))
    assert before == listing(folder_of(pets)) != ""
    CHANGES[change](pets)
    assert listing(folder_of(pets)) != before


def test_a_folder_that_moved_as_a_whole_keeps_its_stamp(pets):
    before = listing(folder_of(pets))
    pets.rename(pets.with_name("moved"))
    assert listing(folder_of(pets.with_name("moved"))) == before


def test_arrays_have_a_stamp_too(tmp_path):
    dataset = Dataset(name="npz", path=str(write(tmp_path / "x.npz", b"1")))
    os.utime(tmp_path / "x.npz", (10**9, 10**9))
    before = listing(dataset)
    write(tmp_path / "x.npz", b"2")
    assert "" != listing(dataset) != before


def test_what_is_no_users_own_has_no_stamp(tmp_path):
    for dataset in (Dataset(name="digits"), Dataset(name="MNIST", path=str(tmp_path)), Dataset(name="Imagenette")):
        assert listing(dataset) == ""
    assert listing(folder_of(tmp_path / "nowhere")) == ""


def test_indexed_images_may_be_gone_without_a_new_index(pets, tmp_path):
    dataset = folder_of(pets)
    workflow, name = workflow_of(dataset, tmp_path), dataset_id(folder_of(pets))
    stamp = workflow.listing(name)
    assert stamp == listing(dataset)
    prepare(dataset, workflow.paths.data_file(name, "x").parent, tmp_path, threads=1, listing=stamp)
    pets.rename(tmp_path / "moved")
    assert workflow.listing(name) == stamp


def test_the_rules_ask_the_same_for_every_study(pets, tmp_path):
    """Snakemake runs a rule again where its inputs or params change: those of the data must not name the study."""
    dataset = Dataset(name="Imagenette", path=str(pets), image_size=32)
    first, second = (workflow_of(dataset, tmp_path, study) for study in ("one", "two"))
    name = dataset_id(dataset)
    for ask in (Workflow.fetched, Workflow.dataset_options, Workflow.listing):
        assert ask(first, name) == ask(second, name)
    assert first.fetched(name) == [tmp_path / "data" / name / "fetched.json"]
    assert first.dataset_options(name) == {"name": "Imagenette", "path": str(pets), "image_size": 32}
    assert Dataset(**first.dataset_options(name)) == dataset


def test_only_what_can_be_fetched_is(pets, tmp_path):
    assert workflow_of(folder_of(pets), tmp_path).fetched(dataset_id(folder_of(pets))) == []


def test_a_dataset_of_no_run_gets_one_line(tmp_path):
    with pytest.raises(UserError, match="the plan has no dataset other"):
        workflow_of(Dataset(name="digits"), tmp_path).dataset_options("other")
