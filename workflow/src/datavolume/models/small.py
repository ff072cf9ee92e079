"""Small networks of our own: fast on one CPU thread, for images of 8 x 8 to 64 x 64 pixels."""

from __future__ import annotations

from torch import nn

__all__ = ["mlp", "small_cnn"]


def mlp(*, classes: int, channels: int, image_size: tuple[int, int]) -> nn.Module:
    """Two hidden layers of 128 units: [B, channels, *image_size] -> logits [B, classes]."""
    height, width = image_size
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(channels * height * width, 128),
        nn.ReLU(inplace=True),
        nn.Linear(128, 128),
        nn.ReLU(inplace=True),
        nn.Linear(128, classes),
    )


def small_cnn(*, classes: int, channels: int, image_size: tuple[int, int]) -> nn.Module:  # noqa: ARG001 (takes any)
    """Three convolution blocks, then the mean over the image: [B, channels, H, W] -> logits [B, classes]."""
    return nn.Sequential(
        *_block(channels, 16),
        nn.MaxPool2d(2),
        *_block(16, 32),
        nn.MaxPool2d(2),
        *_block(32, 64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, classes),
    )


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """3 x 3 convolution, batch normalisation, ReLU; the image keeps its size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
