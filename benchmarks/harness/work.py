"""A piece of work that the yardstick and datavolume both do, and how either is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Work"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """One configuration; `seeds` runs of it are one round. `epochs` are of the subset of `size` images (None: all).

    `dataset` is the study's own key, `recipe` holds what the yardstick has no word for. `through_snakemake`: from
    nothing, with plan, index and subset in datavolume's time; otherwise these stand ready, and only the processes that
    train are timed, on both sides.
    """

    name: str
    dataset: dict[str, Any]
    architecture: str
    size: int | None = None
    batch_size: int
    learning_rate: float
    weight_decay: float
    cosine: bool = False
    clip_norm: float | None = None
    epochs: int
    evaluate_every: int = 1
    seeds: int
    through_snakemake: bool = False
    recipe: dict[str, Any] = field(default_factory=dict)

    def study(self, seeds: list[int], recipe: dict[str, Any], resources: dict[str, Any]) -> dict[str, Any]:
        """As datavolume's study file."""
        volume = {"fractions": [1]} if self.size is None else {"sizes": [self.size]}
        clip = {} if self.clip_norm is None else {"clip_norm": self.clip_norm}
        return {
            "title": self.name,
            "question": "How long does it take?",
            "seeds_per_job": len(seeds),
            "dataset": self.dataset,
            "recipe": {
                "optimizer": "adamw",
                "learning_rate": self.learning_rate,
                "weight_decay": self.weight_decay,
                "schedule": "cosine" if self.cosine else "constant",
                "batch_size": self.batch_size,
                "budget": {"epochs": self.epochs, "equal": "epochs"},
                "evaluations": self.epochs // self.evaluate_every,
                **clip,
                **self.recipe,
                **recipe,
            },
            "resources": resources,
            "experiments": {"grid": {"architectures": [self.architecture], **volume, "seeds": seeds}},
        }

    def options(self) -> list[str]:
        """As the yardstick's command line, without data, seed, threads and output."""
        options = ["--model", self.architecture, "--epochs", self.epochs, "--evaluate-every", self.evaluate_every]
        options += ["--batch-size", self.batch_size, "--lr", self.learning_rate, "--weight-decay", self.weight_decay]
        options += ["--cosine"] if self.cosine else []
        options += [] if self.clip_norm is None else ["--clip-norm", self.clip_norm]
        return [str(option) for option in options]
