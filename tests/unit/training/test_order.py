from __future__ import annotations

import torch

from datavolume.training.order import SampleOrder, epoch_order

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
