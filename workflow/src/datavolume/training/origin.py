"""Another run's checkpoint that a run starts from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datavolume.errors import UserError
from datavolume.study.model import Start
from datavolume.training.learner import Learner
from datavolume.training.surviving.checkpoint import Progress, read_kept

__all__ = ["Origin"]


@dataclass(frozen=True)
class Origin:
    """`folder` holds the other run's checkpoints."""

    start: Start
    folder: Path

    def restore(self, progress: Progress, learner: Learner) -> None:
        """Put its weights, and with `carry: state` its optimiser and its place in the schedule, in front of the run's.

        Raises UserError where it kept no such checkpoint, or it does not fit.
        """
        found = read_kept(self.folder, self.start.run, self.start.at)
        try:
            if self.start.carry == "weights":
                learner.network.load_state_dict(found.model or {})
                return
            learner.load(vars(found))
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"run {self.start.run} does not fit what starts from it ({reason}); give both one recipe"
            ) from error
        progress.update = found.update
