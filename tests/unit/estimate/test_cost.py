"""Seconds and bytes, worked out by hand from made-up tables."""

from pathlib import Path

import pytest
from unit.estimate.made_up import THROUGHPUT, run_of, write_tables

from datavolume.data.sizes import sizes_of
from datavolume.estimate.cost import JOB_SECONDS, Cost, cost_of
from datavolume.estimate.tables import read_speeds
from datavolume.study import Dataset, Resources, Run


def cost(folder: Path, run: Run, resources: Resources, device: str = "quick", kept: int = 0) -> Cost:
    sizes = sizes_of(run.dataset)
    assert sizes is not None
    found = cost_of(run, resources, sizes, read_speeds(write_tables(folder)), device=device, kept=kept)
    assert found is not None
    return found


GPU = Resources(gpus=4, processes=4, workers=8)
IMAGENET = {"batch_size": 256, "shards": 4, "tier": "fast", "optimizer": "sgd", "budget": {"updates": 50_000}}


def test_seconds_of_a_run_on_four_gpus(tmp_path: Path) -> None:
    """12.8 million images at 4000/s are 3200 s; 10 evaluations of 1 331 167 and the last 50 000 at 12 000/s."""
    found = cost(tmp_path, run_of("ImageNet", **IMAGENET), GPU)
    assert found.run_seconds == pytest.approx(12_800_000 / 4000 + (10 * 1_331_167 + 50_000) / 12_000)
    assert found.job_seconds(1) == pytest.approx(JOB_SECONDS + found.run_seconds)


def test_decoding_may_be_what_takes_the_time(tmp_path: Path) -> None:
    """ImageNet at 224 pixels is kept as JPEGs: one worker for each of four processes decodes 3200/s, less than 4000."""
    found = cost(tmp_path, run_of("ImageNet", **IMAGENET), Resources(gpus=4, processes=4, workers=1))
    assert found.run_seconds == pytest.approx((12_800_000 + 10 * 1_331_167 + 50_000) / 3200)


def test_without_workers_decoding_comes_on_top(tmp_path: Path) -> None:
    files = Dataset(name="ImageNet", path="x", store="files")
    run = run_of(
        files, batch_size=100, tier="fast", budget={"updates": 100}, evaluations=1, evaluated_training_images=1
    )
    found = cost(tmp_path, run, Resources(gpus=1))
    assert found.run_seconds == pytest.approx(10_000 * (1 / 1000 + 1 / 500) + 100_001 * (1 / 3000 + 1 / 500))


def test_small_batches_wait_for_a_gpu(tmp_path: Path) -> None:
    """Eight images at 1000/s are 8 ms; 100 layers take 0.2 ms each to launch, and an update 1 ms: 21 ms."""
    run = run_of("ImageNet", batch_size=8, tier="fast", budget={"updates": 10_000}, evaluations=1)
    found = cost(tmp_path, run, Resources(gpus=1, workers=16))
    evaluations = (1_331_167 + 50_000) / 3000
    assert found.run_seconds == pytest.approx(210 + evaluations)
    assert found.busy_seconds == pytest.approx(80 + evaluations)


def test_seeds_side_by_side_share_a_gpu_and_its_waiting_time(tmp_path: Path) -> None:
    """Ten runs of 8 ms in 21 ms, five at a time: the GPU is busy for longer than two rounds take."""
    run = run_of("ImageNet", batch_size=8, tier="fast", budget={"updates": 10_000}, evaluations=1)
    found = cost(tmp_path, run, Resources(gpus=1, workers=16, parallel_seeds=5))
    assert found.job_seconds(10) == pytest.approx(JOB_SECONDS + 10 * found.busy_seconds)
    assert found.job_seconds(1) == pytest.approx(JOB_SECONDS + found.run_seconds)


