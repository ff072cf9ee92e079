"""Random orders: the same everywhere and for ever, independent by name, stratified."""

import numpy as np
import pytest

from datavolume.data import permutation
from datavolume.data.permutation import hold_out, rank_in_class

LABELS = np.array([0, 1, 0, 1, 1, 0, 0, 2])


def test_the_order_is_the_one_that_was_published():
    """A change of these numbers changes every subset of every study: never edit them."""
    assert rank_in_class(LABELS, "digits", 0).tolist() == [2, 2, 0, 1, 0, 1, 3, 0]


def test_ranks_of_a_class_are_a_permutation():
    ranks = rank_in_class(LABELS, "digits", 0)
    assert sorted(ranks[LABELS == 0]) == [0, 1, 2, 3]
    assert sorted(ranks[LABELS == 1]) == [0, 1, 2]
    assert ranks[LABELS == 2] == [0]


def test_every_name_makes_another_order():
    labels = np.zeros(1000, np.int64)
    orders = {rank_in_class(labels, *names).tobytes() for names in [("a", 0), ("a", 1), ("b", 0), ("a", 0, "f0.5")]}
    assert len(orders) == 4


def test_many_classes_give_the_same_order_as_few():
    """Above 65 536 classes the labels are sorted in 64 bits."""
    few = np.repeat([0, 1], 50)
    for largest in (2**8, 2**16 - 1, 2**16):
        many = few * largest
        assert (rank_in_class(few, "a") == rank_in_class(many, "a")).all()


@pytest.mark.parametrize("lower_bits", [8, 31, 63])
def test_samples_that_share_the_upper_bits_keep_the_order_of_a_full_sort(monkeypatch, lower_bits):
    """Real priorities share them about once in a million images: here many do, and many are equal altogether."""
    generator = np.random.Generator(np.random.Philox(3))
    priorities = generator.integers(0, 2, 2000).astype(np.uint64) << np.uint64(lower_bits)
    priorities += generator.integers(0, 7, 2000).astype(np.uint64)
    labels = generator.integers(0, 5, 2000)
    monkeypatch.setattr(permutation, "_priorities", lambda *_: priorities)
    ranks = rank_in_class(labels, "a")
    for k in range(5):
        of_class = np.flatnonzero(labels == k)
        expected = sorted(of_class, key=lambda sample: (int(priorities[sample]), sample))
        assert of_class[np.argsort(ranks[of_class])].tolist() == expected


def test_hold_out_takes_the_rounded_share_of_each_class():
    labels = np.repeat([0, 1, 2], [10, 13, 2])
    train = hold_out(labels, 0.2, "digits", 0)
    assert np.bincount(labels[~train]).tolist() == [2, 3, 1]  # 2.0, 2.6, and 0.4 raised to one


def test_hold_out_leaves_a_training_image():
    train = hold_out(np.array([0, 0, 1, 1]), 0.99, "digits", 0)
    assert np.bincount(np.array([0, 0, 1, 1])[train]).tolist() == [1, 1]
