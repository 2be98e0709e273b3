"""Commands: words, keys, when they make sense, what they do; and the actions that Qt makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence, QShortcut
from PyQt6.QtWidgets import QWidget

from cellpose_gui.shortcuts import Shortcuts, belongs_to_canvas, shown
from cellpose_gui.theme import icon

Do = Callable[[], object]
Ask = Callable[[], bool]


@dataclass(frozen=True)
class Command:
    """What a person can do. Menus, tool bar, palette, cheat sheet and shortcut editor are made of these.

    ``text`` has the menu's underlined letter after &, and ends in … where a dialog follows. ``menu`` is its
    title without &; a line separates the ``section``s of a menu. ``keys`` are defaults. ``when``: whether it
    makes sense now. ``checked``: makes it a switch, and says whether it is on. Of a ``group`` one is on at
    a time. ``detail`` is put behind the text, as in “Undo: Paint cell 3”. ``in_bar``: is in the tool bar too.
    """

    name: str
    text: str
    menu: str
    do: Do
    keys: tuple[str, ...] = ()
    help: str = ""
    icon: str = ""
    section: str = ""
    group: str = ""
    when: Ask | None = None
    checked: Ask | None = None
    detail: Callable[[], str | None] | None = None
    in_bar: bool = False

    @property
    def title(self) -> str:
        """The words without marks for the menu."""
        return self.text.replace("&", "").removesuffix("…")


class Actions:
    """The actions of all commands, in their order, with the keys that the person has chosen."""

    def __init__(
        self, window: QWidget, canvas: QWidget, commands: Iterable[Command], settings: QSettings
    ) -> None:
        """Raises ValueError if two commands have one name or want the same key."""
        self.commands = tuple(commands)
        self._canvas = canvas
        self._actions: dict[str, QAction] = {}
        self._canvas_keys: list[QShortcut] = []
        groups: dict[str, QActionGroup] = {}
        for command in self.commands:
            if command.name in self._actions:
                raise ValueError(f"two commands are called {command.name}")
            action = QAction(window)
            action.setObjectName(command.name)
            action.setCheckable(command.checked is not None)
            if command.group:
                groups.setdefault(command.group, QActionGroup(window)).addAction(action)
            action.triggered.connect(lambda _=False, do=command.do: self._run(do))
            window.addAction(action)  # so that its keys work without a menu
            self._actions[command.name] = action
        self.shortcuts = Shortcuts({c.name: c.keys for c in self.commands}, settings)
        self.shortcuts.changed.connect(self._bind_keys)
        self._bind_keys()
        self.recolour()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[Command]:
        return iter(self.commands)

    def keys_shown(self, command: Command) -> tuple[str, ...]:
        """Its keys as this system writes them."""
        return tuple(shown(key) for key in self.shortcuts.keys(command.name))

    def refresh(self) -> None:
        """Asks every command anew whether it makes sense and is on, and what it is called."""
        for command in self.commands:
            action = self._actions[command.name]
            action.setEnabled(command.when is None or command.when())
            if command.checked is not None:
                action.setChecked(command.checked())
            if command.detail is not None:
                self._set_words(command)

    def recolour(self) -> None:
        """Draws the icons in the colours of the present theme."""
        for command in self.commands:
            if command.icon:
                self._actions[command.name].setIcon(icon(command.icon))

    def _run(self, do: Do) -> None:
        do()
        self.refresh()  # a click has turned a switch over whether or not the command did

    def _bind_keys(self) -> None:
        for shortcut in self._canvas_keys:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._canvas_keys = []
        for command in self.commands:
            action, keys = self._actions[command.name], self.shortcuts.keys(command.name)
            everywhere = [key for key in keys if not belongs_to_canvas(key)]
            action.setShortcuts([QKeySequence(key) for key in everywhere])
            for key in keys:
                if key not in everywhere:
                    shortcut = QShortcut(QKeySequence(key), self._canvas)
                    shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                    shortcut.activated.connect(action.trigger)
                    self._canvas_keys.append(shortcut)
            self._set_words(command)

    def _set_words(self, command: Command) -> None:
        action, keys = self._actions[command.name], self.shortcuts.keys(command.name)
        detail = command.detail() if command.detail is not None else None
        text = command.text + (f": {detail}".replace("&", "&&") if detail else "")
        # A menu shows the keys of an action by itself, but not those of the canvas.
        by_itself = not keys or any(not belongs_to_canvas(key) for key in keys)
        action.setText(text if by_itself else f"{text}\t{shown(keys[0])}")
        tip = command.help or command.title
        action.setToolTip(f"{tip} ({', '.join(map(shown, keys))})" if keys else tip)


def by_section(commands: Sequence[Command]) -> list[list[Command]]:
    """The commands in runs of one menu and section, in the order in which the sections come first."""
    sections: dict[tuple[str, str], list[Command]] = {}
    for command in commands:
        sections.setdefault((command.menu, command.section), []).append(command)
    return list(sections.values())
