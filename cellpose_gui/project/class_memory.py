"""The classes that were last used for the images of a folder."""

from __future__ import annotations

import json
from pathlib import Path

from PyQt6.QtCore import QSettings

from model_core.annotation.classes import Classes, from_setting, to_setting

_KEY = "classes"
_MOST_FOLDERS = 200


class ClassMemory:
    """Kept in the person's settings; the folder that was used longest ago is forgotten first."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def classes_of(self, folder: Path) -> Classes:
        return from_setting(self._stored().get(str(folder)))

    def remember(self, folder: Path, classes: Classes) -> None:
        stored = self._stored()
        stored.pop(str(folder), None)
        stored[str(folder)] = to_setting(classes)
        self._settings.setValue(_KEY, json.dumps(dict(list(stored.items())[-_MOST_FOLDERS:])))

    def _stored(self) -> dict[str, object]:
        try:
            stored = json.loads(str(self._settings.value(_KEY, "{}")))
        except ValueError:  # settings that somebody edited
            return {}
        return stored if isinstance(stored, dict) else {}
