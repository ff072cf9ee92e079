"""A network fitted to a study: its backbone, its head, and what happens to pixels in front of them.

    model = fitted(model, recipe.network, pixels)
    head(model)                               what gives the logits: L2 is for its weights
    backbone, head = split_frozen(model)      features [B, F] = backbone(images); logits [B, K] = head(features)

The head is the architecture's last layer, with `hidden` dense layers (ReLU behind each) in front of it. `dropout` acts
in front of every dense layer of the head but the first of `hidden`; without `hidden`, in front of the one layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from datavolume.errors import UserError
from datavolume.study.model import Network

__all__ = ["Fitted", "Pixels", "fitted", "head", "last_dense", "split_frozen"]


class Fitted(nn.Module):
    """images float32 [B, C, H, W] -> logits [B, K]. A frozen backbone stays in evaluation mode, whatever is asked.

    So its BatchNorm uses the statistics of its pretraining, as Keras' frozen layers do, and it draws nothing.
    """

    def __init__(self, backbone: nn.Module, top: nn.Module, frozen: bool) -> None:
        super().__init__()
        self.backbone, self.head, self.frozen = backbone, top, frozen
        if frozen:
            backbone.requires_grad_(False)
        self.train()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(images))  # type: ignore[no-any-return]

    def train(self, mode: bool = True) -> Fitted:
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self


class Pixels(nn.Module):
    """Images as the data set normalises them -> as the network takes them; float32 both.

    With `own` and `data`, each (mean, deviation) per channel: normalised as `own` instead of as `data`, and a grey
    image stands in all channels of `own`. With `side`: scaled to side x side pixels, bilinear, with antialiasing where
    that makes them smaller.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(
        self,
        side: int | None,
        data: tuple[Sequence[float], Sequence[float]] | None = None,
        own: tuple[Sequence[float], Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self._side, self._converts = side, bool(data and own)
        if data and own:
            (data_mean, data_std), (mean, std) = (
                [torch.tensor(part, dtype=torch.float64)[:, None, None] for part in each] for each in (data, own)
            )
            # Derived from the study and the weights' file: no part of the network's state.
            self.register_buffer("scale", (data_std / std).float(), persistent=False)
            self.register_buffer("shift", ((data_mean - mean) / std).float(), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self._converts:
            images = images * self.scale + self.shift
        if self._side is None or images.shape[-2:] == (self._side, self._side):
            return images
        smaller = min(images.shape[-2:]) > self._side
        return F.interpolate(images, (self._side, self._side), mode="bilinear", antialias=smaller)


def fitted(model: nn.Module, network: Network, pixels: Pixels | None) -> nn.Module:
    """The network as `recipe.network` wants its head, dropout and frozen part; as it is where nothing is asked for.

    What has to be drawn comes from torch's default generator. Raises UserError where it does not end in a dense layer.
    """
    cut = bool(pixels or network.hidden or network.frozen)
    if not cut and network.dropout is None:
        return model
    if not cut and (own := _own_dropout(model)):
        own.p = network.dropout or 0.0
        return model
    own_rate = _taken_dropout(model)
    rate = own_rate if network.dropout is None else network.dropout
    name, last = last_dense(model)
    model.set_submodule(name, nn.Identity())
    backbone = nn.Sequential(pixels, model) if pixels else model
    return Fitted(backbone, _top(last, network.hidden, rate), network.frozen)


def head(model: nn.Module) -> nn.Module:
    """What gives the logits: of a fitted network its head, otherwise its last layer. UserError where it has none."""
    found = model.head if isinstance(model, Fitted) else _last_layer(model)[1]
    if not isinstance(found, nn.Module):
        raise UserError(f"{type(model).__name__} does not end in one layer, so recipe.network.l2 cannot be set for it")
    return found


def split_frozen(model: nn.Module) -> tuple[nn.Module, nn.Module]:
    """The frozen backbone, which gives features [B, F], and the head that takes them. Raises TypeError on others."""
    if not isinstance(model, Fitted) or not model.frozen:
        raise TypeError("the network has no frozen backbone")
    return model.backbone, model.head


def _last_layer(model: nn.Module) -> tuple[str, nn.Module | None]:
    """Name and module of what an architecture, as its library builds it, gives its logits with; None: not one layer."""
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)}
    said: Any = getattr(model, "get_classifier", None)  # timm's networks know
    if said is None:
        return list(layers.items())[-1]
    last = said()
    return next(((name, module) for name, module in layers.items() if module is last), ("", None))


def last_dense(model: nn.Module) -> tuple[str, nn.Linear]:
    """The last layer and its name; a 1 x 1 convolution of one pixel, as some of timm's networks end, as a dense layer.

    Raises UserError where the network ends otherwise.
    """
    name, last = _last_layer(model)
    if isinstance(last, nn.Linear):
        return name, last
    if isinstance(last, nn.Conv2d) and last.kernel_size == (1, 1) and hasattr(model, "get_classifier"):
        return name, _as_dense(last)
    raise UserError(
        f"{type(model).__name__} does not end in one dense layer, so neither its head nor its pixels can be fitted "
        "(recipe.network: pretrained, frozen, hidden, dropout, input_size); use another architecture"
    )


def _as_dense(convolution: nn.Conv2d) -> nn.Linear:
    """The same weights; nothing is drawn."""
    inputs, outputs, bias = convolution.in_channels, convolution.out_channels, convolution.bias is not None
    dense = nn.Linear(inputs, outputs, bias=bias, device="meta")
    state = {key: value.reshape(dense.get_parameter(key).shape) for key, value in convolution.state_dict().items()}
    dense.load_state_dict(state, assign=True)
    return dense


def _own_dropout(model: nn.Module) -> nn.Dropout | None:
    """The architecture's own dropout, where it stands directly in front of the last layer."""
    last = _last_layer(model)[1]
    before = None
    for module in model.modules():
        if module is last:
            return before if isinstance(before, nn.Dropout) else None
        before = before if list(module.children()) else module
    return None


def _taken_dropout(model: nn.Module) -> float:
    """The rate of the architecture's own dropout in front of the last layer, which is switched off there."""
    own = _own_dropout(model)
    rate = own.p if own else getattr(model, "drop_rate", None) or 0.0  # timm's, where it is no module
    if own:
        own.p = 0.0
    elif rate:
        model.drop_rate = 0.0  # type: ignore[assignment]
    return float(rate)


def _top(last: nn.Linear, hidden: Sequence[int], dropout: float) -> nn.Module:
    """The head; its last layer is the architecture's own where no dense layers stand in front of it."""
    drop = [nn.Dropout(dropout)] if dropout else []
    if not hidden:
        return nn.Sequential(*drop, last)
    layers: list[nn.Module] = []
    width = last.in_features
    for outputs in hidden:
        layers += [nn.Linear(width, outputs), nn.ReLU(inplace=True), *(nn.Dropout(dropout) for _ in drop)]
        width = outputs
    return nn.Sequential(*layers, nn.Linear(width, last.out_features))
