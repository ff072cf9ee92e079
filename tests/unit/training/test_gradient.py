from __future__ import annotations

import torch
import torch.nn.functional as F

from datavolume.training.processes.distributed import Group
from datavolume.training.updating.gradient import Gradient

ALONE = Group(0, 1, torch.device("cpu"))


def network() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 3))


def grads_and_loss(model: torch.nn.Module, shards: int) -> tuple[list[torch.Tensor], torch.Tensor]:
    torch.manual_seed(1)
    inputs, labels = torch.randn(8, 6), torch.randint(0, 3, (8,))

    def loss_of_shard(shard: int) -> torch.Tensor:
        own = slice(shard * 8 // shards, (shard + 1) * 8 // shards)
        return F.cross_entropy(model(inputs[own]), labels[own], reduction="sum") / 8

    loss, _ = Gradient(model, shards, ALONE).compute(loss_of_shard, 0)
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None], loss


def test_shards_add_up_to_the_batch() -> None:
    # In evaluation mode an image's loss does not depend on the others in its shard.
    whole, loss = grads_and_loss(network().eval(), 1)
    for shards in (2, 4):
        parts, sharded_loss = grads_and_loss(network().eval(), shards)
        torch.testing.assert_close(parts, whole)
        torch.testing.assert_close(sharded_loss, loss)


def test_buffers_are_those_of_the_first_shard() -> None:
    sharded, alone = network(), network()
    grads_and_loss(sharded, 2)
    torch.manual_seed(1)
    alone(torch.randn(8, 6)[:4])
    assert torch.equal(sharded[1].running_mean, alone[1].running_mean)
    assert torch.equal(sharded[1].running_var, alone[1].running_var)
    assert int(sharded[1].num_batches_tracked) == 1


def test_a_parameter_without_gradient_counts_as_zero() -> None:
    model = torch.nn.ModuleList([torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)])
    Gradient(model, 2, ALONE).compute(lambda _: model[0](torch.ones(2)).sum(), 0)
    assert model[0].weight.grad.tolist() == [[2.0, 2.0]]
    assert model[1].weight.grad.tolist() == [[0.0, 0.0]]


def test_the_stop_signal_comes_back() -> None:
    model = torch.nn.Linear(2, 1)
    for shards in (1, 2):
        assert Gradient(model, shards, ALONE).compute(lambda _: model(torch.ones(2)).sum(), 15)[1] == 15
