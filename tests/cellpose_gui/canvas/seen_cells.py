"""Three discs whose fields are known, for the tools that ask the model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pytestqt.qtbot import QtBot

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from tests.cellpose_gui.canvas.hand import Hand
from tests.model_core.drawings import balls

CELLS = balls((60, 80), [(20, 20), (20, 38), (42, 60)], 9)
NOTHING = np.zeros_like(CELLS)
Shown = tuple[Canvas, Document, Hand]
Ask = Callable[..., Shown]


def settle(qtbot: QtBot, canvas: Canvas) -> None:
    """Waits until nothing is on its way."""
    assert canvas.prompts is not None
    tasks = canvas.prompts.tasks
    qtbot.waitUntil(
        lambda: not tasks.busy and not tasks._current and not canvas.working, timeout=30_000
    )  # the first time the engine is imported


def like(document: Document, id_: int, number: int) -> float:
    """The overlap of a cell of the document with one of `CELLS`."""
    mine, true = document.labels[0] == id_, number == CELLS
    return float((mine & true).sum() / (mine | true).sum())
