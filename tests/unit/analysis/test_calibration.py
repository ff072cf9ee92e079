"""Runs judged from the files that training writes: what is in the tables, and what they do not depend on."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loading import load_script
from numpy.typing import NDArray
from unit.training.studies import make_study, train_all

from datavolume.analysis.calibration import CALIBRATION, ENSEMBLES, MARGINS, RELIABILITY, calibrated
from datavolume.analysis.predictions import members
from datavolume.errors import UserError

IMAGES, CLASSES = 120, 4


def made_up(seed: int, *, images: int = IMAGES, sharp: float = 1.0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Labels by turns; the network sees them through noise of its own."""
    labels = np.arange(images) % CLASSES
    logits = np.random.default_rng(seed).normal(size=(images, CLASSES)) + 1.5 * np.eye(CLASSES)[labels]
    raised = np.exp(sharp * logits)
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32), labels


class Study:
    """A summary, and a file for each configuration of it; `blocks`: seeds by configuration and architecture."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, list[Path]()
        self.runs = pd.DataFrame()

    def add(self, configuration: str, seeds: list[int], *, n: int, network: str = "mlp", **given: object) -> None:
        file = self.folder / configuration / "seeds~0" / "predictions.npz"
        file.parent.mkdir(parents=True)
        made = [made_up(seed + n, **given) for seed in seeds]  # type: ignore[arg-type]
        stacked = np.stack([probabilities for probabilities, _ in made])
        np.savez(file, seeds=np.array(seeds), samples=np.arange(5), labels=made[0][1], probabilities=stacked)
        self.files.append(file)
        rows = [
            {
                "run": f"{configuration}-s{seed}", "configuration": configuration, "seed": seed, "network": network,
                "architecture": network, "n": n, "fraction": math.nan, "size": n, "dataset": "made", "subset_seed": 0,
            }
            for seed in seeds
        ]  # fmt: skip
        self.runs = pd.concat([self.runs, pd.DataFrame(rows)], ignore_index=True)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    study = Study(tmp_path)
    study.add("a", [0, 1, 2], n=100, sharp=3.0)
    study.add("b", [0], n=200)
    return study


def test_tables_have_a_row_for_all_there_is(study: Study) -> None:
    tables = calibrated(study.runs, study.files)
    assert tuple(tables.calibration.columns) == CALIBRATION
    assert tables.calibration["run"].to_list() == study.runs["run"].to_list()
    assert tables.calibration.notna().drop(columns="fraction").all(axis=None)
    assert tuple(tables.reliability.columns) == RELIABILITY
    assert len(tables.reliability) == 4 * 2 * 2 * 15
    assert (tables.reliability.groupby(["run", "scaled", "bins"])["images"].sum() == IMAGES).all()
    assert tuple(tables.margins.columns) == MARGINS
    assert (tables.margins.groupby("run")["images"].sum() == IMAGES).all()
    assert tuple(tables.ensembles.columns) == ENSEMBLES
    assert tables.ensembles[["n", "voting", "models"]].to_numpy().tolist() == [[100, "soft", 3], [100, "hard", 3]]


def test_numbers_are_those_of_the_probabilities(study: Study) -> None:
    tables = calibrated(study.runs, study.files)
    first = tables.calibration.iloc[0]
    probabilities, labels = made_up(100, sharp=3.0)
    assert first["top1"] == pytest.approx((probabilities.argmax(axis=1) == labels).mean())
    assert first["nll"] == pytest.approx(-np.log(probabilities[np.arange(IMAGES), labels]).mean(), rel=1e-5)
    assert first["nll_scaled"] < first["nll"] - 0.1
    assert first["ece_scaled"] < first["ece"]
    assert first["temperature_lower"] < first["temperature"] < first["temperature_upper"]
    soft = tables.ensembles.iloc[0]
    mean = np.mean([made_up(100 + seed, sharp=3.0)[0] for seed in range(3)], axis=0)
    assert soft["top1"] == pytest.approx((mean.argmax(axis=1) == labels).mean())
    assert soft["nll"] == pytest.approx(-np.log(mean[np.arange(IMAGES), labels]).mean(), rel=1e-5)
    assert soft["single"] == pytest.approx(tables.calibration["top1"].iloc[:3].mean())
    assert soft["gain"] == pytest.approx(soft["top1"] - soft["single"])
    assert soft["gain_lower"] < soft["gain"] < soft["gain_upper"]


def test_a_runs_numbers_do_not_depend_on_others_or_their_order(study: Study) -> None:
    whole = calibrated(study.runs, study.files)
    alone = calibrated(study.runs.iloc[[1]], study.files)
    pd.testing.assert_frame_equal(alone.calibration, whole.calibration.iloc[[1]].reset_index(drop=True))
    assert alone.ensembles.empty
    assert tuple(alone.ensembles.columns) == ENSEMBLES
    mixed = calibrated(study.runs.iloc[[3, 0, 1, 2]], study.files[::-1])
    again = mixed.calibration.set_index("run").loc[study.runs["run"]].reset_index()
    pd.testing.assert_frame_equal(again, whole.calibration)
    pd.testing.assert_frame_equal(mixed.ensembles, whole.ensembles)


def test_one_run_is_read_out_of_its_block(study: Study) -> None:
    (second,) = members(study.runs.iloc[[1]], study.files)
    np.testing.assert_array_equal(second.probabilities, made_up(101, sharp=3.0)[0])
    np.testing.assert_array_equal(second.labels, made_up(101)[1])


def spoilt(file: Path, where: tuple[object, ...]) -> None:
    with np.load(file) as content:
        arrays = dict(content)
    arrays["probabilities"][where] = np.nan
    np.savez(file, **arrays)


def test_what_broke_down_is_said(study: Study) -> None:
    spoilt(study.files[0], (0,))
    spoilt(study.files[0], (1, slice(0, 20)))
    tables = calibrated(study.runs, study.files)
    broken, part = tables.calibration.iloc[0], tables.calibration.iloc[1]
    assert broken["note"] == f"{IMAGES} images without finite probabilities left out"
    assert math.isnan(broken["ece"])
    assert (part["images"], part["note"]) == (IMAGES - 20, "20 images without finite probabilities left out")
    assert 0 < part["ece"] < 1
    assert set(tables.reliability["run"]) == set(study.runs["run"].iloc[1:])
    assert tables.ensembles["models"].to_list() == [3, 3]


def test_runs_of_one_volume_with_other_images(study: Study) -> None:
    study.add("c", [7], n=100, images=80)
    with pytest.raises(UserError, match=r"votes: runs a-s0 and c-s7 have other validation images"):
        calibrated(study.runs, study.files)


def test_a_file_that_is_missing_or_cut_short(study: Study) -> None:
    with pytest.raises(UserError, match=r"run b-s0 is in no file"):
        calibrated(study.runs, study.files[:1])
    content = study.files[0].read_bytes()
    study.files[0].write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"predictions.npz: cannot be read"):
        calibrated(study.runs, study.files)


def test_of_trained_runs_errors_are_those_of_the_summary(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, seeds=(0, 1), seeds_per_job=2)
    train_all(paths, plan)
    files = [paths.run_file(configuration, block, "predictions.npz") for configuration, block in plan.blocks]
    told = pd.concat([pd.read_csv(file.with_name("summary.csv")) for file in files], ignore_index=True)
    kept = {
        "network": "mlp",
        "architecture": "mlp",
        "fraction": 0.1,
        "size": math.nan,
        "dataset": "d",
        "subset_seed": 0,
    }
    summary = told.assign(n=told["n_train"], **kept)
    points = pd.DataFrame({"experiment": "test", "run": summary["run"]})
    outputs = {name: tmp_path / f"{name}.csv" for name in ("calibration", "reliability", "margins", "ensembles")}
    script = load_script("workflow/scripts/calibration.py")
    script.calibration(
        frames={"summary": summary, "points": points}, predictions=files, experiments=["test"], outputs=outputs
    )
    table = pd.read_csv(outputs["calibration"])
    names = {
        "top1": "top1",
        "nll": "loss",
        "ece": "ece",
        "margin_correct": "margin_correct",
        "margin_wrong": "margin_wrong",
    }
    for ours, theirs in names.items():
        expected = summary[f"last_{theirs}"]
        np.testing.assert_allclose(table[ours], expected, atol=1e-6)
    assert all(len(pd.read_csv(file)) for file in outputs.values())
    with pytest.raises(UserError, match="there is no run of other"):
        script.calibration(
            frames={"summary": summary, "points": points}, predictions=files, experiments=["other"], outputs=outputs
        )
