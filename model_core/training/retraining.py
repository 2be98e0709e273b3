"""A model learns from what a person corrected: one call, in a worker, while the person goes on.

    collected = collect_reviewed(folder)                       # collecting.py: which images, which cells
    request = RetrainRequest(collected.images, name="my cells", work=work_folder(folder))
    result = retrain(request, report, cancel, pause)           # RetrainResult; minutes
    result.comparison                                          # comparing.py: fixed, broken, AP before, after
    result.save(path)                                          # a model package; nothing has changed before

`learning_curve.py` says whether more cells would help, `next_to_label.py` which ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from model_core.training.comparing import Comparison
from model_core.training.learning_curve import LearningCurve
from model_core.training.reviewed import ReviewedImage

if TYPE_CHECKING:
    from model_core.models.model import Model
    from model_core.models.package import Card


@dataclass(frozen=True)
class RetrainOptions:
    """How to retrain; None is chosen from the data (`chosen_options`).

    minutes: of training at most; it ends earlier when nothing improves. epochs: at most, one being each
    trusted cell once. learning_rate: the highest. replay: share of rendered cells among the crops, 0..1,
    so that what the model could do before is kept. crops: of 224 px in a step. device: "cpu", "cuda", "mps".
    """

    minutes: float | None = None
    epochs: float | None = None
    learning_rate: float | None = None
    replay: float | None = None
    crops: int | None = None
    device: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class RetrainRequest:
    """images: to learn from. name: of the new model. work: a folder for the state on disk (`work_folder`).
    start: the model to start from, by name or file; None is the bundled one. resume: go on with the training
    that was interrupted there, if there is one; its start and options count, the images are those given."""

    images: Sequence[ReviewedImage]
    name: str
    work: Path
    start: str | Path | None = None
    options: RetrainOptions = field(default_factory=RetrainOptions)
    resume: bool = False


class Phase(str, Enum):
    """What a retraining is doing; the words are shown."""

    READING = "Reading the images"
    BEFORE = "Looking at the held-out cells"
    LEARNING = "Learning"
    PAUSED = "Paused"
    SAVING = "Saving"


@dataclass(frozen=True)
class Moment:
    """A point of the plot: active seconds since the start, epoch, loss (smoothed), and the validation AP
    at 0.5 on held-out cells where it was measured then, else None."""

    seconds: float
    epoch: float
    loss: float | None
    ap: float | None


@dataclass(frozen=True)
class RetrainProgress:
    """Where a retraining stands.

    fraction: 0..1 of the longest that it may take. seconds_left: None until known. history: all moments so
    far, oldest first. ap_before, ap_best: None until measured. cells, held_out: how many are learned from
    and held back.
    """

    phase: Phase
    fraction: float
    seconds_left: float | None
    device: str
    epoch: float
    loss: float | None
    ap_before: float | None
    ap_best: float | None
    cells: int
    held_out: int
    history: Sequence[Moment]

    @property
    def usable(self) -> bool:
        """Whether there is something better than the start already; cancelling keeps it."""
        return self.ap_best is not None and self.ap_before is not None and self.ap_best > self.ap_before


class Stopped(str, Enum):
    """Why a retraining ended; the words are shown."""

    TIME = "The time was over."
    CONVERGED = "It stopped improving."
    CANCELLED = "You stopped it."
    NOT_A_NUMBER = "The loss was not a number any more; the best before that was kept."


@dataclass(frozen=True, eq=False)
class RetrainResult:
    """What a retraining offers. The start model is untouched and nothing is in the registry yet.

    model: ready to segment with. comparison: before and after on held-out cells; where it says that the new
    one is no better, keep the old one. curve: over all rounds. seconds: of training. notes: sentences to
    show, such as images that were left out.
    """

    model: Model
    comparison: Comparison
    curve: LearningCurve
    stopped: Stopped
    seconds: float
    notes: Sequence[str] = ()

    @property
    def card(self) -> Card:
        return self.model.card

    def save(self, path: Path) -> None:
        """Writes the package. UserError if the disk refuses; make room and call it again."""
        from model_core.models.package import save_package

        save_package(path, self.model.network, self.model.card)


@dataclass(frozen=True)
class Interrupted:
    """A retraining that did not come to its end: a crash, a power cut, or the program was closed."""

    name: str
    start: str
    date: str
    minutes: float
    ap_before: float | None
    ap_best: float | None


Report = Callable[[RetrainProgress], None]


def work_folder(folder: Path) -> Path:
    """Where the state of a retraining on the images of ``folder`` is kept: in the user's data folder."""
    raise NotImplementedError


def chosen_options(
    images: Sequence[ReviewedImage], options: RetrainOptions | None = None, device: str | None = None
) -> RetrainOptions:
    """All options with a value: those given, the others chosen by how many cells there are and the device."""
    raise NotImplementedError


def interrupted(work: Path) -> Interrupted | None:
    """The retraining that was interrupted there, to offer to resume it; None if there is none."""
    raise NotImplementedError


def discard(work: Path) -> None:
    """Forgets the state on disk. `retrain` does it itself when the result was saved or it failed for good."""
    raise NotImplementedError


def retrain(
    request: RetrainRequest,
    report: Report | None = None,
    cancel: Callable[[], bool] | None = None,
    pause: Callable[[], bool] | None = None,
) -> RetrainResult:
    """Fine-tunes a model on trusted cells and compares it with the model it started from.

    Some cells are held back, always the same ones of a document, and never learned from; where there are
    few, all are held back in turn (cross-validation). The result is the model at the best moment of the run.

    Args:
        report: called about once a second, in this thread. cancel, pause: asked several times a second (a
            step of the net apart); while ``pause`` says True nothing is computed. Cancelling keeps the best
            so far.

    Raises:
        Cancelled: before there was anything to keep.
        UserError: no trusted cells, no such model, another retraining in the same ``work`` folder is
            running, the disk is full, or the loss is not a number from the first steps on.
    """
    raise NotImplementedError
