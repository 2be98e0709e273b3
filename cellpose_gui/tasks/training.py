"""The retraining that runs while the person goes on labelling: start, pause, stop, resume, and its offer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.tasks import retrain_work, work
from cellpose_gui.tasks.retrain_work import Wish
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner

if TYPE_CHECKING:
    from model_core.training.retraining import RetrainProgress, RetrainResult

TITLE = "Retraining"
_T = TypeVar("_T")


@dataclass(eq=False)
class _Run:
    """The switches of a training in its thread."""

    stop: threading.Event = field(default_factory=threading.Event)
    pause: threading.Event = field(default_factory=threading.Event)


class Training(QObject):
    """One retraining at a time. Its result is an offer until the person has answered; the model that it began
    with stays as it is."""

    changed = pyqtSignal()  # it runs, pauses, has ended, has an offer, or none any more
    progressed = pyqtSignal(object)  # RetrainProgress
    offered = pyqtSignal(object)  # RetrainResult
    interrupted_found = pyqtSignal(object, object)  # Interrupted, Path of the folder
    model_made = pyqtSignal(str)  # a new model is on the shelf, to be used from now on
    model_put_away = pyqtSignal(str, object)  # nobody wants it now: its name, the Path it can come back from
    said = pyqtSignal(str)
    problem = pyqtSignal(str, object)
    _told = pyqtSignal(object)  # RetrainProgress, from the thread

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._run: _Run | None = None
        self.offer: RetrainResult | None = None
        self.interrupted_in: Path | None = None  # the folder whose training can be resumed
        self.last: RetrainProgress | None = None  # what the training said last
        self._told.connect(self._tell)

    @property
    def running(self) -> bool:
        return self._run is not None

    @property
    def paused(self) -> bool:
        return self._run is not None and self._run.pause.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and has not yet."""
        return self._run is not None and self._run.stop.is_set()

    def start(self, wish: Wish, document: Document | None) -> None:
        """Begins, with everything reviewed in the folder; the open document is taken as it is now."""
        if self._run is not None:
            self.said.emit("A training is going on already; the panel “Training” pauses and stops it.")
            return
        if self.offer is not None:
            self.said.emit("Say first whether the model that was trained last is to be used.")
            return
        run = self._run = _Run()
        self.last = self.interrupted_in = None

        def train(progress: Progress, cancel: Cancel) -> RetrainResult:
            retrain_work.be_modest()
            return retrain_work.retrain(
                wish,
                document,
                self._told.emit,
                lambda: run.stop.is_set() or cancel(),
                lambda: run.pause.is_set() and not run.stop.is_set(),
            )

        self._tasks.run(
            TITLE, train, self._ended, slot="retrain", failed=self._failed, cancelled=self._stopped
        )
        self.changed.emit()

    def toggle_pause(self) -> None:
        """Pauses, or goes on."""
        if self._run is not None:
            pause = self._run.pause
            (pause.clear if pause.is_set() else pause.set)()
            self.changed.emit()

    def stop(self) -> None:
        """Ends the training; the best so far is offered."""
        if self._run is not None:
            self._run.stop.set()
            self.changed.emit()

    def look_for_interrupted(self, folder: Path) -> None:
        """Tells if a training on this folder was interrupted."""
        if self._run is not None or self.offer is not None:
            return

        def found(interrupted: object) -> None:
            if interrupted is not None and self._run is None and self.offer is None:
                self.interrupted_in = folder
                self.interrupted_found.emit(interrupted, folder)

        self._tasks.run(
            "Looking for an interrupted training",
            lambda progress, cancel: retrain_work.interrupted(folder),
            found,
            slot="interrupted",
            failed=lambda error: self.problem.emit("The interrupted training cannot be read", error),
        )

    def forget_interrupted(self) -> None:
        """The interrupted training is not wanted any more."""
        folder, self.interrupted_in = self.interrupted_in, None
        if folder is None:
            return
        self.changed.emit()
        self._tasks.run(
            "Forgetting the training",
            lambda progress, cancel: retrain_work.discard(folder),
            lambda _: self.changed.emit(),
            slot="interrupted",
        )

    def use(self) -> None:
        """Puts the offered model on the shelf, to find the cells from now on."""
        self._answer(retrain_work.put_on_shelf, self._used)

    def keep_old(self) -> None:
        """The offered model is not used; it can be brought back for a month."""
        self._answer(retrain_work.put_away, self._put_away)

    def _answer(self, do: Callable[[RetrainResult], _T], done: Callable[[_T], None]) -> None:
        offer = self.offer
        if offer is not None and self._tasks.current("answer") is None:
            self._tasks.run(
                "Saving the model",
                lambda progress, cancel: do(offer),
                done,
                slot="answer",
                failed=lambda error: self.problem.emit("The model was not saved", error),
            )

    def _used(self, name: str) -> None:
        self.offer = None
        work.forget_model(name)
        self.model_made.emit(name)
        self.said.emit(f"“{name}” finds the cells from now on. The panel “Models” leads back.")
        self.changed.emit()

    def _put_away(self, kept: tuple[str, Path]) -> None:
        self.offer = None
        self.model_put_away.emit(*kept)
        self.said.emit("The old model stays in use.")
        self.changed.emit()

    def _tell(self, progress: RetrainProgress) -> None:
        if self._run is not None:
            self.last = progress
            self.progressed.emit(progress)

    def _ended(self, result: RetrainResult) -> None:
        self._run, self.offer = None, result
        self.offered.emit(result)
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        self._run = None
        self.problem.emit("Nothing was learned", error)
        self.changed.emit()

    def _stopped(self) -> None:
        self._run = None
        self.said.emit("Stopped before there was anything better; the old model is still there.")
        self.changed.emit()
