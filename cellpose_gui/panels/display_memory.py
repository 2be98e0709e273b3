"""How images were shown the last time: kept with the document of each, and here for images without one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from PyQt6.QtCore import QObject, QSettings, QTimer

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.display_settings import SETTING, Display, from_setting, to_setting
from cellpose_gui.canvas.palettes import PALETTES
from cellpose_gui.document.document import Document

_KEY = "display"
_OVERLAY = "overlay"
_MOST_IMAGES = 200
_REST = 400  # ms without a change after which it is kept: a slider that is dragged changes all the time


class DisplayMemory(QObject):
    """Remembers what is changed on a canvas, image by image, and how cells are drawn on all of them."""

    def __init__(self, canvas: Canvas, settings: QSettings) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._settings = settings
        self._changed: dict[str, object] = {}  # by image, since the settings were last written
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self.keep)
        self._restore_overlay()
        canvas.channels_changed.connect(self._channels_changed)
        canvas.overlay_changed.connect(self._rest.start)

    def display_of(self, document: Document) -> Display | None:
        """How an image was shown the last time; None for one that is new or has other channels now."""
        path = str(document.image.path)
        setting = self._changed.get(path) or self._read(_KEY).get(path) or document.settings.get(SETTING)
        return from_setting(setting, document.image.shape[0])

    def keep(self) -> None:
        """Write now what has changed."""
        self._rest.stop()
        self._settings.setValue(_OVERLAY, json.dumps(asdict(self._canvas.overlay)))
        document = self._canvas.document
        stored = self._read(_KEY)
        for path, setting in self._changed.items():
            stored.pop(path, None)
            in_file = False
            if document is not None and not document.closed and str(document.image.path) == path:
                document.set_setting(SETTING, setting)
                in_file = bool(document.store.history.steps)
            if not in_file:
                stored[path] = setting
        self._changed.clear()
        self._settings.setValue(_KEY, json.dumps(dict(list(stored.items())[-_MOST_IMAGES:])))

    def _channels_changed(self) -> None:
        if (document := self._canvas.document) is not None:
            display = Display(self._canvas.channels, self._canvas.image_style)
            self._changed[str(document.image.path)] = to_setting(display)
            self._rest.start()

    def _restore_overlay(self) -> None:
        stored = self._read(_OVERLAY)
        style = self._canvas.overlay
        fill, outline = stored.get("fill_opacity"), stored.get("outline_opacity")
        if isinstance(fill, float) and isinstance(outline, float) and 0 <= fill <= 1 and 0 <= outline <= 1:
            style = replace(style, fill_opacity=fill, outline_opacity=outline)
        if isinstance(stored.get("outlines"), bool):
            style = replace(style, outlines=stored["outlines"])
        if stored.get("palette") in PALETTES:
            style = replace(style, palette=stored["palette"])
        self._canvas.overlay = style

    def _read(self, key: str) -> dict[str, Any]:
        try:
            stored = json.loads(str(self._settings.value(key, "{}")))
        except ValueError:  # settings that somebody edited
            return {}
        return stored if isinstance(stored, dict) else {}
