"""A command of the window: its words, its key, its icon and what it does; and the actions made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence, QShortcut
from PyQt6.QtWidgets import QWidget

from cellpose_gui.theme import icon

Do = Callable[[], object]


@dataclass(frozen=True)
class Command:
    """What a person can do.

    ``keys`` work in the whole window, the first is shown; ``canvas_keys`` only while the canvas has the
    keyboard: elsewhere they move through lists and sliders. ``group``: of its group one is checked at a time.
    ``needs_image``: of no use while nothing is open.
    """

    name: str
    text: str
    keys: tuple[str, ...]
    do: Do
    icon: str = ""
    tip: str = ""
    group: str = ""
    checked: bool | None = None
    canvas_keys: tuple[str, ...] = ()
    needs_image: bool = False


def make_actions(window: QWidget, canvas: QWidget, commands: list[Command]) -> dict[str, QAction]:
    """The actions by name, added to the window so that their keys work without a menu.

    Raises:
        ValueError: two commands want the same key.
    """
    actions: dict[str, QAction] = {}
    groups: dict[str, QActionGroup] = {}
    taken: dict[str, str] = {}
    for command in commands:
        for key in command.keys + command.canvas_keys:
            if key in taken:
                raise ValueError(f"the key {key} is wanted by {taken[key]} and {command.name}")
            taken[key] = command.name
        keys = [_native(key) for key in command.keys + command.canvas_keys]
        # menus show the keys of an action by themselves, but not those of the canvas
        action = QAction(command.text if command.keys or not keys else f"{command.text}\t{keys[0]}", window)
        action.setObjectName(command.name)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        tip = command.tip or command.text.replace("…", "").replace("&", "")
        action.setToolTip(f"{tip} ({', '.join(keys)})" if keys else tip)
        if command.group or command.checked is not None:
            action.setCheckable(True)
            action.setChecked(bool(command.checked))
        if command.group:
            groups.setdefault(command.group, QActionGroup(window)).addAction(action)
        action.triggered.connect(lambda _=False, do=command.do: do())
        for key in command.canvas_keys:
            shortcut = QShortcut(QKeySequence(key), canvas)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action.trigger)
        window.addAction(action)
        actions[command.name] = action
    recolour(actions, commands)
    return actions


def recolour(actions: dict[str, QAction], commands: list[Command]) -> None:
    """Draws the icons in the colours of the present theme."""
    for command in commands:
        if command.icon:
            actions[command.name].setIcon(icon(command.icon))


def _native(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
