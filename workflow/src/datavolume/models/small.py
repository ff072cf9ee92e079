"""Small networks of our own: fast on one CPU thread, for images of 8 x 8 to 64 x 64 pixels.

`emnist_cnn` and `vgg3` are the networks of two published studies of data volume and of hyperparameters.
"""

from __future__ import annotations

from torch import nn

from datavolume.models.pooling import MaxPool2x2

__all__ = ["emnist_cnn", "mlp", "small_cnn", "vgg3"]


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
        MaxPool2x2(),
        *_block(16, 32),
        MaxPool2x2(),
        *_block(32, 64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, classes),
    )


def emnist_cnn(*, classes: int, channels: int, image_size: tuple[int, int]) -> nn.Module:
    """The EMNIST study's network (its figures 4 and 5): [B, channels, H, W], H and W >= 8, -> logits [B, classes].

    Its dropout rate is not published; 0.5 is torch's default, which `recipe.network.dropout` overrides. No activation
    is named after the hidden dense layer; ours is the SiLU of the blocks, without which two dense layers are one.
    """
    blocks = [_silu_block(*widths) for widths in ((channels, 32), (32, 64), (64, 128))]
    return nn.Sequential(
        *(layer for block in blocks for layer in block),
        nn.Flatten(),
        nn.Linear(128 * _eighths(image_size), 256),
        nn.SiLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(256, classes),
    )


def vgg3(*, classes: int, channels: int, image_size: tuple[int, int]) -> nn.Module:
    """The CIFAR-10 study's own network, 3 VGG blocks: [B, channels, H, W], H and W >= 8, -> logits [B, classes].

    Two 3 x 3 convolutions and a max-pool in each; the widths (32, 64, 128) are not published, the weights are drawn as
    torchvision's VGG draws them. Its dense layers of 64 and 32 are `recipe.network.hidden`, as for all its networks.
    """
    blocks = [_vgg_block(*widths) for widths in ((channels, 32), (32, 64), (64, 128))]
    model = nn.Sequential(
        *(layer for block in blocks for layer in block),
        nn.Flatten(),
        nn.Linear(128 * _eighths(image_size), classes),
    )
    for module in model:
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(module.bias)
    return model


def _eighths(image_size: tuple[int, int]) -> int:
    """Pixels that are left after three halvings; where none is, the network is refused once it is tried."""
    height, width = image_size
    return max(1, height // 8) * max(1, width // 8)


def _silu_block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """5 x 5 convolution that keeps the image's size, SiLU, halved by max-pooling."""
    return nn.Conv2d(inputs, outputs, 5, padding=2), nn.SiLU(inplace=True), MaxPool2x2()


def _vgg_block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """Two 3 x 3 convolutions with ReLU, halved by max-pooling."""
    first, second = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
    return first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True), MaxPool2x2()


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """3 x 3 convolution, batch normalisation, ReLU; the image keeps its size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
