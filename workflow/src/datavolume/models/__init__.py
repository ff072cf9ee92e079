"""Networks by name: our own small ones and every classifier of torchvision."""

from datavolume.models.registry import check_architecture

__all__ = ["check_architecture"]
