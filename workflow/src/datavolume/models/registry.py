"""Every architecture by name: `mlp`, `small_cnn`, and torchvision's classifiers, with weights drawn afresh.

    check_architecture("resnet18")      UserError with the nearest valid names otherwise
    model = build_model("resnet18", classes=10, channels=1, image_size=index.image_size)

torch and torchvision are imported when a model needs them, not with this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datavolume.errors import UserError
from datavolume.study.model import Network

if TYPE_CHECKING:
    from torch import nn

__all__ = ["architecture_names", "build_model", "check_architecture"]

_OWN = ("mlp", "small_cnn", "emnist_cnn", "vgg3")
# Auxiliary classifiers give a second output during training, which no recipe here has a loss for.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    name: {"aux_logits": False, "init_weights": True} for name in ("googlenet", "inception_v3")
}


def architecture_names() -> tuple[str, ...]:
    """Our own first, then torchvision's, which are imported to be listed."""
    from torchvision import models

    return (*_OWN, *models.list_models(module=models))


def check_architecture(name: str) -> None:
    """Raises UserError where there is no such architecture, with the nearest names, or all where nothing is near."""
    if name not in _OWN and name not in (names := architecture_names()):
        near = get_close_matches(name, names, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else f"allowed: {', '.join(names)}"
        raise UserError(f"architecture '{name}' is unknown; {hint}")


def build_model(
    name: str,
    *,
    classes: int,
    channels: int,
    image_size: tuple[int, int],
    network: Network = Network(),  # noqa: B008 (frozen)
    weights: Path | None = None,
) -> nn.Module:
    """A network for images [B, channels, *image_size] that gives logits [B, classes].

    Its weights are drawn from torch's default generator alone: seed it first. Raises UserError where the name is
    unknown or the network cannot take images of this size.
    """
    check_architecture(name)
    model = _own(name, classes, channels, image_size) if name in _OWN else _torchvision(name, classes, channels)
    if network.dropout is not None:
        _set_dropout(model, network.dropout)
    if weights or network != Network(dropout=network.dropout, l2=network.l2):
        raise UserError("recipe.network: only dropout and l2 are there yet")
    _try(name, model, channels, image_size)
    return model


def _set_dropout(model: nn.Module, rate: float) -> None:
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate


def _own(name: str, classes: int, channels: int, image_size: tuple[int, int]) -> nn.Module:
    from datavolume.models import small

    make = {
        "mlp": small.mlp,
        "small_cnn": small.small_cnn,
        "emnist_cnn": small.emnist_cnn,
        "vgg3": small.vgg3,
    }[name]
    return make(classes=classes, channels=channels, image_size=image_size)


def _torchvision(name: str, classes: int, channels: int) -> nn.Module:
    from torchvision.models import get_model

    model: nn.Module = get_model(name, weights=None, num_classes=classes, **_OPTIONS.get(name, {}))
    if channels == 1:
        _take_grey(model)
    return model


def _take_grey(model: nn.Module) -> None:
    """Let the first convolution take one channel, as if the grey image stood in red, green and blue."""
    from torch import nn

    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    first.in_channels = 1
    first.weight = nn.Parameter(first.weight.detach().sum(dim=1, keepdim=True))


def _try(name: str, model: nn.Module, channels: int, image_size: tuple[int, int]) -> None:
    """Send the shapes of a batch through the network; nothing is computed, drawn or changed."""
    import torch
    from torch.func import functional_call

    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    shapes = {key: torch.empty_like(tensor, device="meta") for key, tensor in tensors.items()}
    batch = torch.empty(2, channels, *image_size, device="meta")
    try:
        functional_call(model, shapes, (batch,))
    except (RuntimeError, ValueError, AssertionError) as error:
        height, width = image_size
        raise UserError(
            f"architecture {name} cannot take images of {height} x {width} pixels ({error}); use images of "
            "another size (dataset.image_size) or another architecture"
        ) from error
