"""What is being computed: words, a bar, the time left and a button to cancel."""

from __future__ import annotations

import time

from PyQt6 import sip
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.tasks.task_runner import Task

_ESTIMATE_AFTER = 2.0  # seconds and ...
_ESTIMATE_FROM = 0.1  # ... share done from which on the time left is guessed


class TaskBar(QWidget):
    """Shows one task, the one that started last; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task: Task | None = None
        self._text = QLabel()
        self._bar = QProgressBar()
        self._bar.setFixedWidth(160)
        self._bar.setTextVisible(False)
        self._button = QPushButton("Cancel")
        self._button.setAccessibleName("Cancel the running task")
        self._button.clicked.connect(self._cancel)
        leave_keys_to_canvas(self._button)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._text, self._bar, self._button):
            layout.addWidget(widget)
        self.hide()

    def watch(self, task: Task) -> None:
        """Shows this task until it ends."""
        self._let_go()
        self._task = task
        self._text.setText(f"{task.title}…")
        self._bar.setRange(0, 0)  # moves to and fro until there is something to tell
        self._button.setEnabled(True)
        # Methods and no lambdas: Qt forgets them when this widget goes before the task, with its dialog.
        task.progressed.connect(self._show)
        task.stopping.connect(self._show_stopping)
        task.finished.connect(self._let_go)
        self.show()

    def _show(self, fraction: float, text: str) -> None:
        task = self._task
        if task is None or not self._button.isEnabled():
            return
        self._bar.setRange(0, 1000 if fraction > 0 else 0)
        self._bar.setValue(round(1000 * fraction))
        elapsed = time.monotonic() - task.started_at
        left = ""
        if elapsed > _ESTIMATE_AFTER and fraction > _ESTIMATE_FROM:
            left = f", {time_in_words(elapsed * (1 - fraction) / fraction)} left"
        self._text.setText(f"{text}{left}")

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _show_stopping(self) -> None:
        self._button.setEnabled(False)
        self._text.setText("Cancelling…")

    def _let_go(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        if not sip.isdeleted(task):  # a task that has ended may be gone before its last word arrives
            task.progressed.disconnect(self._show)
            task.stopping.disconnect(self._show_stopping)
            task.finished.disconnect(self._let_go)
        self.hide()


def time_in_words(seconds: float) -> str:
    """About how long: “40 s”, “3 min”, “2 h”."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"
