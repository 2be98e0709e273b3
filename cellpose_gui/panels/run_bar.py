"""The run over all images of the folder: start, pause, stop, how far it is, what failed."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.panels.task_bar import time_in_words
from cellpose_gui.project.segment_all import SegmentAll, Stage


class RunBar(QWidget):
    """Shows a `SegmentAll` and hands on what the person wants of it."""

    new_asked = pyqtSignal()  # segment the images that are new
    again_asked = pyqtSignal()  # all that are neither done nor excluded
    selected_asked = pyqtSignal()
    failures_asked = pyqtSignal()

    def __init__(self, segment_all: SegmentAll, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = segment_all
        self.start = QToolButton()
        self.start.setText("Segment all new images")
        self.start.setToolTip("Find the cells in every image that is new, in the background")
        self.start.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.start.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.start.clicked.connect(self.new_asked)
        menu = QMenu(self.start)
        menu.addAction("Segment all &new images", self.new_asked.emit)
        menu.addAction("Segment the &selected images", self.selected_asked.emit)
        menu.addAction("Segment all &again that are neither done nor excluded", self.again_asked.emit)
        self.start.setMenu(menu)
        self.pause = QPushButton("Pause")
        self.pause.clicked.connect(self.toggle_pause)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("End the run; what is segmented so far stays")
        self.stop.clicked.connect(segment_all.stop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName("Images segmented")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.failures = QPushButton()
        self.failures.setToolTip("Show only the images with problems, and why")
        self.failures.clicked.connect(self.failures_asked)
        for button in (self.start, self.pause, self.stop, self.failures):
            leave_keys_to_canvas(button)
        buttons = QHBoxLayout()
        for widget in (self.start, self.pause, self.stop):
            buttons.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)
        layout.addWidget(self.failures)
        layout.addLayout(buttons)
        segment_all.changed.connect(self.refresh)
        segment_all.ended.connect(self._show_ended)
        self._ended = ""
        self.refresh()

    def toggle_pause(self) -> None:
        if self._run.paused:
            self._run.resume()
        elif self._run.running:
            self._run.pause()

    def refresh(self) -> None:
        """Shows where the run stands."""
        going, run = self._run.running, self._run.run
        at_rest, at_work = (self.start,), (self.pause, self.stop, self.bar)
        for widget in at_rest if going else at_work:  # first: all side by side would widen the panel for good
            widget.hide()
        for widget in at_work if going else at_rest:
            widget.show()
        failed = len(run.errors)
        self.failures.setVisible(failed > 0)
        self.failures.setText(f"{failed} image{'' if failed == 1 else 's'} failed: show why")
        self.pause.setText("Resume" if self._run.paused else "Pause")
        if not going:
            self.words.setText(self._ended)
            self.words.setVisible(bool(self._ended))
            return
        self._ended = ""
        total, finished = len(run.stages), run.finished
        self.bar.setRange(0, 1000 * total)
        self.bar.setValue(round(1000 * (finished + run.fraction)))
        words = f"{finished} of {total} images"
        left = run.seconds_left
        if self._run.paused:
            words = f"Paused: {words}"
        elif left is not None:
            words += f", {time_in_words(left)} left"
        elif Stage.RUNNING not in list(run.stages.values()):
            words += ", getting ready"
        self.words.setText(words)
        self.words.setVisible(True)

    def _show_ended(self, words: str) -> None:
        self._ended = words
        self.refresh()
