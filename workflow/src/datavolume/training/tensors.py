"""The name under which the loop knows `datavolume.training.images` until its imports are changed."""

from datavolume.training.images import Images as Tensors
from datavolume.training.images import Split

__all__ = ["Split", "Tensors"]
