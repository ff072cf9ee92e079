"""The networks of the benchmarks in plain torch layers, as a script of one's own has them; others are torchvision's.

The tests of datavolume's own definitions do not matter here: `parameters` of both sides are compared by the harness.
"""

from __future__ import annotations

from torch import nn

__all__ = ["build"]


def build(name: str, classes: int, channels: int, size: int) -> nn.Module:
    """A network for images [B, channels, size, size], its weights drawn from torch's default generator."""
    if name in _OWN:
        return _OWN[name](classes, channels, size)
    from torchvision import models

    model: nn.Module = models.get_model(name, weights=None, num_classes=classes)
    return model


def _mlp(classes: int, channels: int, size: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(channels * size * size, 128),
        nn.ReLU(inplace=True),
        nn.Linear(128, 128),
        nn.ReLU(inplace=True),
        nn.Linear(128, classes),
    )


def _small_cnn(classes: int, channels: int, size: int) -> nn.Module:  # noqa: ARG001 (takes any size)
    layers: list[nn.Module] = []
    for inputs, outputs in ((channels, 16), (16, 32), (32, 64)):
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    layers[-1] = nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, classes))


def _emnist_cnn(classes: int, channels: int, size: int) -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in ((channels, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 5, padding=2), nn.SiLU(inplace=True), nn.MaxPool2d(2)]
    dense = [nn.Linear(128 * (size // 8) ** 2, 256), nn.SiLU(inplace=True), nn.Dropout(0.5), nn.Linear(256, classes)]
    return nn.Sequential(*layers, nn.Flatten(), *dense)


_OWN = {"mlp": _mlp, "small_cnn": _small_cnn, "emnist_cnn": _emnist_cnn}
