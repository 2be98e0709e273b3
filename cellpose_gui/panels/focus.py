"""Keeps the keyboard where the work is."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QRegion
from PyQt6.QtWidgets import QWidget

_EDGE = 2  # logical pixels


def leave_keys_to_canvas(*widgets: QWidget) -> None:
    """A click on these does not take the keyboard from the canvas; the Tab key still reaches them."""
    for widget in widgets:
        widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)


class FocusEdge(QWidget):
    """A line around a widget while it has the keyboard, where its own style draws none."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self._watched = watched
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        watched.installEventFilter(self)
        self.setVisible(watched.hasFocus())

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None:
            match event.type():
                case QEvent.Type.FocusIn:
                    self._fit()
                    self.show()
                    self.raise_()
                case QEvent.Type.FocusOut:
                    self.hide()
                case QEvent.Type.Resize:
                    self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """Only the edge exists, so nothing has to be composed when the middle is painted."""
        whole = self._watched.rect()
        self.setGeometry(whole)
        self.setMask(QRegion(whole) - QRegion(whole.adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        QPainter(self).fillRect(self.rect(), self.palette().brightText())
