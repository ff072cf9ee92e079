"""Every architecture's name and library, without importing torch, torchvision or timm.

    library_of("resnet18")        "torchvision"; where two libraries share a name, ours comes first, then torchvision's
    architecture_names()          all, ours first

Importing the libraries to ask them takes six seconds, and the head asks at every start; reading the names off their
sources takes 30 milliseconds. The tests hold them against the libraries' own lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["OWN", "architecture_names", "library_of"]

OWN = ("mlp", "small_cnn", "emnist_cnn", "vgg3")
LIBRARIES = ("torchvision", "timm")
# Between the mark of a network and its function stand other decorators, some over several lines.
_REGISTERED = re.compile(r"^@register_model(?:\(\))?\n(?:@.*\n(?:    .*\n|\)\n)*)*def (\w+)\(", re.MULTILINE)


def library_of(name: str) -> str | None:
    """`own`, `torchvision`, `timm`, or None where nobody has an architecture of this name."""
    return _libraries().get(name)


def architecture_names() -> tuple[str, ...]:
    """Our own first, then torchvision's classifiers, then timm's."""
    return tuple(_libraries())


@cache
def _libraries() -> Mapping[str, str]:
    names = dict.fromkeys(OWN, "own")
    for library in LIBRARIES:
        for name in _registered(library):
            names.setdefault(name, library)
    return names


def _registered(library: str) -> list[str]:
    """The names that a library's sources register, sorted; none where it is not installed."""
    spec = find_spec(library)
    if spec is None or not spec.submodule_search_locations:
        return []
    files = Path(spec.submodule_search_locations[0], "models").glob("*.py")
    return sorted({name for file in files for name in _REGISTERED.findall(file.read_text(encoding="utf-8"))})
