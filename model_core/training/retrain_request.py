"""What a retraining is asked for, with defaults chosen from the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from model_core.models.model import choose_device
from model_core.training.reviewed import ReviewedImage

# 100 cells of rendered cytoplasm: AP 0.525 -> 0.668 at 3e-4; at 1e-3 0.628, and 0.06 lost on other images.
_LEARNING_RATE = 3e-4
_REPLAY = 0.3
# Crops of 224 px that a training sees: so many, and more with each cell, up to a limit. By steps and not by
# time, so that a busy computer takes longer but does not learn less.
_CROPS, _CROPS_A_CELL, _MOST_CROPS = 160, 0.8, 1200
_MINUTES = 10.0  # that a training takes at most where nobody says how long


@dataclass(frozen=True)
class RetrainOptions:
    """How to retrain; None is chosen from the data (`chosen_options`).

    minutes: of training at most; it ends earlier when nothing improves. epochs: at most, one being as many
    crops as there are trusted cells; where only minutes are given, as many as they last for. learning_rate:
    the highest. replay: share of rendered cells among the crops, 0..1, so that what the model could do before
    is kept. crops: of 224 px in a step. device: "cpu", "cuda", "mps".
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
    that was interrupted there, if there is one; its start and minutes count, the images are those given."""

    images: Sequence[ReviewedImage]
    name: str
    work: Path
    start: str | Path | None = None
    options: RetrainOptions = field(default_factory=RetrainOptions)
    resume: bool = False


@dataclass(frozen=True)
class ChosenOptions:
    """As `RetrainOptions`, with a value for each; epochs is None for as long as time lasts."""

    minutes: float
    epochs: float | None
    learning_rate: float
    replay: float
    crops: int
    device: str
    seed: int


def chosen_options(images: Sequence[ReviewedImage], options: RetrainOptions | None = None) -> ChosenOptions:
    """The options given, the others chosen by how many cells there are and by the device.

    Raises:
        UserError: this computer does not have the device.
    """
    given = options or RetrainOptions()
    device = choose_device(given.device)
    cells = sum(image.cells for image in images)
    crops = min(_CROPS + _CROPS_A_CELL * cells, _MOST_CROPS)
    chosen = ChosenOptions(
        minutes=_MINUTES,
        epochs=crops / max(1, cells) if given.minutes is None else None,
        learning_rate=_LEARNING_RATE,
        replay=_REPLAY,
        crops=2 if device == "cpu" else 16,
        device=device,
        seed=given.seed,
    )
    return replace(chosen, **{key: value for key, value in asdict(given).items() if value is not None})
