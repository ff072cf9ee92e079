"""Every architecture by name: our own, torchvision's classifiers, timm's, fitted to the study.

    check_architecture("resnet18")      UserError with the nearest valid names otherwise
    model = build_model("resnet18", classes=10, channels=1, image_size=index.image_size)
    model = build_model(..., network=recipe.network, weights=path, normalisation=(index.mean, index.std))

torch, torchvision and timm are imported when a model needs them, not with this module. Res2Net-50 v1b (26w_4s) is
timm's `res2net50d`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from datavolume.errors import UserError
from datavolume.models.names import OWN, architecture_names, library_of
from datavolume.study.model import Network

if TYPE_CHECKING:
    from torch import nn

__all__ = ["architecture_names", "build_model", "check_architecture"]

Normalisation = tuple[Sequence[float], Sequence[float]]  # mean and deviation of each channel, of pixels in 0..1


def check_architecture(name: str, network: Network = Network()) -> None:  # noqa: B008 (frozen)
    """Raises UserError where there is no such architecture, with the nearest names of all libraries.

    And where one of ours is asked for what only libraries' have; the rest is known when the network is built.
    """
    library = library_of(name)
    if library is None:
        near = get_close_matches(name, architecture_names(), cutoff=0.6)
        named = f"{', '.join(OWN)}, and the classifiers of torchvision and timm, as resnet50 or mobilenet_v3_small"
        hint = f"did you mean {' or '.join(near)}?" if near else f"allowed: {named}"
        raise UserError(f"architecture '{name}' is unknown; {hint}")
    if library == "own" and network.pretrained:
        raise UserError(f"architecture {name} has no pretrained weights; set recipe.network.pretrained: false")
    if library == "own" and network.stem != "as_built":
        raise UserError(f"architecture {name} has no stem to change; set recipe.network.stem: as_built")


def build_model(
    name: str,
    *,
    classes: int,
    channels: int,
    image_size: tuple[int, int],
    network: Network = Network(),  # noqa: B008 (frozen)
    weights: Path | None = None,
    normalisation: Normalisation | None = None,
) -> nn.Module:
    """A network for normalised images [B, channels, *image_size] that gives logits [B, classes].

    What is drawn comes from torch's default generator alone: seed it first. With `network.pretrained`, `weights` is the
    file that fetch_weights made, and `normalisation` that of the images that come in: the network sees them normalised
    as in its pretraining, grey ones as red, green and blue. Its last layer is drawn where the classes differ.

    Raises UserError where the name is unknown or the network cannot be fitted so, or cannot take such images.
    """
    check_architecture(name)
    side = network.input_size
    size = (side, side) if side else image_size
    with _explained(name, image_size):
        if network.pretrained:
            model = _pretrained(name, classes, channels, size, network, weights, normalisation)
        else:
            model = _drawn(name, classes, channels, size, network)
        _try(model, channels, image_size, classes)
    return model


def _drawn(name: str, classes: int, channels: int, size: tuple[int, int], network: Network) -> nn.Module:
    from datavolume.models.libraries import create

    model = create(name, classes=classes, channels=channels, size=size, stem=network.stem)
    if network == Network(stem=network.stem, l2=network.l2):
        return model
    from datavolume.models.fitted import Pixels, fitted

    return fitted(model, network, Pixels(network.input_size) if network.input_size else None)


def _pretrained(
    name: str,
    classes: int,
    channels: int,
    size: tuple[int, int],
    network: Network,
    path: Path | None,
    normalisation: Normalisation | None,
) -> nn.Module:
    from datavolume.models.fitted import Pixels, fitted, last_dense
    from datavolume.models.libraries import create
    from datavolume.models.weights import Weights

    if path is None or normalisation is None:
        raise TypeError("a pretrained network needs its weights' file and the normalisation of its images")
    weights = Weights.read(path, name)
    if channels not in (1, len(weights.mean)):
        raise UserError(f"architecture {name}: pretrained networks take grey or colour images, not {channels} channels")
    model = create(name, classes=classes, channels=len(weights.mean), size=size, stem=network.stem)
    weights.load_into(model, last_dense(model)[0])
    return fitted(model, network, Pixels(network.input_size, normalisation, (weights.mean, weights.std)))


@contextmanager
def _explained(name: str, image_size: tuple[int, int]) -> Iterator[None]:
    """What libraries raise where a network cannot take images of a size, in one line."""
    try:
        yield
    except (RuntimeError, ValueError, AssertionError) as error:
        height, width = image_size
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"architecture {name} cannot take images of {height} x {width} pixels ({reason}); use images of another "
            "size (dataset.image_size), scale them (recipe.network.input_size), or use another architecture"
        ) from error


def _try(model: nn.Module, channels: int, image_size: tuple[int, int], classes: int) -> None:
    """Send one black image through the network in evaluation mode, which changes and draws nothing.

    Shapes alone, on the meta device, would do, but batch normalisation imports the compiler there: over a second.
    """
    import torch

    model.eval()
    with torch.no_grad():
        logits = model(torch.zeros(1, channels, *image_size))
    model.train()
    if not isinstance(logits, torch.Tensor) or logits.shape != (1, classes):
        raise ValueError(f"it gives no logits of {classes} classes")
