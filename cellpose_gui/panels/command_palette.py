"""Type a few letters of what you want to do; Return does it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, QSettings, QSize, Qt
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QPalette
from PyQt6.QtWidgets import (
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMainWindow,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.actions import Actions, Command
from cellpose_gui.fuzzy import score

_RECENT = "palette/recent"
_KEPT = 8  # commands that are remembered as used lately
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_NAME = Qt.ItemDataRole.UserRole


class CommandPalette(QFrame):
    """Lies over the window. Lists the commands that fit the letters, those used lately first.

    What makes no sense now is listed too, in grey: so one learns that it is there.
    """

    def __init__(self, window: QMainWindow, actions: Actions, settings: QSettings) -> None:
        super().__init__(window)
        self._actions, self._settings = actions, settings
        self._came_from: QWidget | None = None
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._line = QLineEdit()
        self._line.setPlaceholderText("What do you want to do?")
        self._line.setAccessibleName("Find a command")
        self._line.setClearButtonEnabled(True)
        self._line.textChanged.connect(self._list)
        self._line.installEventFilter(self)
        self._found = QTreeWidget()
        self._found.setColumnCount(3)
        self._found.setHeaderHidden(True)
        self._found.setRootIsDecorated(False)
        self._found.setUniformRowHeights(True)
        self._found.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._found.setAccessibleName("Commands")
        self._found.itemClicked.connect(self._run)
        header = self._found.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self._help = QLabel()
        self._help.setWordWrap(True)
        self._help.setForegroundRole(QPalette.ColorRole.WindowText)
        self._found.currentItemChanged.connect(self._show_help)
        layout = QVBoxLayout(self)
        layout.addWidget(self._line)
        layout.addWidget(self._found)
        layout.addWidget(self._help)
        self.hide()

    def ask(self) -> None:
        """Shows the palette; the keyboard goes back to where it was when it closes."""
        window = self.parentWidget()
        assert window is not None
        self._came_from = window.focusWidget()
        self._actions.refresh()
        self._line.clear()
        self._list()
        letter = self._line.fontMetrics().averageCharWidth()
        width = min(window.width() - 40, 90 * letter)
        height = min(window.height() - 80, 28 * self._line.fontMetrics().lineSpacing())
        self.setGeometry((window.width() - width) // 2, 40, width, height)
        self.show()
        self.raise_()
        self._line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_up(self) -> None:
        """Hides the palette without doing anything."""
        self.hide()
        if self._came_from is not None:
            self._came_from.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if isinstance(event, QFocusEvent) and event.type() == QEvent.Type.FocusOut:
            if event.reason() != Qt.FocusReason.ActiveWindowFocusReason and self.isVisible():
                self.hide()
        elif isinstance(event, QKeyEvent) and event.type() in (
            QEvent.Type.KeyPress,
            QEvent.Type.ShortcutOverride,
        ):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        """Up and down move through the list although the line has the keyboard."""
        key, pressed = event.key(), event.type() == QEvent.Type.KeyPress
        if key not in (*_MOVES, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            return False
        event.accept()
        if pressed and key == Qt.Key.Key_Escape:
            self.close_up()
        elif pressed and key in _MOVES:
            self._found.keyPressEvent(event)
        elif pressed and (item := self._found.currentItem()) is not None:
            self._run(item)
        return True

    def _list(self) -> None:
        self._found.clear()
        for command in self.matches(self._line.text()):
            item = QTreeWidgetItem(
                [command.title, command.menu, "  ".join(self._actions.keys_shown(command))]
            )
            item.setData(0, _NAME, command.name)
            item.setSizeHint(0, QSize(0, self.fontMetrics().lineSpacing() + 8))
            item.setForeground(1, self.palette().placeholderText())
            action = self._actions[command.name]
            if action.isCheckable() and action.isChecked():
                item.setText(0, f"{command.title}  ✓")
            if not action.isEnabled():
                grey = self.palette().brush(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
                for column in range(3):
                    item.setForeground(column, grey)
            self._found.addTopLevelItem(item)
        self._found.setCurrentItem(self._found.topLevelItem(0))
        if self._found.topLevelItemCount() == 0:
            self._help.setText("No command fits these letters.")

    def matches(self, typed: str) -> list[Command]:
        """The commands that fit, best first; without letters all, those used lately first."""
        recent = self._recent()
        ranked = []
        for place, command in enumerate(c for c in self._actions if c.name != "palette"):
            lately = _KEPT - recent.index(command.name) if command.name in recent else 0
            fits = _fit(typed, command)
            if fits is not None:
                usable = self._actions[command.name].isEnabled()
                ranked.append((-(fits + lately), not usable, place, command))
        return [command for *_, command in sorted(ranked, key=lambda entry: entry[:3])]

    def _recent(self) -> list[str]:
        stored = self._settings.value(_RECENT, [])
        return [str(name) for name in (stored if isinstance(stored, list) else [stored])]

    def _show_help(self) -> None:
        item = self._found.currentItem()
        if item is not None:
            (command,) = [c for c in self._actions if c.name == item.data(0, _NAME)]
            words = command.help or command.title
            usable = self._actions[command.name].isEnabled()
            self._help.setText(words if usable else f"{words} (not possible now)")

    def _run(self, item: QTreeWidgetItem) -> None:
        name = str(item.data(0, _NAME))
        if not self._actions[name].isEnabled():
            return
        recent = [name, *(other for other in self._recent() if other != name)]
        self._settings.setValue(_RECENT, recent[:_KEPT])
        self.close_up()
        self._actions[name].trigger()


def _fit(typed: str, command: Command) -> int | None:
    """The title counts most; the menu and the help can be searched as well."""
    if (in_title := score(typed, command.title)) is not None:
        return 2 * in_title
    words = f"{command.title} {command.menu} {command.help}".casefold()
    return 0 if all(word in words for word in typed.casefold().split()) else None
