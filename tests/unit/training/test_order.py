from __future__ import annotations

import numpy as np
import torch

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.draws import entry_keys
from datavolume.training.feeding.order import SampleOrder, epoch_order

CPU = torch.device("cpu")


def test_an_epoch_is_a_permutation_that_belongs_to_seed_and_epoch() -> None:
    order = epoch_order(100, seed=1, epoch=2)
    assert sorted(order.tolist()) == list(range(100))
    assert order.tolist() == epoch_order(100, seed=1, epoch=2).tolist()
    assert order.tolist() != epoch_order(100, seed=1, epoch=3).tolist()
    assert order.tolist() != epoch_order(100, seed=2, epoch=2).tolist()


def test_the_order_of_finished_runs_never_changes() -> None:
    assert epoch_order(8, seed=0, epoch=0).tolist() == [3, 2, 7, 5, 6, 4, 1, 0]


def test_batches_are_the_epochs_one_after_another() -> None:
    order = SampleOrder(10, batch_size=4, seed=3, device=CPU)
    stream = torch.cat([order.batch(update) for update in range(5)]).tolist()
    assert stream == [*epoch_order(10, seed=3, epoch=0), *epoch_order(10, seed=3, epoch=1)]


def test_a_batch_larger_than_the_subset_takes_several_epochs() -> None:
    order = SampleOrder(3, batch_size=8, seed=3, device=CPU)
    epochs = [position for epoch in range(6) for position in epoch_order(3, seed=3, epoch=epoch).tolist()]
    assert order.batch(0).tolist() == epochs[:8]
    assert order.batch(1).tolist() == epochs[8:16]


def test_a_batch_does_not_depend_on_those_before() -> None:
    straight, resumed = (SampleOrder(10, batch_size=4, seed=3, device=CPU) for _ in range(2))
    for update in range(7):
        last = straight.batch(update)
    assert resumed.batch(6).tolist() == last.tolist()


def test_batches_on_the_host_are_those_on_the_device() -> None:
    order = SampleOrder(5, batch_size=4, seed=3, device=CPU)
    assert [order.entries(update).tolist() for update in range(6)] == [
        order.batch(update).tolist() for update in range(6)
    ]


def test_repeated_entries_follow_each_other_and_an_epoch_is_cut_to_its_size() -> None:
    order = SampleOrder(10, batch_size=10, seed=3, device=CPU, augmentation=Augmentation(repeated=4))
    first, second, third = epoch_order(10, seed=3, epoch=1)[:3].tolist()  # ceil(10 / 4) distinct ones
    assert order.batch(1).tolist() == [first] * 4 + [second] * 4 + [third] * 2


def test_a_key_belongs_to_seed_epoch_entry_and_repetition() -> None:
    order = SampleOrder(10, batch_size=4, seed=3, device=CPU, augmentation=Augmentation(repeated=2))
    keys = np.concatenate([order.keys(update) for update in range(5)])
    entries = np.concatenate([order.entries(update) for update in range(5)])
    epochs, repetitions = np.arange(20) // 10, np.arange(20) % 2
    assert keys.tolist() == entry_keys(3, epochs, entries, repetitions).tolist()
    assert len(set(keys.tolist())) == 20


def test_keys_do_not_depend_on_the_batch_size() -> None:
    one, other = (SampleOrder(10, batch_size, seed=3, device=CPU) for batch_size in (4, 12))
    assert np.concatenate([one.keys(update) for update in range(3)]).tolist() == other.keys(0).tolist()


def test_appended_copies_are_of_half_of_the_samples_and_keep_their_keys() -> None:
    order = SampleOrder(10, batch_size=15, seed=3, device=CPU, augmentation=Augmentation(shift=0.2, appended=0.5))
    keys = []
    for update in range(2):  # an epoch each
        entries = order.entries(update)
        assert sorted(entries.tolist()) == list(range(15))
        positions = order.positions(entries)
        assert positions[entries < 10].tolist() == entries[entries < 10].tolist()
        assert len(set(positions[order.appended(entries)].tolist())) == 5
        keys.append(dict(zip(entries.tolist(), order.keys(update).tolist(), strict=True)))
    assert [keys[0][entry] == keys[1][entry] for entry in range(15)] == [False] * 10 + [True] * 5


def test_each_run_appends_copies_of_other_samples() -> None:
    one, other = (
        SampleOrder(100, 1, seed, CPU, Augmentation(appended=0.5)).positions(np.arange(100, 150)) for seed in (0, 1)
    )
    assert sorted(one.tolist()) != sorted(other.tolist())


def test_partners_are_other_appended_entries_with_their_own_keys() -> None:
    order = SampleOrder(10, batch_size=15, seed=3, device=CPU, augmentation=Augmentation(cutmix=1.0, appended=0.5))
    entries, keys = order.entries(0), order.keys(0)
    partners, partner_keys = order.partners(entries, keys)
    own = entries[order.appended(entries)]
    assert len(partners) == 5
    assert ((partners >= 10) & (partners < 15) & (partners != own)).all()
    key_of = dict(zip(entries.tolist(), keys.tolist(), strict=True))
    assert partner_keys.tolist() == [key_of[partner] for partner in partners.tolist()]


def test_partners_do_not_depend_on_the_batch() -> None:
    order = SampleOrder(10, batch_size=15, seed=3, device=CPU, augmentation=Augmentation(cutmix=1.0, appended=0.5))
    entries, keys = order.entries(0), order.keys(0)
    together = order.partners(entries, keys)[0].tolist()
    assert together == [
        int(partner) for i in range(15) for partner in order.partners(entries[i : i + 1], keys[i : i + 1])[0]
    ]


def test_a_single_appended_entry_is_its_own_partner() -> None:
    order = SampleOrder(2, batch_size=3, seed=3, device=CPU, augmentation=Augmentation(cutmix=1.0, appended=0.5))
    assert order.partners(order.entries(0), order.keys(0))[0].tolist() == [2]


def test_without_mixing_of_appended_entries_there_are_no_partners() -> None:
    for augmentation in (Augmentation(cutmix=1.0), Augmentation(shift=0.2, appended=0.5)):
        order = SampleOrder(10, batch_size=5, seed=3, device=CPU, augmentation=augmentation)
        partners, keys = order.partners(order.entries(0), order.keys(0))
        assert len(partners) == len(keys) == 0
