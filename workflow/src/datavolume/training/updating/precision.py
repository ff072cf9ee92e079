"""The two tiers of a recipe, exact and fast: number format, memory layout, kernels.

    tier = Tier(recipe, device)
    tier.prepare(model)                    on its device, before its optimiser is made
    logits = tier.logits(model, images)    in training and in evaluation; float32
    tier.scale(loss).backward()            Gradient(model, shards, group, tier) does it
    tier.step(optimizer, rate)             for optimizer.step(rate)

exact   float32, torch's default layout, foreach kernels, deterministic ones only: the same bits on the same hardware.
fast    convolutions in channels-last, fused AdamW and SGD, autocast to the recipe's `precision`, the network compiled
        where `compile` asks for it. `auto` is bf16 for networks that convolve images of 16 x 16 pixels or more, and
        float32 for dense layers alone and smaller images, where converting takes longer than it saves. On a CPU the
        bits are still the same each time. On a GPU they vary between runs of the same layout: cuDNN picks the quickest
        kernel by trying (benchmark), sums may be added in the order in which threads arrive (atomics), and what stays
        in float32 is multiplied in TF32. So an interrupted run goes on, but not to the same bits.

Weights, their gradients, the sum over shards and the optimiser are float32 in both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import nn

from datavolume.errors import UserError
from datavolume.study.model import Recipe
from datavolume.training.updating.optimisation import Optimizer, State

__all__ = ["Tier"]

_TIERS = ("exact", "fast")
_FORMATS = {"float32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
_SMALLEST = 16 * 16  # pixels


class Tier:
    """How the runs of a recipe are computed on `device`. `skipped` counts the updates that fp16 left out so far."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        _check(recipe)
        self._recipe, self._device, self._fast = recipe, device, recipe.tier == "fast"
        self._convolves = False
        self._scaler = torch.amp.GradScaler(device.type) if recipe.precision == "fp16" else None
        self.skipped = 0
        if self._fast and device.type == "cuda":
            _free_kernels()

    def prepare(self, model: nn.Module) -> None:
        """Lay out, and compile, in place: names in the state dict stay."""
        if not self._fast:
            return
        self._convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
        if self._convolves:
            model.to(memory_format=torch.channels_last)
        if self._recipe.compile and _compiler_works(self._device):
            model.compile()

    def logits(self, model: nn.Module, images: torch.Tensor) -> torch.Tensor:
        """float32 [B, K] of images float32 [B, C, H, W], or of features [B, F]."""
        number_format = self._format_for(images)
        if number_format is None:
            return model(images)  # type: ignore[no-any-return]
        with torch.autocast(self._device.type, number_format):
            return model(images).float()  # type: ignore[no-any-return]

    def _format_for(self, images: torch.Tensor) -> torch.dtype | None:
        """What autocast converts to; None is float32."""
        if self._recipe.precision != "auto":
            return _FORMATS[self._recipe.precision]
        large = self._recipe.network.input_size or images.shape[2:].numel() >= _SMALLEST
        return torch.bfloat16 if self._convolves and large else None

    def scale(self, loss: torch.Tensor) -> torch.Tensor:
        """What to take the gradient of: fp16 would lose small ones, so it multiplies the loss (GradScaler)."""
        return loss if self._scaler is None else self._scaler.scale(loss)

    def step(self, optimizer: Optimizer, rate: float) -> None:
        """The optimiser's step. fp16: first divide by the scale, and leave the step out where that is not finite."""
        if self._scaler is None:
            optimizer.step(rate)
            return
        made: list[float] = []
        self._scaler.step(_as_torch(optimizer, lambda: made.append(rate)))
        if made:
            optimizer.step(rate)
        self._scaler.update()
        self.skipped += not made

    @property
    def state(self) -> State:
        """For the checkpoint; empty without fp16."""
        if self._scaler is None:
            return {}
        scaler = self._scaler.state_dict()
        values = {"scale": scaler["scale"], "growth": scaler["_growth_tracker"], "skipped": self.skipped}
        return {name: [torch.tensor(value)] for name, value in values.items()}

    def load(self, state: State) -> None:
        """Go on from a state. Raises KeyError where it is another tier's."""
        if self._scaler is None:
            return
        scale, growth, skipped = (state[name][0].item() for name in ("scale", "growth", "skipped"))
        self._scaler.load_state_dict({**self._scaler.state_dict(), "scale": scale, "_growth_tracker": growth})
        self.skipped = int(skipped)


def _check(recipe: Recipe) -> None:
    if recipe.tier not in _TIERS:
        raise UserError(f"recipe.tier '{recipe.tier}' is unknown; valid: {', '.join(_TIERS)}")
    if recipe.precision not in (valid := ("auto", *_FORMATS)):
        raise UserError(f"recipe.precision '{recipe.precision}' is unknown; valid: {', '.join(valid)}")
    if recipe.tier == "exact" and recipe.precision not in ("auto", "float32"):
        raise UserError(f"recipe.precision {recipe.precision} belongs to the fast tier; set recipe.tier: fast")


def _as_torch(optimizer: Optimizer, step: Callable[[], None]) -> torch.optim.Optimizer:
    """What GradScaler needs of a torch.optim.Optimizer: groups to divide by the scale, a step to call or leave out."""
    return SimpleNamespace(param_groups=[{"params": optimizer.parameters}], step=step)  # type: ignore[return-value]


def _free_kernels() -> None:
    """Undo what make_deterministic asks of a GPU, which the next call of that one restores."""
    torch.set_deterministic_debug_mode("default")
    torch.backends.cudnn.deterministic = False
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = True
    torch.set_float32_matmul_precision("high")


def _compiler_works(device: torch.device) -> bool:
    """Tried on one line of code: a compiler, Python's headers or Triton may be missing."""
    try:
        torch.compile(torch.sin)(torch.ones(8, device=device))
    except Exception as error:  # whatever torch.compile and the compilers stumble over
        reason = next(filter(None, str(error).splitlines()), type(error).__name__)
        print(f"recipe.compile: no working compiler here ({reason}); the network is not compiled", file=sys.stderr)
        return False
    return True
