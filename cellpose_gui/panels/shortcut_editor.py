"""Choosing which keys do what."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QFont, QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.actions import Actions, Command
from cellpose_gui.shortcuts import portable, shown, why_fixed

_NAME = Qt.ItemDataRole.UserRole


class ShortcutEditor(QDialog):
    """A list of all commands with their keys; a chosen key works at once.

    A key that another command has is named, and moves only when the person says so.
    """

    def __init__(self, parent: QWidget, actions: Actions) -> None:
        super().__init__(parent)
        self._actions, self._shortcuts = actions, actions.shortcuts
        self._titles = {command.name: command.title for command in actions}
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._filter = QLineEdit()
        self._filter.setPlaceholderText("Show only…")
        self._filter.setAccessibleName("Show only commands with these words or keys")
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(self._filter_rows)
        self._list = QTreeWidget()
        self._list.setHeaderLabels(["Command", "Menu", "Keys"])
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setAccessibleName("Commands and their keys")
        header = self._list.header()
        assert header is not None
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.currentItemChanged.connect(self._show_current)
        self._key = QKeySequenceEdit()
        self._key.setMaximumSequenceLength(1)
        self._key.setClearButtonEnabled(True)
        self._key.setAccessibleName("New key: press it here")
        self._key.keySequenceChanged.connect(self._show_current)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._replace = self._button("&Use this key", lambda: self._assign(add=False))
        self._add = self._button("&Add this key", lambda: self._assign(add=True))
        self._clear = self._button("&No key", lambda: self._shortcuts.assign(self._name(), ()))
        self._reset = self._button("&Default", lambda: self._shortcuts.reset(self._name()))
        self._reset_all = self._button("Reset a&ll", self._shortcuts.reset_all)
        self._lay_out()
        self._shortcuts.changed.connect(self._show_keys)
        for command in actions:
            self._add_row(command)
        self._show_keys()
        self._list.setCurrentItem(self._list.topLevelItem(0))

    def _lay_out(self) -> None:
        press = QLabel("&New key")
        press.setBuddy(self._key)
        keys = QHBoxLayout()
        for widget in (press, self._key, self._replace, self._add):
            keys.addWidget(widget)
        others = QHBoxLayout()
        others.addWidget(self._said, 1)
        for widget in (self._clear, self._reset):
            others.addWidget(widget)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self._reset_all, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(self._filter)
        layout.addWidget(self._list)
        layout.addLayout(keys)
        layout.addLayout(others)
        layout.addWidget(buttons)
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().lineSpacing()
        self.resize(90 * letter, 34 * line)

    def _button(self, text: str, do: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)  # Return in the field for the key must not press one
        button.clicked.connect(lambda: do())
        return button

    def _add_row(self, command: Command) -> None:
        item = QTreeWidgetItem([command.title, command.menu, ""])
        item.setData(0, _NAME, command.name)
        item.setSizeHint(0, QSize(0, self.fontMetrics().lineSpacing() + 6))
        item.setToolTip(0, command.help)
        self._list.addTopLevelItem(item)

    def _rows(self) -> list[QTreeWidgetItem]:
        rows = (self._list.topLevelItem(row) for row in range(self._list.topLevelItemCount()))
        return [row for row in rows if row is not None]

    def _name(self) -> str:
        item = self._list.currentItem()
        return "" if item is None else str(item.data(0, _NAME))

    def _typed(self) -> str:
        return portable(self._key.keySequence().toString(QKeySequence.SequenceFormat.PortableText))

    def _filter_rows(self, typed: str) -> None:
        words = typed.casefold().split()
        for row in self._rows():
            text = " ".join(row.text(column) for column in range(3)).casefold()
            row.setHidden(not all(word in text for word in words))

    def _show_keys(self) -> None:
        for row in self._rows():
            name = str(row.data(0, _NAME))
            row.setText(2, "   ".join(map(shown, self._shortcuts.keys(name))))
            font = QFont()
            font.setBold(not self._shortcuts.is_default(name))
            row.setFont(2, font)
        self._list.resizeColumnToContents(2)
        self._show_current()

    def _show_current(self) -> None:
        """What the buttons would do to the current command."""
        name, key = self._name(), self._typed()
        owner = self._shortcuts.owner(key) if key else None
        fixed = why_fixed(key) if key else None
        words = ""
        if fixed is not None:
            words = fixed
        elif owner == name and name:
            words = f"“{self._titles[name]}” has this key already."
        elif owner is not None:
            words = f"{shown(key)} belongs to “{self._titles[owner]}”, which would lose it."
        elif name and not self._shortcuts.is_default(name):
            words = "Keys that you changed are bold."
        self._said.setText(words)
        usable = bool(key) and bool(name) and fixed is None and owner != name
        self._replace.setEnabled(usable)
        self._add.setEnabled(usable)
        self._clear.setEnabled(bool(name) and bool(self._shortcuts.keys(name)))
        self._reset.setEnabled(bool(name) and not self._shortcuts.is_default(name))

    def _assign(self, add: bool) -> None:
        name, key = self._name(), self._typed()
        before = self._shortcuts.keys(name) if add else ()
        self._key.clear()
        self._shortcuts.assign(name, (*before, key), take=True)  # the label has said from whom
