from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import stats
from sklearn.datasets import load_digits

from datavolume.errors import UserError
from datavolume.models.small import small_cnn
from datavolume.study import Network, Recipe
from datavolume.training.determinism import make_deterministic
from datavolume.training.processes.distributed import Group
from datavolume.training.updating.gradient import Gradient
from datavolume.training.updating.optimisation import Optimizer
from datavolume.training.updating.precision import Tier
from datavolume.training.updating.schedule import learning_rate

CPU = torch.device("cpu")
EXACT, FAST = Recipe(), Recipe(tier="fast", precision="bf16")


@pytest.fixture(autouse=True)
def deterministic() -> Iterator[None]:
    before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    make_deterministic(threads=1)
    yield
    torch.set_num_threads(before[0])
    torch.set_deterministic_debug_mode(before[1])


@cache
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images / 8 - 1, dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(labels)


class Training:
    """Digits, small_cnn; as the loop calls the tier."""

    def __init__(self, recipe: Recipe, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.recipe, self.model = recipe, small_cnn(classes=10, channels=1, image_size=(8, 8))
        self.tier = Tier(recipe, CPU)
        self.tier.prepare(self.model)
        self.optimizer = Optimizer(recipe, self.model)
        self.gradient = Gradient(self.model, recipe.shards, Group(0, 1, CPU), self.tier)
        self.order = torch.Generator().manual_seed(seed)

    def train(self, updates: int, of: int = 1000) -> Training:
        images, labels = digits()
        for update in range(updates):
            batch = torch.randint(0, 1400, (32,), generator=self.order).chunk(self.recipe.shards)

            def loss_of(shard: int, batch: tuple[torch.Tensor, ...] = batch) -> torch.Tensor:
                logits = self.tier.logits(self.model, images[batch[shard]])
                return F.cross_entropy(logits, labels[batch[shard]], reduction="sum") / 32

            self.gradient.compute(loss_of, 0)
            self.tier.step(self.optimizer, learning_rate(self.recipe, of, update))
        return self

    def loss(self) -> float:
        """Mean cross-entropy of the images that are not trained on."""
        images, labels = digits()
        self.model.eval()
        with torch.inference_mode():
            return float(F.cross_entropy(self.tier.logits(self.model, images[1400:]), labels[1400:]))

    def bits(self) -> dict[str, bytes]:
        return {name: tensor.contiguous().numpy().tobytes() for name, tensor in self.model.state_dict().items()}


def test_exact_changes_nothing() -> None:
    images, _ = digits()
    training = Training(EXACT)
    assert torch.equal(training.tier.logits(training.model, images[:8]), training.model(images[:8]))
    assert all(parameter.is_contiguous() for parameter in training.model.parameters())
    assert training.tier.state == {}


def test_fast_is_bf16_in_channels_last_with_float32_weights() -> None:
    training = Training(FAST)
    seen = []
    training.model[-1].register_forward_hook(lambda _, inputs, output: seen.append((inputs[0].dtype, output.dtype)))
    logits = training.tier.logits(training.model, digits()[0][:8])
    assert seen == [(torch.bfloat16, torch.bfloat16)]
    assert logits.dtype == torch.float32
    assert training.model[4].weight.is_contiguous(memory_format=torch.channels_last)
    training.train(1)
    assert {parameter.grad.dtype for parameter in training.model.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("recipe", "convolves", "shape", "expected"),
    [
        ({}, True, (2, 1, 16, 16), torch.bfloat16),
        ({}, True, (2, 1, 8, 8), torch.float32),
        ({"network": Network(input_size=32)}, True, (2, 1, 8, 8), torch.bfloat16),  # scaled inside the network
        ({}, True, (2, 512), torch.float32),  # features of a frozen backbone
        ({}, False, (2, 1, 32, 32), torch.float32),
        ({"precision": "bf16"}, False, (2, 1, 8, 8), torch.bfloat16),
        ({"precision": "float32"}, True, (2, 1, 32, 32), torch.float32),
        ({"precision": "fp16"}, True, (2, 1, 32, 32), torch.float16),
        ({"tier": "exact"}, True, (2, 1, 32, 32), torch.float32),
    ],
)
def test_the_number_format_follows_the_recipe_the_network_and_the_images(
    recipe: dict[str, Any], convolves: bool, shape: tuple[int, ...], expected: torch.dtype
) -> None:
    first = torch.nn.Conv2d(1, 1, 1) if convolves else torch.nn.Identity()
    model = torch.nn.ModuleList([first, torch.nn.Linear(shape[-1], 2)])
    tier = Tier(Recipe(**{"tier": "fast", **recipe}), CPU)
    tier.prepare(model)
    seen = []
    model[1].register_forward_hook(lambda *called: seen.append(called[2].dtype))
    assert tier.logits(model[1], torch.zeros(shape)).dtype == torch.float32
    assert seen == [expected]


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("precision", ["bf16", "float32"])
def test_on_a_cpu_the_fast_tier_has_the_same_bits_each_time(precision: str, shards: int) -> None:
    recipe = Recipe(tier="fast", precision=precision, shards=shards)
    assert Training(recipe).train(5).bits() == Training(recipe).train(5).bits()


def test_shards_of_the_fast_tier_add_up_to_the_batch() -> None:
    """In float32, and in the layout of the weights."""
    steps = []
    for shards in (1, 2):
        recipe = Recipe(tier="fast", precision="float32", optimizer="sgd", shards=shards)
        training = Training(recipe)
        training.model.eval()  # where an image's loss does not depend on the others in its shard
        steps.append([parameter.detach() for parameter in training.train(2).model.parameters()])
    torch.testing.assert_close(steps[0], steps[1], rtol=1e-4, atol=1e-6)


def test_names_in_the_state_dict_stay_when_the_network_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datavolume.training.updating.precision._compiler_works", lambda _: True)
    asked = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: asked.append(self))
    training = Training(Recipe(tier="fast", compile=True))
    assert asked == [training.model]
    assert training.model.state_dict().keys() == Training(EXACT).model.state_dict().keys()


