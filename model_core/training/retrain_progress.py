"""How a retraining tells where it stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

_EVERY = 0.5  # s
_KNOWN = 0.02  # of the way, after which the time left can be told


class Phase(str, Enum):
    """What a retraining is doing; the words are shown."""

    READING = "Reading the images"
    BEFORE = "Testing the model as it is now"
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

    fraction: 0..1 of its steps, or of its time where that is over sooner. seconds_left: None until known.
    history: all moments so far, oldest first. ap_before, ap_best: None until measured. cells, held_out: how
    many are learned from and held back. usable: there is something better than the start already, and
    cancelling keeps it. in_turn: every cell is held back once, and AP counts those that were not yet as they
    were found before.
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
    usable: bool = False
    in_turn: bool = False


class ProgressTeller:
    """Gathers what is known and tells it about twice a second, and at once when something happens."""

    def __init__(self, report: Callable[[RetrainProgress], None] | None, device: str) -> None:
        self._report, self._device = report, device
        self._told = 0.0
        self._history: list[Moment] = []
        self.phase = Phase.READING
        self.seconds = self.fraction = 0.0
        self.epoch = 0.0
        self.loss: float | None = None
        self.ap_before: float | None = None
        self.ap_best: float | None = None
        self.cells = self.held_out = 0
        self.usable = self.in_turn = False

    def measured(self, ap: float) -> None:
        """AP of the net as it is now on held-out cells."""
        self._history.append(Moment(self.seconds, self.epoch, self.loss, ap))
        self.tell()

    def begin(self, phase: Phase) -> None:
        self.phase = phase
        self.tell()

    def now_and_then(self, phase: Phase | None = None) -> None:
        """Tells it if that is some time ago."""
        if time.monotonic() - self._told < _EVERY:
            return
        if self.phase is Phase.LEARNING and phase is None and self.loss is not None:
            self._history.append(Moment(self.seconds, self.epoch, self.loss, None))
        self.tell(phase)

    def tell(self, phase: Phase | None = None) -> None:
        self._told = time.monotonic()
        if self._report is None:
            return
        phase = phase or self.phase
        learning = self.phase is Phase.LEARNING
        done = 1.0 if phase is Phase.SAVING else 0.0
        left = self.seconds * (1 / self.fraction - 1) if self.fraction > _KNOWN else None
        self._report(
            RetrainProgress(
                phase,
                self.fraction if learning else done,
                left if learning else None,
                self._device,
                self.epoch,
                self.loss,
                self.ap_before,
                self.ap_best,
                self.cells,
                self.held_out,
                tuple(self._history),
                self.usable,
                self.in_turn,
            )
        )
