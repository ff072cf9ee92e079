"""Batches of every store: the right images, the same ones for any number of threads, and few of them in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from unit.training.stores import CLASSES, HELD_OUT, IMAGES, RESIZE, SIDE, as_jpeg, files_index, jpeg_index, photographs
from unit.training.stores import tensors_index as tensors_index_of_photographs

from datavolume.data.decode import decode
from datavolume.data.index import Index
from datavolume.errors import UserError
from datavolume.study.model import Augmentation, Recipe
from datavolume.training.feeding import images as images_module
from datavolume.training.feeding.augmentation.apply import Augmenter
from datavolume.training.feeding.augmentation.geometry import centre_boxes, crop_boxes, flips
from datavolume.training.feeding.feed import Feed, Shard
from datavolume.training.feeding.images import Images
from datavolume.training.feeding.order import SampleOrder
from datavolume.training.feeding.reading import Reader

CPU = torch.device("cpu")
SUBSET = np.arange(1, 28, 2)
BATCH, SHARDS, UPDATES = 8, 2, 4
RANDOM = Augmentation(crop="random_resized", flip=0.5)
AUGMENTATIONS = {
    "none": Augmentation(),
    "random": RANDOM,
    "padded": Augmentation(crop="padded", flip=0.5, policy="trivial_augment"),
    "repeated": Augmentation(crop="random_resized", repeated=2),
    "appended crops": Augmentation(crop="random_resized", appended=0.5),
    "appended": Augmentation(flip=1.0, appended=0.5, mixup=1.0),
}


def make_feed(index: Index, augmentation: Augmentation = RANDOM, workers: int = 0, **options: Any) -> Feed:
    recipe = Recipe(batch_size=BATCH, shards=SHARDS, augmentation=augmentation)
    augmenter = None if augmentation == Augmentation() else Augmenter(augmentation, SIDE, CPU)
    return Feed(Images(index, SUBSET, CPU), order_of(augmentation), augmenter, recipe, workers, **options)


def order_of(augmentation: Augmentation) -> SampleOrder:
    return SampleOrder(len(SUBSET), BATCH, 0, CPU, augmentation)


def all_shards(feed: Feed, updates: range = range(UPDATES)) -> list[Shard]:
    with feed:
        return [feed.shard(update, shard) for update in updates for shard in range(SHARDS)]


def same(first: Shard, second: Shard) -> bool:
    tensors = torch.equal(first.images, second.images) and torch.equal(first.labels, second.labels)
    if first.partners is None or second.partners is None:
        return tensors and first.partners is second.partners
    return tensors and torch.equal(first.partners.images, second.partners.images)


def samples_of(augmentation: Augmentation, update: int) -> NDArray[np.int64]:
    order = order_of(augmentation)
    return SUBSET[order.positions(order.entries(update))]


def index_of(store: str, folder: Path) -> Index:
    return {"tensors": tensors_index_of_photographs, "jpeg": jpeg_index, "files": lambda: files_index(folder)}[store]()


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors are too large for memory."""
    monkeypatch.setattr(images_module, "_RESIDENT_BYTES", 0)


def test_tensors_are_fed_as_they_are_where_nothing_is_random() -> None:
    index = tensors_index_of_photographs()
    shards = all_shards(make_feed(index, Augmentation()))
    samples = samples_of(Augmentation(), 0).reshape(SHARDS, -1)
    for shard, own in zip(shards, samples, strict=False):
        np.testing.assert_array_equal(shard.images.numpy(), index.images[own])
        assert shard.labels.tolist() == (own % CLASSES).tolist()
        assert shard.keys is None


@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
@pytest.mark.parametrize("workers", [0, 2])
def test_tensors_that_are_read_by_batch_give_the_same_pixels_as_resident_ones(
    monkeypatch: pytest.MonkeyPatch, augmentation: Augmentation, workers: int
) -> None:
    resident = all_shards(make_feed(tensors_index_of_photographs(), augmentation))
    monkeypatch.setattr(images_module, "_RESIDENT_BYTES", 0)
    read = all_shards(make_feed(tensors_index_of_photographs(), augmentation, workers))
    assert all(map(same, resident, read))
    assert all(shard.images.is_contiguous() for shard in resident + read)  # in another layout, kernels of other bits


def test_encoded_images_are_seen_through_the_boxes_of_their_keys() -> None:
    index, order = jpeg_index(), order_of(RANDOM)
    shards = all_shards(make_feed(index))
    seen = torch.cat([shard.images for shard in shards[:SHARDS]])
    samples, keys = samples_of(RANDOM, 0), order.keys(0)
    assert index.sizes is not None
    boxes = crop_boxes(RANDOM, keys, index.sizes[0][samples], index.sizes[1][samples], SIDE, resize=RESIZE)
    for image, sample, box, flip in zip(seen, samples, boxes, flips(RANDOM, keys), strict=True):
        assert torch.equal(image, decode(as_jpeg(photographs()[sample]), box.tolist(), SIDE, flip=bool(flip)))
    np.testing.assert_array_equal(np.concatenate([s.keys for s in shards[:SHARDS] if s.keys is not None]), keys)


@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
@pytest.mark.parametrize("store", ["jpeg", "files"])
def test_pixels_are_the_same_for_any_number_of_threads(store: str, augmentation: Augmentation, tmp_path: Path) -> None:
    index = index_of(store, tmp_path)
    alone = all_shards(make_feed(index, augmentation))
    for workers in (1, 3):
        assert all(map(same, alone, all_shards(make_feed(index, augmentation, workers))))


def test_originals_and_cache_give_the_same_pixels_where_they_hold_the_same_images(tmp_path: Path) -> None:
    for augmentation in (Augmentation(), RANDOM):
        cached, original = make_feed(jpeg_index(), augmentation), make_feed(files_index(tmp_path), augmentation)
        assert all(map(same, all_shards(cached), all_shards(original)))


