"""Subsets: exact sizes, class ratios, nesting, independence, and what cannot be chosen."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from datavolume.data import permutation
from datavolume.data.index import Index
from datavolume.data.subsets import choose_subset, load_subset, write_subset
from datavolume.errors import UserError
from datavolume.study.model import Volume


def labels_of(*counts: int) -> NDArray[np.int64]:
    """Labels of classes with these counts, interleaved as real data are."""
    return np.random.Generator(np.random.Philox(7)).permutation(np.repeat(np.arange(len(counts)), counts))


def choose(labels: NDArray[np.int64], dataset: str = "digits", **volume: float | int | str) -> NDArray[np.int64]:
    """Samples here have even ids, as if held-out images stood between them."""
    classes = [f"class {k}" for k in range(labels.max() + 1)]
    return choose_subset(np.arange(len(labels)) * 2, labels, Volume(**volume), dataset=dataset, classes=classes)


def taken(labels: NDArray[np.int64], **volume: float | int | str) -> list[int]:
    """Images of each class in the subset."""
    return np.bincount(labels[choose(labels, **volume) // 2], minlength=labels.max() + 1).tolist()


@pytest.mark.parametrize(
    ("counts", "fraction", "expected"),
    [
        ((100, 40), 0.25, [25, 10]),
        ((10, 30), 0.05, None),  # 0.5 rounds to 0: half to even
        ((30, 50), 0.05, [2, 2]),  # 1.5 to 2, 2.5 to 2
        ((142, 146), 0.125, [18, 18]),  # 17.75, 18.25
        ((7, 3), 1.0, [7, 3]),
    ],
)
def test_a_fraction_takes_the_rounded_share_of_each_class(counts, fraction, expected):
    labels = labels_of(*counts)
    if expected is None:
        with pytest.raises(UserError, match="no image"):
            taken(labels, fraction=fraction)
    else:
        assert taken(labels, fraction=fraction) == expected


def test_fraction_one_gives_every_training_sample():
    labels = labels_of(5, 9)
    assert (choose(labels, fraction=1.0) == np.arange(14) * 2).all()


@pytest.mark.parametrize(
    ("counts", "size", "expected"),
    [
        ((60, 30, 10), 10, [6, 3, 1]),
        ((60, 30, 10), 100, [60, 30, 10]),
        ((10, 10, 10), 4, [2, 1, 1]),  # equal claims: the first class
        ((6, 3, 1), 6, [3, 2, 1]),
        ((6, 6, 2), 10, [4, 4, 2]),
        ((6, 6, 2), 11, [5, 4, 2]),  # largest remainders would give 5, 5, 1: a class would lose an image
    ],
)
def test_a_size_is_exact_and_keeps_the_ratio_of_classes(counts, size, expected):
    assert taken(labels_of(*counts), size=size) == expected


def test_ids_are_sorted_samples_of_the_training_split():
    ids = choose(labels_of(20, 20), fraction=0.3)
    assert ids.dtype == np.int64
    assert (np.diff(ids) > 0).all()
    assert (ids % 2 == 0).all()


def test_nested_volumes_hold_each_other_whether_fractions_or_sizes():
    """Counts and fractions with many halves, where rounding to even could break the order."""
    labels = labels_of(20, 28, 44, 9)
    volumes = [Volume(fraction=k / 40) for k in range(3, 41)] + [Volume(size=size) for size in range(12, 102)]
    classes = list("abcd")
    subsets = [set(choose_subset(np.arange(101), labels, v, dataset="d", classes=classes).tolist()) for v in volumes]
    subsets.sort(key=len)
    assert all(small <= large for small, large in pairwise(subsets))


def test_every_size_is_exact_and_rounds_one_common_fraction():
    """A class of n gives k where n x f lies in k +- 1/2; so the classes' intervals of f must overlap."""
    classes = np.array([83, 7, 41, 19])
    labels = labels_of(*classes)
    for size in range(14, 151):
        counts = np.array(taken(labels, size=size))
        assert counts.sum() == size
        assert ((counts - 0.5) / classes).max() <= ((counts + 0.5) / classes).min()


def test_independent_volumes_do_not_hold_each_other():
    labels = labels_of(500, 500)
    small, large = (set(choose(labels, fraction=f, mode="independent")) for f in (0.1, 0.5))
    assert 20 < len(small & large) < 80  # 50 expected by chance, 100 if nested


def test_seed_and_dataset_choose_other_samples():
    labels = labels_of(500, 500)
    subsets = [choose(labels, fraction=0.5), choose(labels, fraction=0.5, seed=1), choose(labels, "npz", fraction=0.5)]
    assert len({ids.tobytes() for ids in subsets}) == 3
    assert (choose(labels, fraction=0.5) == subsets[0]).all()


