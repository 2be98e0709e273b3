"""Every command of the window: its words, its key, its icon and what it does, as one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QWidget

from cellpose_gui.theme import icon

Do = Callable[[], object]


@dataclass(frozen=True)
class Command:
    """``keys``: shortcuts, the first is shown. ``group``: of its group one is checked at a time."""

    name: str
    text: str
    keys: tuple[str, ...]
    do: Do
    icon: str = ""
    tip: str = ""
    group: str = ""
    checked: bool | None = None


def make_actions(parent: QWidget, commands: list[Command]) -> dict[str, QAction]:
    """The actions by name, added to the window so that their keys work without a menu.

    Raises:
        ValueError: two commands want the same key.
    """
    actions: dict[str, QAction] = {}
    groups: dict[str, QActionGroup] = {}
    taken: dict[str, str] = {}
    for command in commands:
        for key in command.keys:
            if key in taken:
                raise ValueError(f"the key {key} is wanted by {taken[key]} and {command.name}")
            taken[key] = command.name
        action = QAction(command.text, parent)
        action.setObjectName(command.name)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        hint = f" ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})" if command.keys else ""
        action.setToolTip((command.tip or command.text.replace("…", "").replace("&", "")) + hint)
        if command.group or command.checked is not None:
            action.setCheckable(True)
            action.setChecked(bool(command.checked))
        if command.group:
            groups.setdefault(command.group, QActionGroup(parent)).addAction(action)
        action.triggered.connect(lambda _=False, do=command.do: do())
        parent.addAction(action)
        actions[command.name] = action
    recolour(actions, commands, parent)
    return actions


def recolour(actions: dict[str, QAction], commands: list[Command], parent: QWidget) -> None:
    """Draws the icons in the colours of the present theme."""
    for command in commands:
        if command.icon:
            actions[command.name].setIcon(icon(command.icon, parent.palette()))
