"""Write config/networks.csv: parameters and multiply-adds of every network that the studies name.

    python -m datavolume.estimate.networks                 again after a study names another network or image size

Each is built on torch's meta device, where no weight takes memory and nothing is computed; a test says when the table
lacks one.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple
from pathlib import Path

from datavolume.data.sizes import sizes_of
from datavolume.errors import UserError
from datavolume.estimate.facts import Facts, Key, key_of
from datavolume.estimate.tables import NETWORKS
from datavolume.files import write_text
from datavolume.study.designs import designs
from datavolume.study.load import load_study
from datavolume.study.model import Run

__all__ = ["build_facts", "keys_of", "main", "needed"]

# What the table of images/s names, so that others can be scaled from it.
REFERENCES = tuple(
    Key(network, "as_built", side, channels)
    for network, side, channels in (
        ("mlp", 8, 1),
        ("small_cnn", 8, 1),
        ("emnist_cnn", 28, 1),
        ("resnet18", 128, 3),
        ("resnet18", 224, 3),
        ("resnet34", 224, 3),
        ("resnet50", 224, 3),
        ("resnet101", 224, 3),
        ("resnet152", 224, 3),
        ("mobilenet_v2", 224, 3),
    )
)


def main(arguments: list[str]) -> str | None:
    """What is wrong, or None once the table is written."""
    folder = Path(arguments[0]) if arguments else Path("config")
    try:
        keys = sorted({*REFERENCES, *needed(folder / "studies")})
        write_text(folder / "networks.csv", _table({key: build_facts(key) for key in keys}))
    except UserError as error:
        return f"Error: {error}"
    print(f"{folder / 'networks.csv'}: {len(keys)} networks")
    return None


def needed(studies: Path) -> set[Key]:
    """The networks of all studies of a folder, at both scales."""
    plans = (load_study(file, scale) for file in sorted(studies.glob("*.yaml")) for scale in ("full", "smoke"))
    return {key for study in plans for one in designs(study) for key in keys_of(point.run for point in one.points)}


def keys_of(runs: Iterable[Run]) -> Iterator[Key]:
    """Of runs whose images' size is known without looking at them."""
    for run in {(run.architecture, run.dataset, run.recipe): run for run in runs}.values():
        sizes = sizes_of(run.dataset, count=False)
        if sizes is not None:
            yield key_of(run.architecture, run.recipe, sizes)


def build_facts(key: Key) -> Facts:
    """Raises UserError where the network cannot take such images."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from datavolume.models.fitted import last_dense
    from datavolume.models.libraries import create

    size = (key.side, key.side)
    try:
        with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
            model = create(key.network, classes=2, channels=key.channels, size=size, stem=key.stem).eval()
            model(torch.empty(1, key.channels, *size))
        parameters, features = sum(parameter.numel() for parameter in model.parameters()), 0
    except (RuntimeError, ValueError, AssertionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{key.network} cannot take images of {key.side} x {key.side} pixels ({reason})") from error
    try:
        last = last_dense(model)[1]
        features = last.in_features
        parameters -= sum(parameter.numel() for parameter in last.parameters())
    except UserError:  # it ends otherwise: its head cannot be told from its body
        pass
    layers = sum(any(True for _ in module.parameters(recurse=False)) for module in model.modules())
    return Facts(parameters, features, counter.get_total_flops() // 2, layers)


def _table(known: Mapping[Key, Facts]) -> str:
    text = io.StringIO()
    text.write(
        "# Written by python -m datavolume.estimate.networks: do not edit. Parameters below the last layer, which\n"
    )
    text.write(
        "# takes `features` values; multiply-adds of one image forward, of convolutions and dense layers; layers.\n"
    )
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NETWORKS)
    writer.writerows((*key, *astuple(facts)) for key, facts in known.items())
    return text.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
