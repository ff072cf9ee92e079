"""A mistake in a YAML file gets one line: file, key, what is allowed."""

from pathlib import Path

import pytest

from datavolume.errors import UserError
from datavolume.study import Resources, load_study
from datavolume.study.validate import read_yaml

STUDY = """
title: A title
question: How many?
dataset: {name: digits}
recipe: {learning_rate: 1e-3}
experiments:
  volume: {architectures: [mlp], fractions: [0.5, 1], seeds: 2}
"""


def complaint(folder: Path, old: str, new: str) -> str:
    """The one line that the study gets with `old` replaced by `new`."""
    assert old in STUDY
    path = folder / "study.yaml"
    path.write_text(STUDY.replace(old, new))
    with pytest.raises(UserError) as caught:
        load_study(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(f"{path}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "learning_rate",
            "learning_rat",
            ": unknown key 'learning_rat' in recipe; did you mean 'learning_rate'?",
        ),
        ("[0.5, 1]", "[0, 1]", ": experiments.volume.fractions[0] is 0; allowed: above 0 and at most 1"),
        ("[0.5, 1]", "[0.5, 1.2]", ": experiments.volume.fractions[1] is 1.2; allowed: above 0 and at most 1"),
        ("[0.5, 1]", "[0.5, 0.5]", ": experiments.volume.fractions has 0.5 twice; each value may stand once"),
        ("seeds: 2", "seeds: [3, 3]", ": experiments.volume.seeds has 3 twice; each value may stand once"),
        ("seeds: 2", "seeds: 0", ": experiments.volume.seeds is 0; allowed: at least 1"),
        (
            "seeds: 2",
            "seeds: many",
            ": experiments.volume.seeds is 'many'; allowed: a whole number, or a list, as [1, 2]",
        ),
        ("[mlp]", "mlp", ": experiments.volume.architectures is 'mlp'; allowed: a list, as [1, 2]"),
        ("[mlp]", "[]", ": experiments.volume.architectures is an empty list; give at least one value"),
        ("title: A title", "", ": key 'title' is missing"),
        (
            "fractions: [0.5, 1], ",
            "",
            ": experiments.volume must have exactly one of fractions, sizes; it has none of them",
        ),
        ("name: digits", "validation: 0.1", ": key 'dataset.name' is missing, in the study or in experiments.volume"),
        ("learning_rate: 1e-3", "optimizer: adam", ": recipe.optimizer is 'adam'; allowed: sgd, adamw, rmsprop"),
        (
            "learning_rate: 1e-3",
            "budget: {epochs: 1, updates: 2}",
            ": recipe.budget must have exactly one of updates, samples, epochs; it has updates and epochs",
        ),
        (
            "learning_rate: 1e-3",
            "batch_size: 32, shards: 3",
            ": experiments.volume: recipe.shards (3) must divide recipe.batch_size (32)",
        ),
        ("title: A title", "title: [", ", line 3: not valid YAML: expected ',' or ']', but got '?'"),
        ("title: A title", "title: A\ntitle: B", ", line 2: not valid YAML: key 'title' stands twice"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert complaint(tmp_path, old, new) == message


def test_the_smoke_part_is_checked_at_full_scale_too(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY + "smoke: {recipe: {evaluation: 2}}\n")
    with pytest.raises(UserError, match="with its smoke part: unknown key 'evaluation' in recipe"):
        load_study(path)


def test_processes_need_shards(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY + "resources: {processes: 2}\n")
    with pytest.raises(
        UserError, match=r"resources.processes \(2\) must divide recipe.shards \(1\); set recipe.shards to 2"
    ):
        load_study(path)


def test_nodes_share_the_processes(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY + "resources: {nodes: 2}\n")
    with pytest.raises(
        UserError, match=r"resources.nodes \(2\) must divide resources.processes \(1\), which are those of all nodes"
    ):
        load_study(path)
    recipe = STUDY.replace("learning_rate: 1e-3", "shards: 4")
    path.write_text(recipe + "resources: {processes: 4, nodes: 2, gpus: 4}\n")
    assert load_study(path).experiments[0].resources == Resources(processes=4, nodes=2, gpus=4)


def test_numbers_as_people_write_them(tmp_path: Path) -> None:
    """YAML 1.1 reads 1e-3 as a text."""
    path = tmp_path / "numbers.yaml"
    path.write_text("a: 1e-3\nb: 2.5E+4\nc: 7\nd: 1e\n")
    assert read_yaml(path) == {"a": 0.001, "b": 25000.0, "c": 7, "d": "1e"}


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words"])
def test_a_file_without_keys(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match="must hold keys and values"):
        read_yaml(path)