def test_seeds_side_by_side_have_cores_of_their_own(tmp_path: Path) -> None:
    """899 updates of 32 images at 2000/s; 10 x 1797 + 359 evaluated at 6000/s; five seeds, two at a time."""
    run = run_of(Dataset(name="digits"), "small_cnn", budget={"epochs": 20})
    found = cost(tmp_path, run, Resources(parallel_seeds=2), "cpu")
    assert found.run_seconds == pytest.approx(28_768 / 2000 + 18_329 / 6000)
    assert found.job_seconds(5) == pytest.approx(JOB_SECONDS + 3 * found.run_seconds)


def test_threads_are_counted_as_so_many_times_one(tmp_path: Path) -> None:
    run = run_of(Dataset(name="digits"), "small_cnn", budget={"epochs": 20})
    one, two = (cost(tmp_path, run, Resources(threads=threads), "cpu") for threads in (1, 2))
    assert two.run_seconds == pytest.approx(one.run_seconds / 2)


def test_disk_of_resnet50_on_imagenet(tmp_path: Path) -> None:
    """25 557 032 weights twice, and their momentum once; twice 50 000 x 1000 predictions."""
    run, predictions = run_of("ImageNet", **IMAGENET), 4 * 50_000_000
    found = cost(tmp_path, run, GPU)
    assert found.parameters == 25_557_032
    assert found.disk == 4 * 3 * 25_557_032 + 2 * predictions
    assert cost(tmp_path, run, GPU, kept=2).disk == 4 * 7 * 25_557_032 + 2 * predictions


@pytest.mark.parametrize(("optimizer", "ema", "copies"), [("adamw", None, 4), ("rmsprop", None, 4), ("adamw", 0.99, 6)])
def test_disk_of_other_optimisers(tmp_path: Path, optimizer: str, ema: float | None, copies: int) -> None:
    """AdamW and RMSprop keep two values a weight; averaged weights are in both checkpoints."""
    run = run_of("ImageNet", **{**IMAGENET, "optimizer": optimizer, "ema_decay": ema})
    assert cost(tmp_path, run, GPU).disk == 4 * copies * 25_557_032 + 8 * 50_000_000


def test_a_frozen_backbone_is_computed_once_a_job_and_not_saved(tmp_path: Path) -> None:
    """A head 2048 -> 64 -> 10 on 50 000 CIFAR images at 224 pixels."""
    network = {"pretrained": True, "frozen": True, "hidden": [64], "input_size": 224}
    run = run_of("CIFAR10", tier="fast", optimizer="sgd", budget={"updates": 1000}, batch_size=50, network=network)
    found = cost(tmp_path, run, Resources(gpus=1))
    head = 2049 * 64 + 65 * 10
    assert found.features_seconds == pytest.approx(60_000 / 3000)
    assert found.disk == 4 * 3 * head + 8 * 100_000
    rate = 1000 * 4_000_000_000 / head  # by its multiply-adds: 50 000 images in less than the updates' launches
    assert found.run_seconds == pytest.approx(1000 * (0.001 + 2 * 0.0002) + (10 * 60_000 + 10_000) / rate)
    assert found.job_seconds(5) == pytest.approx(JOB_SECONDS + 20 + 5 * found.run_seconds)


def test_a_frozen_backbone_of_drawn_images_is_only_forward(tmp_path: Path) -> None:
    network = {"pretrained": True, "frozen": True, "input_size": 224}
    recipe = {"tier": "fast", "budget": {"updates": 1000}, "batch_size": 300, "augmentation": {"flip": 0.5}}
    found = cost(tmp_path, run_of("CIFAR10", network=network, **recipe), Resources(gpus=1))
    assert found.features_seconds == 0
    assert found.run_seconds == pytest.approx((300_000 + 610_000) / 3000)


def test_a_network_of_no_table_has_no_cost(tmp_path: Path) -> None:
    run, speeds = run_of("CIFAR10", "mobilenet_v2"), read_speeds(write_tables(tmp_path, THROUGHPUT))
    sizes = sizes_of(run.dataset)
    assert sizes is not None
    assert cost_of(run, Resources(gpus=1), sizes, speeds, device="quick") is None