def test_a_resumed_run_goes_on_with_the_same_images() -> None:
    straight = all_shards(make_feed(jpeg_index(), workers=2))
    resumed = all_shards(make_feed(jpeg_index(), workers=2), range(2, UPDATES))
    assert all(map(same, straight[2 * SHARDS :], resumed))


def test_a_process_reads_only_its_own_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, begun = all_shards(make_feed(jpeg_index())), spy(monkeypatch)
    with make_feed(jpeg_index(), workers=1, shards=range(1, 2), updates=UPDATES) as feed:
        own = [feed.shard(update, 1) for update in range(UPDATES)]
    assert all(map(same, whole[1::SHARDS], own))
    assert len(begun) == UPDATES


def spy(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each batch has that a reader begins."""
    begun: list[int] = []
    begin = Reader.begin

    def counted(self: Reader, threads: Any, samples: Any, *rest: Any, **named: Any) -> Any:
        begun.append(len(samples))
        return begin(self, threads, samples, *rest, **named)

    monkeypatch.setattr(Reader, "begin", counted)
    return begun


def test_few_images_lie_ahead_and_none_beyond_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = spy(monkeypatch)
    with make_feed(jpeg_index(), workers=1, updates=20) as feed:
        for number in range(20 * SHARDS):
            feed.shard(*divmod(number, SHARDS))
            assert sum(begun) - (number + 1) * BATCH // SHARDS <= 16  # two chunks of eight for the thread
    assert sum(begun) == 20 * BATCH


def test_without_threads_nothing_is_read_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = spy(monkeypatch)
    with make_feed(jpeg_index()) as feed:
        feed.shard(0, 0)
    assert begun == [BATCH // SHARDS]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("content", [None, b"no image", b""], ids=["gone", "damaged", "empty"])
def test_a_file_that_cannot_be_read_is_named_when_its_turn_comes(
    tmp_path: Path, content: bytes | None, workers: int
) -> None:
    index = files_index(tmp_path)
    later = (set(samples_of(RANDOM, 1).tolist()) - set(samples_of(RANDOM, 0).tolist())).pop()
    file = tmp_path / f"{later}.jpg"
    file.unlink() if content is None else file.write_bytes(content)
    with make_feed(index, workers=workers) as feed:
        for shard in range(SHARDS):
            feed.shard(0, shard)
        with pytest.raises(UserError, match=str(file)) as caught:
            [feed.shard(1, shard) for shard in range(SHARDS)]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("store", ["tensors", "jpeg", "files"])
@pytest.mark.parametrize("workers", [0, 2])
def test_evaluation_shows_the_central_part_in_order(store: str, workers: int, tmp_path: Path) -> None:
    index = index_of(store, tmp_path)
    chosen = [slice(0, 5), slice(5, HELD_OUT), np.array([7, 2])]
    with make_feed(index, workers=workers) as feed:
        batches = list(feed.batches("validation", chosen))
        alone = [feed.evaluation("validation", part) for part in chosen]
    for (images, labels), (again, _), part in zip(batches, alone, chosen, strict=True):
        samples = np.arange(IMAGES - HELD_OUT, IMAGES)[part]
        assert torch.equal(images, again)
        assert labels.tolist() == (samples % CLASSES).tolist()
        for image, sample in zip(images, samples.tolist(), strict=True):
            assert torch.equal(image, central(index, sample))


def central(index: Index, sample: int) -> torch.Tensor:
    if index.store == "tensors":
        return torch.from_numpy(index.images[sample])
    image = photographs()[sample]
    box = centre_boxes(np.array([image.shape[0]]), np.array([image.shape[1]]), SIDE, RESIZE)[0]
    return decode(as_jpeg(image), box.tolist(), SIDE)


@pytest.mark.usefixtures("unread")
def test_evaluation_of_tensors_that_are_read_by_batch() -> None:
    index = tensors_index_of_photographs()
    with make_feed(index) as feed:
        images, _ = feed.evaluation("train", slice(0, 6))
    np.testing.assert_array_equal(images.numpy(), index.images[SUBSET[:6]])


def test_appended_images_come_with_those_that_they_are_mixed_with() -> None:
    augmentation = AUGMENTATIONS["appended"]
    order, index = order_of(augmentation), jpeg_index()
    entries, keys = order.entries(0)[: BATCH // SHARDS], order.keys(0)[: BATCH // SHARDS]
    others, _ = order.partners(entries, keys)
    with make_feed(index, augmentation) as feed:
        shard = feed.shard(0, 0)
    assert shard.partners is not None
    assert shard.appended is not None
    assert shard.appended.sum() == len(others) > 0
    for image, sample in zip(shard.partners.images, SUBSET[order.positions(others)].tolist(), strict=True):
        assert torch.equal(image, central(index, sample).flip(-1))
    for image, sample, appended in zip(shard.images, samples_of(augmentation, 0), shard.appended, strict=False):
        assert torch.equal(image, central(index, int(sample))) == (not appended)


def test_waiting_is_counted_where_images_are_decoded() -> None:
    feed = make_feed(jpeg_index())
    all_shards(feed)
    assert feed.wait_seconds > 0
    feed = make_feed(tensors_index_of_photographs())
    all_shards(feed)
    assert feed.wait_seconds == 0


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_the_training_thread_keeps_its_number_of_threads_and_the_others_end() -> None:
    with make_feed(jpeg_index(), workers=2) as feed:
        feed.shard(0, 0)
        assert any(thread.name.startswith("decode") for thread in threading.enumerate())
        assert torch.get_num_threads() == 2
    assert not any(thread.name.startswith("decode") for thread in threading.enumerate())
