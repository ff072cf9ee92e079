"""A stem for images of about 32 pixels: no pixel is thrown away before the first block.

    make_stem_small("resnet18", model)

As He et al. 2016 (section 4.2) train on CIFAR-10: a 3 x 3 convolution with stride 1 in front, no max-pooling behind it.
A first convolution that is 3 x 3 already keeps its weights and loses its stride; a larger one is drawn anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datavolume.errors import UserError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["make_stem_small"]

# Class of the network, the same word in torchvision and timm → its max-pooling in the stem, if it has one.
_POOLING: Mapping[str, str] = {
    "ResNet": "maxpool",  # ResNeXt, Wide ResNet, Res2Net, Res2NeXt, SE-ResNet and others too
    "ShuffleNetV2": "maxpool",
    "DenseNet": "features.pool0",
    "MobileNetV2": "",
    "MobileNetV3": "",
    "EfficientNet": "",
    "MNASNet": "",
    "RegNet": "",
}
_FAMILIES = (
    "ResNet, ResNeXt, Wide ResNet, Res2Net, Res2NeXt, DenseNet, ShuffleNetV2, MobileNet, EfficientNet, MNASNet, RegNet"
)


def make_stem_small(name: str, model: nn.Module) -> None:
    """Change the stem in place. Raises UserError where the architecture's family has none that could be."""
    from torch import nn

    family = type(model).__name__
    if family not in _POOLING:
        raise UserError(
            f"architecture {name} has no stem that recipe.network.stem: small could change (it changes those of "
            f"{_FAMILIES}); use stem: as_built, with recipe.network.input_size to enlarge small images"
        )
    first, convolution = next((key, module) for key, module in model.named_modules() if isinstance(module, nn.Conv2d))
    if convolution.kernel_size == (3, 3):
        convolution.stride = (1, 1)
    else:
        model.set_submodule(first, _three_by_three(convolution))
    if _POOLING[family]:
        model.set_submodule(_POOLING[family], nn.Identity())


def _three_by_three(wide: nn.Conv2d) -> nn.Conv2d:
    """Drawn as ResNet's convolutions are (He et al. 2015, by the outputs)."""
    from torch import nn

    narrow = nn.Conv2d(wide.in_channels, wide.out_channels, 3, padding=1, bias=wide.bias is not None)
    nn.init.kaiming_normal_(narrow.weight, mode="fan_out", nonlinearity="relu")
    if narrow.bias is not None:
        nn.init.zeros_(narrow.bias)
    return narrow
