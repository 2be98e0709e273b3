"""What a retraining offers in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from model_core.models.model import Model
from model_core.models.package import Card, save_package
from model_core.training.comparing import Comparison
from model_core.training.learning_curve import LearningCurve
from model_core.training.retraining_state import discard


class Stopped(str, Enum):
    """Why a retraining ended; the words are shown."""

    ENDED = "The training went to its end."
    CONVERGED = "The training ended when nothing improved any more."
    CANCELLED = "You stopped the training."
    NOT_A_NUMBER = "The loss was not a number any more; the best before that was kept."


@dataclass(frozen=True, eq=False)
class RetrainResult:
    """What a retraining offers. The start model is untouched and nothing is in the registry yet.

    model: ready to segment with. comparison: before and after on held-out cells; where it says that the new
    one is no better, keep the old one. curve: over all rounds. seconds: of activity. work: the folder of the
    state on disk. notes: sentences to show, such as images that were left out.
    """

    model: Model
    comparison: Comparison
    curve: LearningCurve
    stopped: Stopped
    seconds: float
    work: Path
    notes: Sequence[str] = ()

    @property
    def card(self) -> Card:
        return self.model.card

    def save(self, path: Path) -> None:
        """Writes the package and forgets the state on disk.

        Raises:
            UserError: the disk refuses; make room and call it again, nothing is lost.
        """
        save_package(path, self.model.network, self.model.card)
        discard(self.work)