def test_without_a_compiler_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Callable[..., object]) -> Callable[..., object]:
        raise RuntimeError("No working C++ compiler found\nin a page of text")

    monkeypatch.setattr(torch, "compile", broken)
    training = Training(Recipe(tier="fast", compile=True))
    said = capsys.readouterr().err
    assert (
        said
        == "recipe.compile: no working compiler here (No working C++ compiler found); the network is not compiled\n"
    )
    assert np.isfinite(training.train(1).loss())


def step_with(training: Training, gradient: float) -> None:
    """A step with this gradient everywhere, before fp16's scale."""
    (training.tier.scale(sum(p.sum() for p in training.model.parameters()) * gradient)).backward()
    training.tier.step(training.optimizer, 1e-3)
    training.model.zero_grad()


def test_fp16_leaves_out_a_step_that_is_not_finite_and_halves_the_scale() -> None:
    training = Training(Recipe(tier="fast", precision="fp16"))
    before = training.bits()
    step_with(training, float("inf"))
    assert training.bits() == before
    assert training.tier.skipped == 1
    assert float(training.tier.state["scale"][0]) == 2.0**15
    step_with(training, 1.0)
    assert training.bits() != before
    assert training.tier.skipped == 1


def test_fp16_steps_with_the_unscaled_gradient() -> None:
    plain, scaled = (Training(Recipe(tier="fast", precision=precision)) for precision in ("float32", "fp16"))
    for training in (plain, scaled):
        step_with(training, 0.5)  # a power of two: multiplying and dividing by the scale is exact
    assert scaled.bits() == plain.bits()


def test_fp16_goes_on_from_its_state() -> None:
    recipe = Recipe(tier="fast", precision="fp16")
    straight, resumed = Training(recipe), Tier(recipe, CPU)
    for gradient in (float("inf"), 1.0, 1.0):
        step_with(straight, gradient)
    resumed.load(straight.tier.state)
    assert {name: float(value) for name, (value,) in resumed.state.items()} == {
        "scale": 2.0**15,
        "growth": 2.0,
        "skipped": 1.0,
    }
    assert float(resumed.scale(torch.ones(()))) == 2.0**15


@pytest.mark.parametrize("shards", [1, 2])
def test_fp16_trains(shards: int) -> None:
    recipe = Recipe(tier="fast", precision="fp16", shards=shards)
    assert Training(recipe).train(8).loss() < Training(recipe).loss()


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(UserError, match=r"recipe.tier 'quick' is unknown; valid: exact, fast"):
        Tier(Recipe(tier="quick"), CPU)
    with pytest.raises(UserError, match=r"recipe.precision 'fp8' is unknown; valid: auto, float32, bf16, fp16"):
        Tier(Recipe(tier="fast", precision="fp8"), CPU)
    with pytest.raises(UserError, match=r"recipe.precision bf16 belongs to the fast tier; set recipe.tier: fast"):
        Tier(Recipe(precision="bf16"), CPU)


# The tiers give other bits, but are they the same method? Distributions over seeds of the held-out loss, and two faults
# of the kind that a fast tier may have, which the same tests must find.

SEEDS, UPDATES = range(6), 60


def losses(recipe: Recipe, fault: Callable[[Training], None] = lambda _: None) -> NDArray[np.float64]:
    """Logarithm of the held-out loss, one a seed."""
    found = []
    for seed in SEEDS:
        training = Training(replace(recipe, learning_rate=2e-3, schedule="cosine"), seed)
        fault(training)
        found.append(training.train(UPDATES, of=UPDATES).loss())
    return np.log(found)


def gradients_in_another_layout(training: Training) -> None:
    """What a fused kernel makes of them."""
    optimizer = training.optimizer
    optimizer._gradients = lambda: [p.grad.contiguous() for p in optimizer.parameters if p.grad is not None]


def weights_in_bf16(training: Training) -> None:
    """No float32 weights behind those of the forward pass: small updates are rounded away."""
    step = training.optimizer.step

    def rounded(rate: float) -> None:
        step(rate)
        for parameter in training.model.parameters():
            parameter.data.copy_(parameter.data.bfloat16())

    training.optimizer.step = rounded


def p_value(these: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Of the two-sided permutation test that both are draws of one distribution; exact, 1 / 462 at the least."""
    return float(stats.permutation_test((these, others), lambda a, b: a.mean() - b.mean()).pvalue)


def largest_shift(these: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Of the mean difference, seed by seed, the end of its 90 % confidence interval that is farther from 0 (TOST)."""
    low, high = stats.ttest_rel(these, others).confidence_interval(0.9)
    return float(max(-low, high))


def test_over_seeds_the_fast_tier_is_the_exact_one() -> None:
    exact, fast = losses(EXACT), losses(FAST)
    assert not np.array_equal(fast, exact)
    assert p_value(fast, exact) > 0.2
    assert largest_shift(fast, exact) < 0.02  # of the loss, as a share; the seeds' deviation is 0.05

    other_layout, rounded = losses(FAST, gradients_in_another_layout), losses(FAST, weights_in_bf16)
    assert p_value(other_layout, exact) < 0.01
    assert p_value(rounded, exact) < 0.1
    assert largest_shift(rounded, exact) > 0.04
