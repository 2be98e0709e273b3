"""What the list of the folder shows, and a cell drawn into the open image."""

from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from model_core.annotation.folder_index import ImageEntry
from model_core.annotation.objects import Source


def known(qtbot: QtBot, window: MainWindow) -> None:
    """Waits until the folder is read and nothing more is to be done."""
    qtbot.waitUntil(lambda: window.workbench.project.index is not None)
    qtbot.waitUntil(lambda: window.workbench.project.idle)


def shown(window: MainWindow) -> list[str]:
    return [entry.name for entry in window.strip.model.shown]


def entry(window: MainWindow, name: str) -> ImageEntry:
    (found,) = [e for e in window.strip.model.all_entries if e.name == name]
    return found


def draw(window: MainWindow) -> None:
    document = window.workbench.document
    assert document is not None
    box = (slice(0, 1), slice(5, 15), slice(5, 15))
    document.edit(box, np.full((1, 10, 10), document.new_id(), np.uint32), "Draw", Source.DRAWN)