def test_a_class_left_empty_is_named_with_the_smallest_fraction_that_works():
    labels = labels_of(6, 3, 1)
    with pytest.raises(UserError, match=r"f0\.5 of digits .*'class 2' \(1 training images\) .* fraction .* is 0\.51$"):
        choose(labels, fraction=0.5)
    assert taken(labels, fraction=0.51) == [3, 2, 1]


@pytest.mark.parametrize("smallest", [1, 3, 7, 139, 1300])
def test_the_smallest_fraction_named_works(smallest):
    labels = labels_of(2000, smallest)
    with pytest.raises(UserError) as caught:
        choose(labels, fraction=0.0001)
    assert taken(labels, fraction=float(str(caught.value).split()[-1]))[1] == 1


def test_a_class_left_empty_is_named_with_the_smallest_size_that_works():
    labels = labels_of(6, 3, 1)
    with pytest.raises(UserError, match=r"n5 of digits leaves class 'class 2' .* smallest size that works is 6$"):
        choose(labels, size=5)


def test_several_empty_classes_are_counted():
    with pytest.raises(UserError, match=r"'class 1' .* and 1 more with no image"):
        choose(labels_of(400, 3, 4), fraction=0.1)


def test_a_size_above_the_training_split_is_refused():
    with pytest.raises(UserError, match="n15 of digits: the training split has only 14 images"):
        choose(labels_of(5, 9), size=15)


def test_balanced_classes_are_all_alike():
    labels = labels_of(100, 50, 30)
    assert taken(labels, fraction=1 / 3, balance="balanced") == [20, 20, 20]  # 60 of 180 in all
    assert taken(labels, size=60, balance="balanced") == [20, 20, 20]
    assert taken(labels, size=62, balance="balanced") == [21, 21, 20]  # exact: to one image alike
    assert taken(labels, size=3, balance="balanced") == [1, 1, 1]


def test_long_tailed_cifar10_is_that_of_the_class_balanced_loss():
    """5000 x 100^(-k / 9), as published but rounded, where the paper's code cuts off (1796, 645)."""
    expected = [5000, 2997, 1797, 1077, 646, 387, 232, 139, 83, 50]
    assert taken(labels_of(*[5000] * 10), size=12408, balance="long_tailed", imbalance=100) == expected


def test_long_tailed_puts_the_classes_in_the_order_of_their_images():
    tail = {"balance": "long_tailed", "imbalance": 100}
    assert taken(labels_of(1000, 1000, 1000), fraction=0.037, **tail) == [100, 10, 1]  # 111 of 3000
    assert taken(labels_of(900, 1100, 1000), size=111, **tail) == [1, 100, 10]
    assert taken(labels_of(900, 1100, 1000), size=111, seed=3, **tail) == [1, 100, 10]


def test_long_tailed_of_one_or_two_classes():
    assert taken(labels_of(50), size=20, balance="long_tailed", imbalance=10) == [20]
    assert taken(labels_of(50, 50), size=22, balance="long_tailed", imbalance=10) == [20, 2]


def test_the_profile_is_exact_where_it_can_be_so_that_every_machine_takes_the_same():
    """Shares are 1000, 100 and 10: 1.5 images of the last class are a tie, which a last bit would decide."""
    labels = labels_of(370, 370, 370)
    assert taken(labels, fraction=0.15, balance="long_tailed", imbalance=100) == [150, 15, 2]
    assert taken(labels, fraction=0.25, balance="long_tailed", imbalance=100) == [250, 25, 2]


@pytest.mark.parametrize("balance", [{"balance": "balanced"}, {"balance": "long_tailed", "imbalance": 9}])
def test_volumes_of_one_balance_hold_each_other_whether_fractions_or_sizes(balance):
    labels = labels_of(44, 20, 28, 21)
    volumes = [Volume(fraction=k / 113, **balance) for k in range(10, 45)]
    volumes += [Volume(size=size, **balance) for size in range(10, 45)]
    subsets = [
        set(choose_subset(np.arange(113), labels, v, dataset="d", classes=list("abcd")).tolist()) for v in volumes
    ]
    assert [len(ids) for ids in subsets[-35:]] == list(range(10, 45))
    subsets.sort(key=len)
    assert all(small <= large for small, large in pairwise(subsets))


def test_another_balance_takes_from_the_same_orders():
    labels = labels_of(100, 50)
    stratified, balanced = (set(choose(labels, size=60, balance=balance)) for balance in ("stratified", "balanced"))
    assert len(stratified & balanced) == 30 + 20  # 40 and 20, 30 and 30: the smaller of each class


