"""Studies, tables and runs whose numbers can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datavolume.study import Dataset, Recipe, Run, Study, Volume
from datavolume.study.build import build
from datavolume.study.load import load_study

# One device of each kind; `exact` of the GPU is known from the other GPU alone: half as fast.
THROUGHPUT = """\
# a comment
network,image_size,tier,device,images_per_second,source
resnet50,224,fast,quick,1000,a line
resnet50,224,fast,slow,200,another
resnet50,224,exact,slow,100,and its other tier
small_cnn,8,exact,cpu,2000,by hand
decode:files,224,exact,cpu,500,by hand
decode:jpeg,224,exact,cpu,800,by hand
"""

# resnet50: a head of 2048 features; small_cnn: 10 parameters below a head of 4.
NETWORKS = """\
network,stem,image_size,channels,parameters,features,multiply_adds,layers
resnet50,as_built,224,3,23508032,2048,4000000000,100
resnet18,as_built,224,3,11176512,512,2000000000,40
small_cnn,as_built,8,1,10,4,1000,2
mlp,as_built,8,1,20,4,4000,2
"""


def write_tables(folder: Path, throughput: str = THROUGHPUT, networks: str = NETWORKS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "throughput.csv").write_text(throughput)
    (folder / "networks.csv").write_text(networks)
    return folder


def run_of(
    dataset: str | Dataset = "ImageNet", architecture: str = "resnet50", fraction: float = 1.0, **recipe: Any
) -> Run:
    """`recipe` as a study's file has it."""
    data = Dataset(name=dataset) if isinstance(dataset, str) else dataset
    return Run(
        dataset=data,
        architecture=architecture,
        volume=Volume(fraction=fraction),
        recipe=build(Recipe, recipe),
        seed=0,
    )


def study_of(folder: Path, text: str) -> Study:
    file = folder / "made_up.yaml"
    file.write_text(f"title: T\nquestion: Q?\n{text}")
    return load_study(file)
