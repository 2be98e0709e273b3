"""What was opened last, kept from one start to the next."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSettings

_KEY = "recent"
_KEPT = 8


class Recent:
    """Images and folders, the last one first."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def add(self, path: Path) -> None:
        """Remembers a path as the last one opened."""
        kept = [str(path)] + [text for text in self._texts() if text != str(path)]
        self._settings.setValue(_KEY, kept[:_KEPT])

    def paths(self) -> list[Path]:
        """Those that still exist."""
        return [path for path in map(Path, self._texts()) if path.exists()]

    def _texts(self) -> list[str]:
        stored = self._settings.value(_KEY)
        if isinstance(stored, str):  # a list of one comes back as its only element
            return [stored]
        return [text for text in stored or [] if isinstance(text, str)]
