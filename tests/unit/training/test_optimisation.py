from __future__ import annotations

from typing import Any

import pytest
import torch

from datavolume.errors import UserError
from datavolume.study import Budget, Network, Recipe
from datavolume.training.updating.optimisation import Optimizer, undecayed

RATES = (0.5, 0.3, 0.1)


def network() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh(), torch.nn.Linear(4, 3))


def set_gradient(model: torch.nn.Module, step: int) -> None:
    torch.manual_seed(step)
    model.zero_grad()
    model(torch.randn(8, 5)).square().mean().backward()


def trained(recipe: Recipe) -> torch.nn.Module:
    """The network after three of our steps."""
    model = network()
    optimizer = Optimizer(recipe, model)
    for step, rate in enumerate(RATES):
        set_gradient(model, step)
        optimizer.step(rate)
    return model


def trained_by(kind: type[torch.optim.Optimizer], split: bool = False, **options: Any) -> torch.nn.Module:
    """The network after three steps of torch's optimiser; `split`: without weight decay of biases and BatchNorm."""
    model = network()
    groups: Any = model.parameters()
    if split:
        decayed = [model[0].weight, model[3].weight]
        exempt = [model[0].bias, *model[1].parameters(), model[3].bias]
        groups = [{"params": decayed}, {"params": exempt, "weight_decay": 0.0}]
    reference = kind(groups, lr=1.0, **options)
    for step, rate in enumerate(RATES):
        set_gradient(model, step)
        for group in reference.param_groups:
            group["lr"] = rate
        reference.step()
    return model


def same_bits(ours: torch.nn.Module, theirs: torch.nn.Module) -> bool:
    return all(map(torch.equal, ours.parameters(), theirs.parameters()))


CASES: list[tuple[dict[str, Any], type[torch.optim.Optimizer], dict[str, Any]]] = [
    ({"optimizer": "sgd", "momentum": 0.0}, torch.optim.SGD, {"momentum": 0.0}),
    ({"optimizer": "sgd"}, torch.optim.SGD, {"momentum": 0.9}),
    ({"optimizer": "sgd", "nesterov": True}, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    ({"optimizer": "adamw"}, torch.optim.AdamW, {}),
    ({"optimizer": "adamw", "epsilon": 1e-3}, torch.optim.AdamW, {"eps": 1e-3}),
    ({"optimizer": "rmsprop", "momentum": 0.0}, torch.optim.RMSprop, {}),
    (  # torchvision's reference, for MobileNetV3 and EfficientNet
        {"optimizer": "rmsprop", "alpha": 0.9, "epsilon": 0.0316},
        torch.optim.RMSprop,
        {"momentum": 0.9, "alpha": 0.9, "eps": 0.0316},
    ),
]


@pytest.mark.parametrize(("recipe", "kind", "options"), CASES)
def test_each_has_the_bits_of_torch(
    recipe: dict[str, Any], kind: type[torch.optim.Optimizer], options: dict[str, Any]
) -> None:
    assert same_bits(trained(Recipe(weight_decay=0.1, **recipe)), trained_by(kind, weight_decay=0.1, **options))


@pytest.mark.parametrize(("recipe", "kind", "options"), CASES[:5])
def test_the_fast_tier_has_the_bits_of_torchs_fused_kernels(
    recipe: dict[str, Any], kind: type[torch.optim.Optimizer], options: dict[str, Any]
) -> None:
    ours = trained(Recipe(weight_decay=0.1, tier="fast", **recipe))
    assert same_bits(ours, trained_by(kind, weight_decay=0.1, fused=True, **options))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
def test_weight_decay_leaves_out_biases_and_normalisation(optimizer: str) -> None:
    kind, options = {
        "sgd": (torch.optim.SGD, {"momentum": 0.9}),
        "adamw": (torch.optim.AdamW, {}),
        "rmsprop": (torch.optim.RMSprop, {"momentum": 0.9}),
    }[optimizer]
    recipe = Recipe(optimizer=optimizer, weight_decay=0.1, no_decay=("norm", "bias"))
    assert same_bits(trained(recipe), trained_by(kind, split=True, weight_decay=0.1, **options))


def test_which_parameters_have_no_decay() -> None:
    model = torch.nn.ModuleDict(
        {
            "conv": torch.nn.Conv2d(1, 1, 1),
            "attention": torch.nn.MultiheadAttention(2, 1),
            "norm": torch.nn.LayerNorm(2),
        }
    )
    names = {parameter: name for name, parameter in model.named_parameters()}

    def chosen(*kinds: str) -> set[str]:
        return {names[parameter] for parameter in undecayed(model, kinds)}

    assert chosen() == set()
    assert chosen("norm") == {"norm.weight", "norm.bias"}
    assert chosen("bias") == {"conv.bias", "attention.in_proj_bias", "attention.out_proj.bias", "norm.bias"}
    assert chosen("bias", "norm") == chosen("bias") | chosen("norm")


def test_frozen_parameters_stay() -> None:
    model = network()
    model[0].requires_grad_(False)
    before = [parameter.clone() for parameter in model[0].parameters()]
    optimizer = Optimizer(Recipe(weight_decay=0.1), model)
    set_gradient(model, 0)
    optimizer.step(0.1)
    assert all(map(torch.equal, model[0].parameters(), before))
    assert len(optimizer.state["mean"]) == 4


def test_l2_is_the_gradient_of_the_heads_squared_weights() -> None:
    """Keras' l2(factor) adds factor x sum of squares of the kernel, not of the bias, to the loss."""
    ours, theirs = network(), network()
    optimizer = Optimizer(
        Recipe(optimizer="sgd", momentum=0.0, weight_decay=0.0, network=Network(l2=0.2)), ours, ours[3].parameters()
    )
    set_gradient(ours, 0)
    optimizer.step(0.1)
    set_gradient(theirs, 0)
    (0.2 * theirs[3].weight.square().sum()).backward()
    torch.optim.SGD(theirs.parameters(), lr=0.1).step()
    torch.testing.assert_close([*ours.parameters()], [*theirs.parameters()])


def test_l2_without_a_head_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"recipe.network.l2 needs the parameters of the network's head"):
        Optimizer(Recipe(network=Network(l2=0.2)), network())


