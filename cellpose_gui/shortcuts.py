"""Which key does what: the default of a command, or what the person chose. No key does two things."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtCore import QObject, QSettings, Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence

Keys = tuple[str, ...]

_GROUP = "shortcuts"
_FIXED = {
    "Esc": "ends what is being done",
    "Space": "moves the image while it is held",
    "Tab": "goes to the next control",
    "Shift+Tab": "goes to the control before",
    "Return": "presses the control that has the keyboard",
    "Enter": "presses the control that has the keyboard",
}
_MOVING = (
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
    Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Plus,
    Qt.Key.Key_Minus,
)  # fmt: skip


class KeyTakenError(ValueError):
    """Another command has this key, or nobody may have it."""


class Shortcuts(QObject):
    """The keys of all commands by name. Chosen ones are kept in the settings; defaults are not."""

    changed = pyqtSignal()

    def __init__(self, defaults: Mapping[str, Keys], settings: QSettings) -> None:
        """`defaults`: keys by name, as in "Ctrl+Shift+Z". Raises ValueError if two commands share one."""
        super().__init__()
        self._settings = settings
        self._defaults = {name: tuple(map(portable, keys)) for name, keys in defaults.items()}
        taken: dict[str, str] = {}
        for name, keys in self._defaults.items():
            for key in keys:
                if not key or key in taken:
                    raise ValueError(f"the key {key} is wanted by {taken.get(key)} and {name}")
                taken[key] = name
        self._keys = self._with_stored()

    def keys(self, name: str) -> Keys:
        """The keys of a command in portable text; the first one is shown."""
        return self._keys[name]

    def owner(self, key: str) -> str | None:
        """The command that has this key."""
        key = portable(key)
        return next((name for name, keys in self._keys.items() if key in keys), None)

    def is_default(self, name: str) -> bool:
        return self._keys[name] == self._defaults[name]

    def assign(self, name: str, keys: Keys, take: bool = False) -> None:
        """Give a command these keys and no others.

        Raises KeyTakenError for a key of another command, unless `take`: then that one loses it.
        """
        keys = tuple(dict.fromkeys(portable(key) for key in keys if key))
        for key in keys:
            if (why := why_fixed(key)) is not None:
                raise KeyTakenError(why)
            owner = self.owner(key)
            if owner not in (None, name) and not take:
                raise KeyTakenError(f"{shown(key)} belongs to another command.")
        for other, has in self._keys.items():
            self._keys[other] = keys if other == name else tuple(key for key in has if key not in keys)
        self._store()

    def reset(self, name: str) -> None:
        """The default keys of a command, taken back from whoever has them now."""
        self.assign(name, self._defaults[name], take=True)

    def reset_all(self) -> None:
        self._keys = dict(self._defaults)
        self._store()

    def _with_stored(self) -> dict[str, Keys]:
        """What was chosen comes first; defaults fill in, where a new version has not given a key anew."""
        chosen: dict[str, Keys] = {}
        taken: set[str] = set()
        for name in self._defaults:
            stored = self._settings.value(f"{_GROUP}/{name}")
            if stored is not None:
                wanted = [portable(str(key)) for key in (stored if isinstance(stored, list) else [stored])]
                keys = (key for key in wanted if key and key not in taken and why_fixed(key) is None)
                chosen[name] = tuple(dict.fromkeys(keys))
                taken.update(chosen[name])
        return {
            name: chosen.get(name, tuple(key for key in keys if key not in taken))
            for name, keys in self._defaults.items()
        }

    def _store(self) -> None:
        self._settings.remove(_GROUP)
        for name, keys in self._keys.items():
            if not self.is_default(name):
                self._settings.setValue(f"{_GROUP}/{name}", list(keys))
        self.changed.emit()


def portable(key: str) -> str:
    """The one way to write a key that all systems share; "" for what is no key."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def shown(key: str) -> str:
    """A key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def why_fixed(key: str) -> str | None:
    """Why nobody can have a key, None if everybody can."""
    meaning = _FIXED.get(portable(key))
    return None if meaning is None else f"{shown(key)} always {meaning}."


def belongs_to_canvas(key: str) -> bool:
    """Keys that move through lists and sliders do something else only while the canvas has the keyboard."""
    combination = QKeySequence(key)[0]
    return (
        combination.key() in _MOVING
        and combination.keyboardModifiers() & ~Qt.KeyboardModifier.ShiftModifier
        == Qt.KeyboardModifier.NoModifier
    )
