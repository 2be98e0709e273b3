"""The training as it goes on, and its offer when it is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFont
from PyQt6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.panels.offer_view import AP_IN_WORDS, OfferView
from cellpose_gui.panels.task_bar import time_in_words
from cellpose_gui.panels.training_plots import ApPlot, LossPlot, RoundsPlot
from cellpose_gui.tasks.training import Training

if TYPE_CHECKING:
    from model_core.training.learning_curve import LearningCurve
    from model_core.training.retraining import Interrupted, RetrainProgress, RetrainResult

_DEVICES = {"cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Metal)"}
_IDLE = (
    "Correct some cells, or accept those that are right (Shift+T), in any images of this folder. "
    "Then press “Retrain”: you can go on labelling while the model learns."
)
_IN_USE = (
    "It is chosen now. Press S to find the cells with it; those that you drew, corrected or accepted stay. "
    "Shift+N goes to the image from which it can learn most: correct some cells there, and retrain."
)


class TrainingPanel(QStackedWidget):
    """One page while nothing or a training goes on, another one for the offer."""

    retrain_asked = pyqtSignal()
    options_asked = pyqtSignal()
    resume_asked = pyqtSignal()

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._ready = "Ready to learn", _IDLE
        self.offer = OfferView()
        self.offer.use_asked.connect(lambda: self._answer(training.use))
        self.offer.keep_asked.connect(lambda: self._answer(training.keep_old))
        self.addWidget(self._progress_page())
        self.addWidget(self.offer)
        training.progressed.connect(self._show_progress)
        training.offered.connect(self._show_offer)
        training.changed.connect(self.refresh)
        training.interrupted_found.connect(self._show_interrupted)
        training.problem.connect(lambda *_: self.offer.show_busy(False))
        training.model_made.connect(self._show_made)
        self.refresh()

    def _progress_page(self) -> QWidget:
        self._state = QLabel()
        font = QFont(self._state.font())
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._state.setFont(font)
        self._state.setWordWrap(True)
        self._facts = QLabel()
        self._facts.setWordWrap(True)
        self._facts.setToolTip(AP_IN_WORDS)
        self._facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("How far the training is")
        self.retrain_button = _button("Retrain", "Learn from all corrected cells of this folder")
        self.options_button = _button("Options…", "Start model, images, time, name")
        self.pause_button = _button("Pause", "Stop computing for a while")
        self.stop_button = _button("Stop", "End the training; the best so far is kept")
        self.resume_button = _button("Resume", "Go on with the training that was interrupted")
        self.forget_button = _button("Forget it", "The interrupted training is not wanted any more")
        self.retrain_button.clicked.connect(self.retrain_asked)
        self.options_button.clicked.connect(self.options_asked)
        self.pause_button.clicked.connect(self._training.toggle_pause)
        self.stop_button.clicked.connect(self._training.stop)
        self.resume_button.clicked.connect(self.resume_asked)
        self.forget_button.clicked.connect(self._training.forget_interrupted)
        buttons = QGridLayout()
        for column, one_place in enumerate(
            (
                (self.retrain_button, self.pause_button, self.resume_button),
                (self.options_button, self.stop_button, self.forget_button),
            )
        ):
            for button in one_place:  # only one of them is seen at a time
                buttons.addWidget(button, 0, column)
        left = QVBoxLayout()
        left.addWidget(self._state)
        left.addWidget(self._facts, 1)
        left.addWidget(self._bar)
        left.addLayout(buttons)
        self.loss, self.ap, self.rounds = LossPlot(), ApPlot(), RoundsPlot()
        self.rounds.hide()
        page = QWidget()
        layout = QHBoxLayout(page)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(left, 4)
        layout.addWidget(self.loss, 4)
        layout.addWidget(self.ap, 5)
        layout.addWidget(self.rounds, 3)
        return page

    def sizeHint(self) -> QSize:
        return QSize(800, 190)  # the image needs the room more than lists and plots that would like it

    @property
    def words(self) -> str:
        """What the page says, for those who do not see it."""
        return f"{self._state.text()} {self._facts.text()}"

    def refresh(self) -> None:
        """Fits buttons and words to what the training does."""
        training = self._training
        self.setCurrentIndex(1 if training.offer is not None else 0)
        self.offer.show_busy(False)
        running, waiting = training.running, training.interrupted_in is not None
        for button in (self.pause_button, self.stop_button):
            button.setVisible(running)
            button.setEnabled(not training.stopping)
        for button in (self.retrain_button, self.options_button):
            button.setVisible(not running and not waiting)
        for button in (self.resume_button, self.forget_button):
            button.setVisible(waiting)
        self.pause_button.setText("Go on" if training.paused else "Pause")
        self.stop_button.setText("Stopping…" if training.stopping else "Stop")
        self._bar.setVisible(running)
        if running and training.last is None:
            self._say(self._state_in_words("Getting ready…"), "")
            self.loss.show_progress(None)
            self.ap.show_progress(None)
        elif running and training.last is not None:
            self._show_progress(training.last)
        elif not waiting:
            self._say(*self._ready)
            if training.last is None:
                self.loss.show_progress(None, going=False)
                self.ap.show_progress(None, going=False)

    def show_curve(self, curve: LearningCurve | None) -> None:
        """The rounds of the model that is in use; None where it was never retrained."""
        self.rounds.show_curve(curve)
        self.rounds.setVisible(curve is not None and len(curve.points) > 1)

    def _show_progress(self, progress: RetrainProgress) -> None:
        self._state.setText(self._state_in_words(progress.phase.value))
        self._facts.setText("\n".join(facts(progress)))
        known = progress.fraction > 0
        self._bar.setRange(0, 1000 if known else 0)  # without a range it says that something goes on
        self._bar.setValue(round(1000 * progress.fraction))
        self.loss.show_progress(progress)
        self.ap.show_progress(progress)

    def _state_in_words(self, phase: str) -> str:
        if self._training.stopping:
            return "Stopping…"
        return "Paused" if self._training.paused else phase

    def _show_offer(self, result: RetrainResult) -> None:
        self.offer.show_offer(result)

    def _show_made(self, name: str) -> None:
        self._ready = f"“{name}” has learned from your cells", _IN_USE

    def _show_interrupted(self, interrupted: Interrupted, folder: Path) -> None:
        date = interrupted.date[:16].replace("T", " ")
        words = f"“{interrupted.name}”, on the images in “{folder.name}”, was interrupted on {date}."
        if interrupted.ap_before is not None and interrupted.ap_best is not None:
            words += f" It had come from AP {interrupted.ap_before:.2f} to {interrupted.ap_best:.2f}."
        self.refresh()
        self._say("A training can be resumed", words)

    def _answer(self, answer: object) -> None:
        self.offer.show_busy(True)
        answer()  # type: ignore[operator]

    def _say(self, state: str, facts: str) -> None:
        self._state.setText(state)
        self._facts.setText(facts)


def facts(progress: RetrainProgress) -> list[str]:
    """Lines about where a training stands; what is not known yet is left out."""
    lines = []
    if progress.ap_before is not None:
        best = "" if progress.ap_best is None else f" → {progress.ap_best:.2f}"
        lines.append(f"AP {progress.ap_before:.2f}{best or ' before'}")
    if progress.cells and progress.in_turn:
        lines.append(f"{progress.cells:,} cells, each tested on by a model that has not learned from it")
    elif progress.cells:
        lines.append(f"{progress.cells:,} cells to learn from, {progress.held_out:,} held back to test on")
    line = _DEVICES.get(progress.device, progress.device)
    if progress.loss is not None:
        line += f", epoch {progress.epoch:.1f}"
    if progress.seconds_left is not None:
        line += f", {time_in_words(progress.seconds_left)} left"
    if not progress.cells:
        line += "; you can go on labelling"
    return [*lines, line]


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    leave_keys_to_canvas(button)
    return button
