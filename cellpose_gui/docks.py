"""The panels around the canvas: where they lie, and how they are shown and hidden."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow, QTabWidget, QWidget

from cellpose_gui.theme import icon

LEFT, RIGHT, BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
_BUTTONS = {
    "float": ("float", "Put the panel into a window of its own, or back"),
    "close": ("close", "Close the panel"),
}
_TABS = ("Worst first", "Compare", "Classes", "History", "Models", "Images")  # one behind the other
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
            dock.setWidget(widget)
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
        dock.show()
        if window.dockWidgetArea(dock) == BOTTOM and not dock.isFloating():
            if was_hidden:  # the image needs the room more
                window.resizeDocks([dock], [dock.sizeHint().height()], Qt.Orientation.Vertical)
            for other in self.values():  # that are seen: tabs of hidden ones would stay behind
                if other is not dock and other.isVisible() and window.dockWidgetArea(other) == BOTTOM:
                    window.tabifyDockWidget(other, dock)
        dock.raise_()
