"""Pretrained weights: fetched once where there is internet, read in every job.

    fetch_weights("resnet50", path)                     torchvision's default weights, or timm's
    weights_fingerprint(path)                           SHA-256 of the values, for what identifies a run's input
    Weights.read(path, "resnet50").load_into(model, "fc")    all but the last layer, where the classes differ

A file holds the values by their names, the normalisation that they were trained with, their size of images, where they
come from and under which licence. It is read with `weights_only=True`.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datavolume.errors import UserError
from datavolume.files import atomic
from datavolume.models.names import library_of

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Weights", "fetch_weights", "weights_fingerprint"]

_FORMAT = 1
# Their networks turn ImageNet's normalisation into this one themselves when they are asked for pretrained weights.
_CENTRED = ("googlenet", "inception_v3")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """state: the network's state dict; mean, std: of the images it was trained on, in 0..1; size: [H, W] of these."""

    architecture: str
    state: Mapping[str, torch.Tensor]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: tuple[int, int]
    source: str
    licence: str = ""

    @staticmethod
    def read(path: Path, architecture: str) -> Weights:
        """Raises UserError where the file is missing, damaged, or of another architecture."""
        import torch

        try:
            values = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            if not isinstance(values, dict) or values.pop("format") != _FORMAT:
                raise ValueError("made by another version of datavolume")
            weights = Weights(**values)
        except FileNotFoundError as error:
            raise UserError(
                f"{path}: there are no weights yet; run the workflow's step `weights`, with internet"
            ) from error
        except (OSError, RuntimeError, ValueError, TypeError, KeyError, EOFError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise UserError(
                f"{path}: no file of pretrained weights ({reason}); delete it, it is fetched again"
            ) from error
        if weights.architecture != architecture:
            raise UserError(f"{path}: holds the weights of {weights.architecture}, not of {architecture}; delete it")
        return weights

    def write(self, path: Path) -> None:
        """The whole file or none."""
        import torch

        with atomic(path) as temporary:
            torch.save({"format": _FORMAT, **vars(self), "state": dict(self.state)}, temporary)

    def load_into(self, model: nn.Module, last: str) -> None:
        """Put the values into the network, as its library builds it; `last` names its last layer.

        That layer keeps what was drawn where the classes differ. Raises UserError where anything else does.
        """
        own = model.state_dict()
        state = {key: value for key, value in self.state.items() if not _other_classes(key, value, own, last)}
        kept = {key for key in self.state if key not in state}
        wrong = [key for key in own if key not in kept and (key not in state or state[key].shape != own[key].shape)]
        wrong += [key for key in state if key not in own]
        if wrong:
            height, width = self.size
            raise UserError(
                f"architecture {self.architecture}: the pretrained weights do not fit the network at {wrong[0]}; they "
                f"are for images of {height} x {width} pixels (recipe.network.input_size, dataset.image_size) and the "
                "stem as_built"
            )
        model.load_state_dict(state, strict=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the values and of what they expect of images; the same wherever and whenever they were fetched."""
        digest = hashlib.sha256(repr((self.architecture, self.mean, self.std)).encode())
        for key in sorted(self.state):
            value = self.state[key].contiguous()
            digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.reshape(-1).view(_bytes()).numpy().data)
        return digest.hexdigest()


def _bytes() -> torch.dtype:
    import torch

    return torch.uint8


def _other_classes(key: str, value: torch.Tensor, own: Mapping[str, torch.Tensor], last: str) -> bool:
    return key.rpartition(".")[0] == last and key in own and own[key].shape != value.shape


def weights_fingerprint(path: Path, architecture: str) -> str:
    """What identifies the weights of a run. Raises UserError as Weights.read."""
    return Weights.read(path, architecture).fingerprint


def fetch_weights(architecture: str, path: Path) -> None:
    """Download the weights that torchvision or timm offers first, and write them; what is there is only read.

    Raises UserError where there are none for the architecture, or no way to them.
    """
    if path.is_file():
        Weights.read(path, architecture)
        return
    library = library_of(architecture)
    if library not in ("torchvision", "timm"):
        raise UserError(f"architecture {architecture} has no pretrained weights; set recipe.network.pretrained: false")
    try:
        weights = (_from_torchvision if library == "torchvision" else _from_timm)(architecture)
    except (OSError, RuntimeError) as error:  # what urllib, requests, the hub and a wrong checksum raise
        raise UserError(
            f"architecture {architecture}: its pretrained weights cannot be fetched "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}); a machine with internet has to "
            f"do it, and {path} can be copied from there"
        ) from error
    weights.write(path)


def _from_torchvision(architecture: str) -> Weights:
    from torchvision.models import get_model, get_model_weights

    offered = next(iter(get_model_weights(architecture)), None)
    if offered is None:
        raise UserError(f"architecture {architecture} has no pretrained weights in torchvision")
    chosen = getattr(type(offered), "DEFAULT", offered)
    state = get_model(architecture, weights=chosen).state_dict()  # which mends names in old files
    seen = chosen.transforms()
    mean, std = ((0.5,) * 3, (0.5,) * 3) if architecture in _CENTRED else (tuple(seen.mean), tuple(seen.std))
    return Weights(
        architecture=architecture,
        state={key: value for key, value in state.items() if not key.lower().startswith("aux")},
        mean=mean,
        std=std,
        size=(seen.crop_size[0], seen.crop_size[0]),
        source=f"torchvision {chosen}, {chosen.url}",
    )


def _from_timm(architecture: str) -> Weights:
    import timm
    from timm.models import get_pretrained_cfg

    cfg = get_pretrained_cfg(architecture)
    if cfg is None or not cfg.has_weights:
        raise UserError(f"architecture {architecture} has no pretrained weights in timm")
    return Weights(
        architecture=architecture,
        state=timm.create_model(architecture, pretrained=True).state_dict(),
        mean=tuple(cfg.mean),
        std=tuple(cfg.std),
        size=(cfg.input_size[1], cfg.input_size[2]),
        source=f"timm {architecture}.{cfg.tag}, {cfg.hf_hub_id or cfg.url}",
        licence=cfg.license or "",
    )