def test_independent_volumes_of_another_balance_are_drawn_afresh():
    labels = labels_of(500, 500)
    balances = [{}, {"balance": "balanced"}, {"balance": "long_tailed", "imbalance": 1.01}]
    subsets = [set(choose(labels, fraction=0.5, mode="independent", **balance)) for balance in balances]
    assert all(200 < len(one & other) < 300 for one, other in combinations(subsets, 2))


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        # 60 a class at fraction 1; 30.5 / 60 = 0.508.
        (
            {"fraction": 0.6},
            "f0.6 (balanced) of digits wants 36 images of class 'class 2', there are 30; the largest"
            " fraction that works is 0.508",
        ),
        ({"fraction": 0.9}, "wants 54 images of class 'class 2', there are 30, and too few of 1 more; the largest"),
        (
            {"size": 93},
            "n93 (balanced) of digits wants 31 images of class 'class 2', there are 30; the largest size that"
            " works is 92",
        ),
    ],
)
def test_a_class_with_too_few_images_is_named_with_the_most_that_works(volume, said):
    labels = labels_of(100, 50, 30)
    with pytest.raises(UserError) as caught:
        choose(labels, balance="balanced", **volume)
    assert said in str(caught.value)
    assert taken(labels, balance="balanced", fraction=0.508) == [30, 30, 30]
    assert taken(labels, balance="balanced", size=92) == [31, 31, 30]


def test_a_tail_left_empty_is_named_with_the_least_that_works():
    """The last class's share is 27.03: its first image comes at fraction 0.0185, when the others have 50 and 5."""
    labels, tail = labels_of(1000, 1000, 1000), {"balance": "long_tailed", "imbalance": 100}
    with pytest.raises(UserError, match=r"n55 \(long_tailed, imbalance 100\) .* 'class 2' .* smallest size .* is 56$"):
        choose(labels, size=55, **tail)
    assert taken(labels, size=56, **tail) == [50, 5, 1]
    with pytest.raises(UserError, match=r"with no image; the smallest fraction that works is 0\.019$"):
        choose(labels, fraction=0.018, **tail)


@pytest.mark.parametrize("volume", [{"fraction": 0.2}, {"fraction": 0.6}, {"size": 100}, {"size": 900}])
def test_a_tail_that_no_volume_can_have_is_said_so(volume):
    """The second class is full at fraction 0.11, the third has its first image at 0.51."""
    unit = next(iter(volume))
    with pytest.raises(UserError, match=rf"; with imbalance 1000 no {unit} works: lower subsets\.imbalance$"):
        choose(labels_of(1000, 3, 3), balance="long_tailed", imbalance=1000, **volume)


def test_fractions_of_an_index_of_imagenets_size():
    """As a plain sort by class and priority chooses them. (benchmarks/subsets.py prints the time.)"""
    labels = np.random.Generator(np.random.Philox(1)).integers(0, 1000, 1_281_167)
    by_class = np.lexsort((permutation._priorities(len(labels), "ImageNet", 0), labels))
    counts = np.bincount(labels)
    ends = np.cumsum(counts)
    for fraction in (0.05, 0.75):
        take = np.rint(counts * fraction).astype(int)
        expected = [by_class[end - count : end - count + n] for end, count, n in zip(ends, counts, take, strict=True)]
        volume = Volume(fraction=fraction)
        ids = choose_subset(np.arange(len(labels)), labels, volume, dataset="ImageNet", classes=[""] * 1000)
        assert (ids == np.sort(np.concatenate(expected))).all()


INDEX = Index(
    name="digits",
    images=np.zeros((4, 1, 8, 8), np.uint8),
    labels=np.array([0, 1, 0, 1]),
    train=np.array([True, True, False, True]),
    classes=("a", "b"),
    mean=(0.5,),
    std=(1.0,),
    fingerprint="",
)


def test_a_written_subset_reads_back(tmp_path):
    write_subset(tmp_path / "new" / "subset.npy", np.array([0, 3]))
    assert load_subset(tmp_path / "new" / "subset.npy", INDEX).tolist() == [0, 3]
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["subset.npy"]


@pytest.mark.parametrize(
    "ids",
    [
        np.array([3, 0]),
        np.array([0, 0]),
        np.array([0, 4]),
        np.array([-1, 0]),
        np.array([0, 2]),  # held out
        np.array([0.0, 1.0]),
        np.array([[0, 1]]),
        np.array([], np.int64),
    ],
)
def test_a_subset_that_is_none_of_this_index_is_refused(tmp_path, ids):
    np.save(tmp_path / "subset.npy", ids)
    with pytest.raises(UserError, match=r"subset\.npy: not a sorted list of training samples of digits; delete it"):
        load_subset(tmp_path / "subset.npy", INDEX)


def test_a_missing_or_damaged_subset_gets_one_line(tmp_path):
    path = tmp_path / "subset.npy"
    with pytest.raises(UserError, match="there is no subset yet"):
        load_subset(path, INDEX)
    np.save(path, np.array([0, 3]))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(UserError, match="cannot be read"):
        load_subset(path, INDEX)
    path.write_bytes(b"")
    with pytest.raises(UserError, match="cannot be read"):
        load_subset(path, INDEX)
