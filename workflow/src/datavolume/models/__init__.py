"""Networks by name: our own small ones, the classifiers of torchvision and timm, fitted to a study."""

from datavolume.models.registry import check_architecture

__all__ = ["check_architecture"]
