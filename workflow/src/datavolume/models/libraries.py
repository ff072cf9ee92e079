"""An architecture as its library builds it, its weights drawn from torch's default generator.

model = create("resnet50", classes=10, channels=3, size=(224, 224))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datavolume.models.names import library_of
from datavolume.models.stem import make_stem_small

if TYPE_CHECKING:
    from torch import nn

__all__ = ["create"]

# Auxiliary classifiers give a second output during training, which no recipe here has a loss for.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    name: {"aux_logits": False, "init_weights": True} for name in ("googlenet", "inception_v3")
}


def create(name: str, *, classes: int, channels: int, size: tuple[int, int], stem: str = "as_built") -> nn.Module:
    """Logits [B, classes] of images [B, channels, *size]; `size` matters where an architecture is built for one.

    Raises what the library raises where it cannot be built for the size, ValueError mostly, and UserError where it
    cannot have the stem.
    """
    library = library_of(name)
    if library == "torchvision":
        model = _torchvision(name, classes, size)
    else:
        model = (_own if library == "own" else _timm)(name, classes, channels, size)
    if stem == "small":
        make_stem_small(name, model)
    if library == "torchvision" and channels == 1:
        _take_grey(model)
    return model


def _own(name: str, classes: int, channels: int, size: tuple[int, int]) -> nn.Module:
    from datavolume.models import small

    make = {"mlp": small.mlp, "small_cnn": small.small_cnn, "emnist_cnn": small.emnist_cnn, "vgg3": small.vgg3}[name]
    return make(classes=classes, channels=channels, image_size=size)


def _torchvision(name: str, classes: int, size: tuple[int, int]) -> nn.Module:
    from torchvision.models import get_model

    options = dict(_OPTIONS.get(name, {}))
    if name.startswith("vit_"):  # built for one size
        options["image_size"] = size[0]
    model: nn.Module = get_model(name, weights=None, num_classes=classes, **options)
    return model


def _timm(name: str, classes: int, channels: int, size: tuple[int, int]) -> nn.Module:
    import timm
    from timm.models import get_pretrained_cfg

    built_for_one_size = getattr(get_pretrained_cfg(name), "fixed_input_size", False)
    options: dict[str, Any] = {"img_size": size} if built_for_one_size else {}
    model: nn.Module = timm.create_model(name, num_classes=classes, in_chans=channels, **options)
    return model


def _take_grey(model: nn.Module) -> None:
    """Let the first convolution take one channel, as if the grey image stood in red, green and blue."""
    from torch import nn

    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    first.in_channels = 1
    first.weight = nn.Parameter(first.weight.detach().sum(dim=1, keepdim=True))