@pytest.mark.parametrize(
    ("recipe", "clip"),
    [
        ({"clip_norm": 0.05}, lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 0.05)),
        ({"clip_value": 0.01}, lambda parameters: torch.nn.utils.clip_grad_value_(parameters, 0.01)),
    ],
)
def test_clipping_has_the_bits_of_torch(recipe: dict[str, Any], clip: Any) -> None:
    theirs = network()
    reference = torch.optim.AdamW(theirs.parameters(), lr=0.1, weight_decay=0.01)
    set_gradient(theirs, 0)
    before = [parameter.grad.clone() for parameter in theirs.parameters() if parameter.grad is not None]
    clip(theirs.parameters())
    assert not torch.equal(before[0], theirs[0].weight.grad)
    reference.step()

    ours = network()
    set_gradient(ours, 0)
    Optimizer(Recipe(**recipe), ours).step(0.1)
    assert same_bits(ours, theirs)


def test_clipping_sees_the_penalty_and_where_both_are_asked_for_the_norm_comes_first() -> None:
    # Gradient 0 + 2 x 0.5 x (3, 4) = (3, 4), of norm 5; clipped to norm 1: (0.6, 0.8); to 0.7: (0.6, 0.7).
    model = torch.nn.Linear(2, 1, bias=False)
    model.weight.data = torch.tensor([[3.0, 4.0]])
    recipe = Recipe(optimizer="sgd", momentum=0, weight_decay=0, clip_norm=1.0, clip_value=0.7, network=Network(l2=0.5))
    Optimizer(recipe, model, model.parameters()).step(1.0)
    assert model.weight[0].tolist() == pytest.approx([3 - 0.6, 4 - 0.7], abs=1e-5)


def test_a_parameter_without_gradient_counts_as_zero() -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    model.weight.data = torch.tensor([[3.0, 4.0]])
    Optimizer(Recipe(weight_decay=0.5), model).step(0.1)
    assert model.weight[0].tolist() == pytest.approx([3 * 0.95, 4 * 0.95])


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_fused_kernels_get_gradients_in_the_layout_of_the_weights(optimizer: str) -> None:
    """On a CPU they walk the memory: a gradient of another layout would go to other weights, in silence."""
    torch.manual_seed(0)
    usual, last = torch.nn.Conv2d(4, 8, 3), torch.nn.Conv2d(4, 8, 3)
    last.load_state_dict(usual.state_dict())
    last.to(memory_format=torch.channels_last)
    grad = torch.randn(8, 4, 3, 3)
    for model in (usual, last):
        own = Optimizer(Recipe(tier="fast", optimizer=optimizer), model)
        for _ in range(2):
            model.weight.grad, model.bias.grad = grad.clone(), torch.zeros(8)  # as a sum of shards: contiguous
            own.step(0.1)
    assert not last.weight.is_contiguous()
    torch.testing.assert_close(last.weight, usual.weight)


@pytest.mark.parametrize("tier", ["exact", "fast"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
def test_a_state_taken_over_goes_on_to_the_same_bits(optimizer: str, tier: str) -> None:
    recipe = Recipe(optimizer=optimizer, tier=tier, no_decay=("norm",))
    straight, resumed = network(), network()
    before = Optimizer(recipe, straight)
    set_gradient(straight, 0)
    before.step(0.1)
    later = Optimizer(recipe, resumed)
    resumed.load_state_dict(straight.state_dict())
    later.load(before.state)
    for model, its in ((straight, before), (resumed, later)):
        set_gradient(model, 1)
        its.step(0.1)
    assert same_bits(resumed, straight)


def test_a_state_of_other_shapes_is_refused() -> None:
    other = Optimizer(Recipe(), torch.nn.Linear(2, 2))
    with pytest.raises((ValueError, RuntimeError)):
        Optimizer(Recipe(), network()).load(other.state)


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(UserError, match=r"recipe.optimizer 'lamb' is unknown; valid: sgd, adamw, rmsprop"):
        Optimizer(Recipe(optimizer="lamb"), network())
    with pytest.raises(UserError, match=r"recipe.nesterov needs recipe.momentum above 0"):
        Optimizer(Recipe(optimizer="sgd", momentum=0.0, nesterov=True), network())


def test_updates_of_a_budget() -> None:
    sizes = {"batch_size": 32, "subset_size": 100, "full_size": 1000}
    assert Budget(updates=7).total_updates(**sizes) == 7
    assert Budget(samples=33).total_updates(**sizes) == 2
    assert Budget(epochs=2).total_updates(**sizes) == 63  # 2000 / 32 = 62.5
    assert Budget(epochs=2, equal="epochs").total_updates(**sizes) == 7  # 200 / 32 = 6.25
