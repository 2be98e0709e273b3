"""A sentence in place of a list, a table or a plot that has nothing to show."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QAbstractScrollArea, QLabel

_MARGIN = 12  # logical pixels


class EmptyWords(QLabel):
    """Covers what an area shows, axes too, as long as it says what will be there and how to get it."""

    def __init__(self, area: QAbstractScrollArea) -> None:
        super().__init__(area.viewport())
        self._area = area
        self.setWordWrap(True)
        self.setMargin(_MARGIN)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        viewport = area.viewport()
        assert viewport is not None
        viewport.installEventFilter(self)
        self.hide()

    def say(self, words: str) -> None:
        """Shows these words; "" shows the area itself."""
        self.setText(words)
        self._area.setAccessibleDescription(words)
        self._fit()
        self.setVisible(bool(words))
        self.raise_()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Resize:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        viewport = self._area.viewport()
        if viewport is not None:
            self.setGeometry(viewport.rect())
