"""Hands for the window, and a model that says what the test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from model_core.errors import Cancelled
from model_core.images.image import Image
from model_core.segmentation.options import Options
from model_core.segmentation.segmentation import Segmentation


class FakeSegmenter:
    """Finds what `cells` says; while `gate` is clear it computes on and on, and can be cancelled."""

    def __init__(self) -> None:
        self.cells = np.zeros((1, 60, 80), np.uint32)
        self.cells[0, 10:20, 10:20] = 1
        self.cells[0, 10:20, 30:40] = 2
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        self.diameters: list[float | None] = []
        self.options: list[dict[str, object]] = []  # the others that were given
        self.models: list[object] = []  # their names; None: the bundled one
        self.error: Exception | None = None

    def __call__(
        self,
        image: Image | None,
        model: object,
        *,
        diameter: float | None = None,
        progress: Callable[[float, str], None],
        cancel: Callable[[], bool],
        **options: object,
    ) -> Segmentation:
        self.diameters.append(diameter)
        self.options.append(options)
        self.models.append(model)
        self.started.set()
        progress(0.5, "Finding cells")
        while not self.gate.wait(0.01):
            if cancel():
                raise Cancelled
        if self.error is not None:
            raise self.error
        nothing = np.zeros((2, *self.cells.shape), np.float32)
        count = int(self.cells.max())
        return Segmentation(
            self.cells,
            nothing,
            nothing[0],
            10.0,
            np.full(count + 1, 0.9),
            Options(),
            "a model for tests",
            calibration=[[0, 0], [1, 1]],  # a score is the confidence
        )


def open_image(qtbot: QtBot, window: MainWindow, path: Path) -> Document:
    """Opens an image and waits for it."""
    before = window.workbench.document
    window.open(path)
    qtbot.waitUntil(lambda: window.workbench.document not in (None, before))
    document = window.workbench.document
    assert document is not None
    return document


def press(qtbot: QtBot, window: MainWindow, key: Qt.Key, ctrl: bool = False, shift: bool = False) -> None:
    """A key on whatever has the keyboard."""
    held = Qt.KeyboardModifier.NoModifier
    if ctrl:
        held |= Qt.KeyboardModifier.ControlModifier
    if shift:
        held |= Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(QApplication.focusWidget() or window, key, held)


def segmented(qtbot: QtBot, window: MainWindow) -> None:
    """Waits until no run goes on."""
    qtbot.waitUntil(lambda: window.tasks.current("segment") is None)


def dialogs(window: MainWindow) -> list[QMessageBox]:
    return [box for box in window.findChildren(QMessageBox) if box.isVisible()]


def the_dialog(qtbot: QtBot, window: MainWindow) -> QMessageBox:
    """Waits for a dialog; there must be one alone."""
    qtbot.waitUntil(lambda: bool(dialogs(window)))
    (box,) = dialogs(window)
    return box


def answer(qtbot: QtBot, box: QMessageBox, words: str) -> None:
    """Clicks the button of these words."""
    (button,) = [b for b in box.findChildren(QPushButton) if words in b.text().replace("&", "")]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
