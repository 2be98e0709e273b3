"""A small document to show, and a hand that moves the mouse over the canvas."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QInputDevice, QPointingDevice, QTabletEvent, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from model_core.images.image import Image

NO_KEYS = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT = Qt.MouseButton.LeftButton


def make_document(folder: Path, labels: np.ndarray, pixels: np.ndarray | None = None) -> Document:
    """A document in `folder` with these labels, (Y, X) or (Z, Y, X), entered as one edit."""
    labels = labels.reshape((-1, *labels.shape[-2:])).astype(np.uint32)
    if pixels is None:
        pixels = np.zeros((1, *labels.shape), np.uint8)
    document = Document.open(Image(pixels, path=folder / "image.tif"))
    document.edit(tuple(slice(0, size) for size in labels.shape), labels, "Start")
    return document


def two_cells() -> np.ndarray:
    """60 x 80 pixels: cell 1 in rows 10-19, columns 10-19; cell 2 in rows 10-19, columns 30-39."""
    labels = np.zeros((60, 80), np.uint32)
    labels[10:20, 10:20] = 1
    labels[10:20, 30:40] = 2
    return labels


def lock(document: Document, id_: int) -> None:
    document.change_records({id_: replace(document.objects[id_], locked=True)}, "Lock")


def counts(document: Document) -> dict[int, int]:
    ids, number = np.unique(document.labels, return_counts=True)
    return {int(i): int(n) for i, n in zip(ids, number, strict=True) if i}


class Hand:
    """Moves the mouse by image coordinates (x, y); every move reaches the canvas as a real event."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.port = canvas.view.viewport()

    def at(self, x: float, y: float) -> QPoint:
        """The position in the viewport."""
        corner, scale = self.canvas.view.box.viewRect().topLeft(), self.canvas.view.scale_factor
        return QPointF((x - corner.x()) * scale, (y - corner.y()) * scale).toPoint()

    def press(self, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        QTest.mousePress(self.port, LEFT, keys, self.at(x, y))

    def move(self, x: float, y: float) -> None:
        QTest.mouseMove(self.port, self.at(x, y))
        QApplication.processEvents()

    def release(self, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        QTest.mouseRelease(self.port, LEFT, keys, self.at(x, y))

    def double_click(self, x: float, y: float) -> None:
        """As the system tells it: a click, then a double click instead of the second press."""
        self.click(x, y)
        QTest.mouseDClick(self.port, LEFT, NO_KEYS, self.at(x, y))

    def click(self, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        QTest.mouseClick(self.port, LEFT, keys, self.at(x, y))

    def drag(self, *points: tuple[float, float], keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.press(*points[0], keys)
        for point in points[1:]:
            self.move(*point)
        self.release(*points[-1], keys)

    def pen(
        self, *points: tuple[float, float, float], rubber: bool = False, button: Qt.MouseButton = LEFT
    ) -> None:
        """Draws with a pen through (x, y, pressure)."""
        kind = QPointingDevice.PointerType.Eraser if rubber else QPointingDevice.PointerType.Pen
        device = QPointingDevice(
            "pen", 1, QInputDevice.DeviceType.Stylus, kind, QInputDevice.Capability.Pressure, 1, 3
        )
        press, move, release = QEvent.Type.TabletPress, QEvent.Type.TabletMove, QEvent.Type.TabletRelease
        last = len(points) - 1
        for number, (x, y, pressure) in enumerate(points):
            for event in (press,) * (number == 0) + (move,) + (release,) * (number == last):
                where = QPointF(self.at(x, y))
                force, held = (0.0, Qt.MouseButton.NoButton) if event == release else (pressure, button)
                changed = Qt.MouseButton.NoButton if event == move else button
                QApplication.sendEvent(
                    self.port,
                    QTabletEvent(
                        event, device, where, QPointF(self.port.mapToGlobal(where)), force, 0, 0, 0, 0, 0,
                        NO_KEYS, changed, held,
                    ),
                )  # fmt: skip

    def turn_wheel(self, x: float, y: float, notches: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        where = QPointF(self.at(x, y))
        event = QWheelEvent(
            where, QPointF(self.port.mapToGlobal(where)), QPoint(), QPoint(0, round(120 * notches)),
            Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.port, event)
