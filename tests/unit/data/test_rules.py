"""The data's rules under Snakemake: fetched, indexed once for all studies, and again when images are added."""

import os
from pathlib import Path

import pytest
from projects import make_project, run_snakemake
from unit.data.pictures import drawing, jpeg, write

STUDY = """
title: Pets
question: How many pets are enough?
dataset: {{name: Imagenette, path: {path}, image_size: 16, store: jpeg}}
experiments:
  volume: {{architectures: [mlp], fractions: [0.5], seeds: 1}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two studies of the same images, which were made long ago."""
    pets = tmp_path / "pets"
    for seed, name in enumerate(
        f"{part}/{k}/{i}.jpg" for part in ("train", "val") for k in ("cat", "dog") for i in "ab"
    ):
        write(pets / name, jpeg(drawing(20, 30, seed)))
    for folder in [pets, *pets.rglob("*")]:
        os.utime(folder, (10**9, 10**9))
    make_project(tmp_path)
    for study in ("one", "two"):
        (tmp_path / f"config/studies/{study}.yaml").write_text(STUDY.format(path=pets))
    return tmp_path


def planned(project: Path, study: str) -> set[str]:
    """The data's rules that Snakemake would run."""
    told = run_snakemake(project, "-n", "--config", f"study={study}")
    assert told.returncode == 0, told.stderr
    words = (told.stdout + told.stderr).split()
    return {"fetch", "index", "index_files", "subset"} & set(words)


def test_images_are_indexed_once_for_all_studies_and_again_when_some_are_added(project):
    told = run_snakemake(project, "--until", "subset", "--config", "study=one")
    assert told.returncode == 0, told.stderr
    (folder,) = (project / "results" / "data").iterdir()
    files = {file.name for file in folder.iterdir()}
    assert files == {"images.npy", "index.parquet", "classes.json", "prepared.json", "fetched.json"}
    assert planned(project, "two") == {"subset"}
    write(project / "pets" / "train" / "cat" / "new.jpg", jpeg(drawing(20, 30, 99)))
    assert planned(project, "one") == {"index_files", "subset"}
