"""Canvases to test on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPointF
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from cellpose_gui.tasks.prompter import Prompter
from cellpose_gui.tasks.task_runner import TaskRunner
from tests.cellpose_gui.canvas.hand import Hand, make_document
from tests.cellpose_gui.canvas.seen_cells import CELLS, Ask, Shown
from tests.model_core.segmentation.fields import fields_of


@pytest.fixture
def show(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[..., tuple[Canvas, Document, Hand]]]:
    """Shows labels on a canvas of 800 x 600, ten screen pixels an image pixel unless told."""

    opened: list[Document] = []

    def show_document(
        labels: np.ndarray, pixels: np.ndarray | None = None, scale: float = 10
    ) -> tuple[Canvas, Document, Hand]:
        canvas, document = Canvas(), make_document(tmp_path, labels, pixels)
        opened.append(document)
        qtbot.addWidget(canvas)
        canvas.resize(800, 600)
        canvas.show()
        canvas.set_document(document)
        qtbot.waitExposed(canvas)
        canvas.view.place(scale, QPointF(0, 0), QPointF(0, 0))
        QApplication.processEvents()
        return canvas, document, Hand(canvas)

    yield show_document
    for document in opened:
        document.close()


@pytest.fixture
def ask(show: Callable[..., Shown], qtbot: QtBot) -> Iterator[Ask]:
    """A canvas over these labels and pixels, with the fields of `CELLS` unless told."""
    runners: list[TaskRunner] = []

    def with_fields(tool: str, labels: np.ndarray, fields: bool = True) -> Shown:
        picture, planes = (CELLS > 0).astype(np.uint8) * 200, 1 if labels.ndim == 2 else len(labels)
        canvas, document, hand = show(labels, np.stack([picture] * planes)[None])
        tasks = TaskRunner()
        runners.append(tasks)
        canvas.prompts = Prompter(tasks)
        canvas.prompts.said.connect(canvas.said)
        canvas.prompts.set_document(document)
        if fields:
            canvas.prompts.keep(fields_of(CELLS, 18))
        canvas.set_tool(tool)
        return canvas, document, hand

    yield with_fields
    for tasks in runners:
        assert tasks.stop_all()
