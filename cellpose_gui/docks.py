"""The panels around the canvas: where they lie, and how they are shown and hidden."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDockWidget,
    QFrame,
    QMainWindow,
    QScrollArea,
    QTabWidget,
    QWidget,
)

from cellpose_gui.theme import icon

LEFT, RIGHT, BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
_BY_TAB = Qt.FocusPolicy.TabFocus
_BUTTONS = {
    "float": ("float", "Put the panel into a window of its own, or back"),
    "close": ("close", "Close the panel"),
}
_TABS = ("Worst first", "Compare", "Classes", "History", "Models", "Images")  # one behind the other
_SCROLLING = ("Channels",)  # the lowest on the right: a long legend above must not push it off the screen
_HIDDEN = ("Worst first", "Compare", "Table and plot", "Training", "Contributions")  # till they are needed


class Docks(dict[str, QDockWidget]):
    """The docks by their titles."""

    def __init__(self, window: QMainWindow, panels: Iterable[tuple[str, QWidget, Qt.DockWidgetArea]]) -> None:
        """`panels`: title, what is shown, where."""
        super().__init__()
        self._window = window
        for title, widget, area in panels:
            dock = self[title] = QDockWidget(title, window)
            dock.setObjectName(title)
            dock.setWidget(_scrolling(widget) if title in _SCROLLING else widget)
            window.addDockWidget(area, dock)

    def arrange(self) -> None:
        """As they lie in a window that nobody has arranged otherwise."""
        window = self._window
        window.setTabPosition(LEFT, QTabWidget.TabPosition.West)  # room for all the names
        # The panels on the right are tall: what lies at the bottom must not push them out of the screen.
        window.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
        for title, after in pairwise(_TABS):
            window.tabifyDockWidget(self[title], self[after])
        window.tabifyDockWidget(self["History"], self["Contributions"])
        for title in _HIDDEN:
            self[title].hide()
        window.resizeDocks([self["Segment"], self["Images"]], [280, 270], Qt.Orientation.Horizontal)

    def recolour(self) -> None:
        """Draw the buttons of the title bars in the colour of the theme's text; Qt's own are always dark."""
        for title, dock in self.items():
            for button, (name, words) in _BUTTONS.items():
                found = dock.findChild(QAbstractButton, f"qt_dockwidget_{button}button")
                if found is not None:
                    found.setIcon(icon(name))
                    found.setToolTip(words)
                    found.setAccessibleName(f"{words}: {title}")

    def toggle(self, title: str) -> None:
        """Shows a panel, or hides it."""
        if self[title].isHidden():
            self.show(title)
        else:
            self[title].hide()

    def show(self, title: str) -> None:
        """Brings a panel to the front, with others at the bottom as a tab beside them."""
        dock, window = self[title], self._window
        was_hidden = dock.isHidden()
        if window.dockWidgetArea(dock) == BOTTOM and not dock.isFloating():
            for other in self.values():  # that are seen: tabs of hidden ones would stay behind
                if other is not dock and other.isVisible() and window.dockWidgetArea(other) == BOTTOM:
                    window.tabifyDockWidget(other, dock)  # first: side by side they would widen the window
            dock.show()
            if was_hidden:  # the image needs the room more
                window.resizeDocks([dock], [dock.sizeHint().height()], Qt.Orientation.Vertical)
        dock.show()
        dock.raise_()

    def focus_next(self) -> None:
        """Gives the keyboard to the next panel that is seen; after the last one to the image."""
        seen = [dock for dock in self.values() if not dock.visibleRegion().isEmpty()]
        here = QApplication.focusWidget()
        inside = [number for number, dock in enumerate(seen) if here is not None and dock.isAncestorOf(here)]
        for dock in seen[inside[0] + 1 if inside else 0 :]:
            for control in dock.findChildren(QWidget):
                if control.isVisible() and control.isEnabled() and control.focusPolicy() & _BY_TAB:
                    control.setFocus(Qt.FocusReason.TabFocusReason)
                    return
        middle = self._window.centralWidget()
        assert middle is not None
        middle.setFocus(Qt.FocusReason.TabFocusReason)


def _scrolling(widget: QWidget) -> QScrollArea:
    """The widget at any height that there is room for."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(widget)
    area.setMinimumWidth(widget.minimumSizeHint().width())
    return area
