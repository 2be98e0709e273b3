"""The view: which part of the image is on screen, and what the mouse does to that."""

from __future__ import annotations

from collections.abc import Callable

import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPointingDevice,
    QResizeEvent,
    QSinglePointEvent,
    QTabletEvent,
    QWheelEvent,
)  # fmt: skip
from PyQt6.QtWidgets import QGraphicsItem, QGraphicsView, QWidget

from cellpose_gui.canvas.pointer import Pointer

LARGEST_PIXEL = 96.0  # logical pixels that an image pixel may cover
SMALLEST_IMAGE = 40.0  # logical pixels that the longer side of the image keeps
GESTURES = (
    ("Wheel", "zooms where the mouse is"),
    ("Middle or right drag, or Space+drag", "moves the image"),
    ("Double click", "shows the whole image"),
    ("Ctrl+wheel or Shift+wheel", "changes the size of the brush"),
)
ZOOM_PER_NOTCH = 1.25
_PAN_BUTTONS = (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton)


class CanvasView(pg.GraphicsView):
    """Image coordinates with y down in a view box of locked aspect.

    The wheel zooms about the cursor; a middle drag, a right drag or space and drag pans; a double click fits.
    Left presses, moves and releases are told by signals, in image coordinates.
    """

    pressed = pyqtSignal(object)  # Pointer
    moved = pyqtSignal(object, bool)  # Pointer, whether the left button is held
    released = pyqtSignal(object)  # Pointer
    double_clicked = pyqtSignal(object)  # Pointer
    left = pyqtSignal()
    turned = pyqtSignal(int)  # notches of the wheel while Ctrl or Shift is held or the wheel is taken
    view_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=pg.mkColor("#1b1c1f"))
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box = pg.ViewBox(
            lockAspect=True, invertY=True, enableMouse=False, enableMenu=False, defaultPadding=0
        )
        self.box.disableAutoRange()
        self.setCentralWidget(self.box)
        self._image_size = (1, 1)
        self._fitted = True
        self._pan_from: QPointF | None = None
        self._space_held = False
        self._pen_down = False
        self._pressure = 1.0  # the last one
        self.left_pans = False
        self.tool_cursor = Qt.CursorShape.ArrowCursor
        self.wheel_is_taken: Callable[[Pointer], bool] = lambda pointer: False  # asked before the wheel zooms
        self._notches = 0.0

    def add(self, item: QGraphicsItem) -> None:
        """Show an item whose coordinates are those of the image."""
        self.box.addItem(item, ignoreBounds=True)

    def set_image_size(self, height: int, width: int) -> None:
        """Tell how large the image is; fits it."""
        self._image_size = (max(height, 1), max(width, 1))
        self.fit()

    @property
    def scale_factor(self) -> float:
        """Logical pixels per image pixel."""
        return self.viewport().width() / self.box.viewRect().width()

    @property
    def fitted(self) -> bool:
        """Whether the whole image is shown and stays fitted when the window is resized."""
        return self._fitted

    def image_position(self, position: QPointF) -> QPointF:
        """Image coordinates of a position in the viewport."""
        rectangle = self.box.viewRect()
        return rectangle.topLeft() + position / self.scale_factor

    def fit(self) -> None:
        """Show the whole image with a narrow border."""
        height, width = self._image_size
        self.zoom_to(QRectF(0, 0, width, height), border=0.02)
        self._fitted = True

    def zoom_to(self, rectangle: QRectF, border: float = 0.0) -> None:
        """Show `rectangle` (image coordinates) as large as it fits, with a share of the window left as
        border."""
        size = self.viewport().size()
        room = 1 - 2 * border
        scale = room * min(
            size.width() / max(rectangle.width(), 1e-9), size.height() / max(rectangle.height(), 1e-9)
        )
        self.place(self._limited(scale), rectangle.center(), QPointF(size.width() / 2, size.height() / 2))

    def set_scale(self, scale: float, anchor: QPointF | None = None) -> None:
        """`scale` logical pixels per image pixel; what lies under `anchor` (viewport, default its middle)
        stays."""
        if anchor is None:
            anchor = QPointF(self.viewport().width() / 2, self.viewport().height() / 2)
        self.place(self._limited(scale), self.image_position(anchor), anchor)

    def zoom(self, notches: int) -> None:
        """Closer (1) or farther (-1) around the middle of the window."""
        self.set_scale(self.scale_factor * ZOOM_PER_NOTCH**notches)

    def centre_on(self, point: QPointF) -> None:
        """Bring a point of the image to the middle of the window."""
        middle = QPointF(self.viewport().width() / 2, self.viewport().height() / 2)
        self.place(self.scale_factor, point, middle)

    def reveal(self, place: QRectF) -> None:
        """Move to a rectangle (image coordinates) of which nothing can be seen; the zoom stays if it fits."""
        shown = self.box.viewRect()
        if shown.intersects(place):
            return
        if place.width() > shown.width() or place.height() > shown.height():
            self.zoom_to(place, border=0.1)
        else:
            self.centre_on(place.center())

    def actual_size(self) -> None:
        """One image pixel per device pixel."""
        self.set_scale(1 / self.devicePixelRatioF())

    def _limited(self, scale: float) -> float:
        lowest = min(SMALLEST_IMAGE / max(self._image_size), 1.0)
        return min(max(scale, lowest), LARGEST_PIXEL)

    def place(self, scale: float, image_point: QPointF, position: QPointF) -> None:
        """Make `image_point` appear at `position` of the viewport."""
        size = self.viewport().size()
        corner = image_point - position / scale
        self._fitted = False
        shown = QRectF(corner.x(), corner.y(), size.width() / scale, size.height() / scale)
        self.box.setRange(shown, padding=0, disableAutoRange=True)
        self.view_changed.emit()

    # ------------------------------------------------------------------ events

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        if not hasattr(self, "_fitted"):  # the base class resizes itself while it is being made
            super().resizeEvent(event)
            return
        fitted, old = self._fitted, self.box.viewRect()
        scale = (
            event.oldSize().width() / old.width() if event is not None and event.oldSize().width() > 0 else 0
        )
        super().resizeEvent(event)
        if fitted or scale <= 0:
            self.fit()
        else:
            self.place(scale, old.topLeft(), QPointF(0, 0))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() in _PAN_BUTTONS or (left and (self._space_held or self.left_pans)):
            self._pan_from = event.position()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif left:
            self.pressed.emit(self._pointer(event))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._pan_from is not None:
            moved = event.position() - self._pan_from
            self._pan_from = event.position()
            self.place(self.scale_factor, self.image_position(QPointF(0, 0)), moved)
        else:
            self.moved.emit(self._pointer(event), bool(event.buttons() & Qt.MouseButton.LeftButton))
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._pan_from is not None:
            self._pan_from = None
            self.show_cursor()
        elif event.button() == Qt.MouseButton.LeftButton:
            self.released.emit(self._pointer(event))
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit(self._pointer(event))
        event.accept()

    def viewportEvent(self, event: QEvent | None) -> bool:
        if isinstance(event, QTabletEvent):
            self._pen_event(event)
            return event.isAccepted()
        return super().viewportEvent(event)

    def _pen_event(self, event: QTabletEvent) -> None:
        """The tip of a pen draws, with its pressure; all else that a pen does comes again as the mouse."""
        kind, tip = event.type(), event.button() == Qt.MouseButton.LeftButton
        event.ignore()
        if kind == QEvent.Type.TabletPress and tip and not (self._space_held or self.left_pans):
            self._pen_down = True
            self.pressed.emit(self._pointer(event))
        elif kind == QEvent.Type.TabletMove and self._pen_down:
            self.moved.emit(self._pointer(event), True)
        elif kind == QEvent.Type.TabletRelease and tip and self._pen_down:
            self._pen_down = False
            self.released.emit(self._pointer(event))
        else:
            return
        event.accept()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        assert event is not None
        turn = (
            event.angleDelta().y() or event.angleDelta().x()
        )  # Alt and Shift turn it sideways on some systems
        held = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        if held or self.wheel_is_taken(self._pointer(event)):
            # Fine wheels and pads send fractions of a notch.
            self._notches += turn / 120
            whole = int(self._notches)
            self._notches -= whole
            if whole:
                self.turned.emit(whole)
        else:
            self.set_scale(self.scale_factor * ZOOM_PER_NOTCH ** (turn / 120), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space_held = True
                self.show_cursor()
            event.accept()
        else:
            event.ignore()  # the canvas around the view knows what keys mean

    def keyReleaseEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space_held = False
            self.show_cursor()
        event.ignore()

    def leaveEvent(self, event: QEvent | None) -> None:
        super().leaveEvent(event)
        self.left.emit()

    def show_cursor(self) -> None:
        """Give the mouse the shape that tells what a left press would do."""
        pans = self._space_held or self.left_pans
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if pans else self.tool_cursor)

    def _pointer(self, event: QSinglePointEvent) -> Pointer:
        position, held = self.image_position(event.position()), event.modifiers()
        pressure, rubber = 1.0, False
        if isinstance(event, QTabletEvent):
            rubber = event.pointerType() == QPointingDevice.PointerType.Eraser
            # A release has none; the stroke must not end in a point for that.
            pressure = event.pressure() if event.type() != QEvent.Type.TabletRelease else self._pressure
            self._pressure = pressure
        return Pointer(
            position.x(),
            position.y(),
            shift=bool(held & Qt.KeyboardModifier.ShiftModifier),
            ctrl=bool(held & Qt.KeyboardModifier.ControlModifier),
            alt=bool(held & Qt.KeyboardModifier.AltModifier),
            pressure=pressure,
            rubber=rubber,
        )
