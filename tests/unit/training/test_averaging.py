from __future__ import annotations

import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from datavolume.training.updating.averaging import Ema

DECAY = 0.9


def network() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 3))


def train_one(model: torch.nn.Module, update: int) -> None:
    """Other weights and other running statistics."""
    torch.manual_seed(update)
    model(torch.randn(8, 6))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += torch.randn_like(parameter)


def averages(ema: Ema, model: torch.nn.Module) -> dict[str, torch.Tensor]:
    with ema.applied(model):
        return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def equal(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(ours[name], theirs[name]) for name in theirs if "num_batches" not in name)


@pytest.mark.parametrize("every", [1, 3])
def test_it_has_the_bits_of_torch(every: int) -> None:
    model = network()
    ema = Ema(model, DECAY, every)
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(DECAY), use_buffers=True)
    for done in range(1, 13):
        train_one(model, done)
        ema.update(model, done)
        if done % every == 0:
            theirs.update_parameters(model)
    assert equal(averages(ema, model), theirs.module.state_dict())


def test_a_warm_up_keeps_copying_as_in_the_reference_training() -> None:
    """torchvision's train_one_epoch sets n_averaged to 0 after each update of the warm-up."""
    warmup, every = 4, 2
    model = network()
    ema = Ema(model, DECAY, every, warmup)
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(DECAY), use_buffers=True)
    for done in range(1, 13):
        train_one(model, done)
        ema.update(model, done)
        if done % every == 0:
            theirs.update_parameters(model)
            if done <= warmup:
                theirs.n_averaged.fill_(0)
    assert equal(averages(ema, model), theirs.module.state_dict())


def test_by_hand() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    ema = Ema(model, decay=0.75)
    for done, weight in ((1, 1.0), (2, 5.0), (3, 2.0)):  # 1, then 0.75 x 1 + 0.25 x 5 = 2, then 0.75 x 2 + 0.25 x 2
        torch.nn.init.constant_(model.weight, weight)
        ema.update(model, done)
    assert averages(ema, model) == {"weight": torch.tensor([[2.0]])}


def test_counts_are_copied() -> None:
    model = network()
    ema = Ema(model, DECAY)
    for done in (1, 2, 3):
        train_one(model, done)
        ema.update(model, done)
    assert int(averages(ema, model)["1.num_batches_tracked"]) == 3


def test_the_networks_own_weights_come_back_to_the_bit_after_an_error_too() -> None:
    model = network()
    ema = Ema(model, DECAY)
    ema.update(model, 1)
    train_one(model, 2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with ema.applied(model):
        assert not torch.equal(model[0].weight, before["0.weight"])
    with pytest.raises(ZeroDivisionError), ema.applied(model):
        raise ZeroDivisionError
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_an_optimiser_can_go_on_behind_it() -> None:
    """The parameters are the same objects, and autograd has not noticed."""
    model = network()
    ema, parameters = Ema(model, DECAY), [*model.parameters()]
    ema.update(model, 1)
    with ema.applied(model):
        pass
    model(torch.randn(8, 6)).sum().backward()
    assert all(own is before for own, before in zip(model.parameters(), parameters, strict=True))
    assert all(parameter.grad is not None for parameter in parameters)


def test_a_state_taken_over_goes_on_to_the_same_bits() -> None:
    model = network()
    straight = Ema(model, DECAY)
    for done in (1, 2):
        train_one(model, done)
        straight.update(model, done)
    resumed = Ema(network(), DECAY)
    resumed.load(straight.state)
    train_one(model, 3)
    straight.update(model, 3)
    resumed.update(model, 3)
    assert equal(averages(resumed, model), averages(straight, model))


def test_a_state_of_other_shapes_is_refused() -> None:
    with pytest.raises((ValueError, RuntimeError)):
        Ema(network(), DECAY).load(Ema(torch.nn.Linear(2, 2), DECAY).state)


def test_until_the_first_average_the_weights_themselves_count() -> None:
    """Also where they were put in after it was made, and behind a checkpoint."""
    model = network()
    ema = Ema(model, DECAY, every=3)
    train_one(model, 1)
    ema.update(model, 1)
    resumed = Ema(network(), DECAY, every=3)
    resumed.load(ema.state)
    for average in (ema, resumed):
        assert equal(averages(average, model), model.state_dict())
