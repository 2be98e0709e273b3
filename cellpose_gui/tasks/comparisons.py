"""Other labels beside those of the open image: an earlier state, a model's, a file's; found in workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.tasks import comparing
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.annotation.jump import labels_at
from model_core.annotation.model_patch import MODEL_STEP
from model_core.images.image import Image
from model_core.models.registry import DEFAULT


class Comparisons(QObject):
    """One comparison at a time; the cells of the document stay as they are."""

    ready = pyqtSignal(object)  # labels (Z, Y, X) to compare with; None: there are none
    said = pyqtSignal(str)  # a line for the status bar

    def __init__(
        self, tasks: TaskRunner, document: Callable[[], Document | None], parent: QObject | None = None
    ) -> None:
        """`document` gives the one that is open."""
        super().__init__(parent)
        self._tasks, self._document = tasks, document

    def with_previous(self) -> None:
        """Shows the state before the last run; if there was only one run, what that has found."""
        document = self._document()
        if document is None:
            return
        history = document.store.history
        texts = [step.text for step in history.steps[: history.position]]
        runs = [at for at, text in enumerate(texts) if text.startswith(MODEL_STEP)]
        if not runs:
            self.said.emit("There is no result to compare with: the model has not run on this image yet.")
            self.ready.emit(None)
            return
        self.with_step(runs[-1] if len(runs) > 1 else runs[-1] + 1)

    def with_step(self, position: int) -> None:
        """Shows the outlines of the state after so many steps, beside the present ones."""
        document = self._document()
        if document is None:
            return
        history = document.store.history
        after = f"after “{history.steps[position - 1].text}”" if position else "at the very beginning"
        self._find(
            document,
            "Looking back",
            lambda progress, cancel: labels_at(document.labels, history, position, cancel),
            f"White dashed outlines: the cells {after}",
        )

    def with_model(self, model: str) -> None:
        """Shows what a model finds beside the present cells."""
        document = self._document()
        if document is None:
            return
        name, image = None if model == DEFAULT else model, cast(Image, document.image)
        self._find(
            document,
            "Finding cells to compare",
            lambda progress, cancel: comparing.labels_of_model(image, name, progress, cancel),
            f"White dashed outlines: what the model “{model}” finds",
        )

    def with_file(self, path: Path) -> None:
        """Shows the labels of a file, or of another person's document, beside the present cells."""
        document = self._document()
        if document is None:
            return
        image = cast(Image, document.image)
        self._find(
            document,
            f"Reading {path.name}",
            lambda progress, cancel: comparing.labels_of_file(path, image),
            f"White dashed outlines: the cells in {path.name}",
        )

    def _find(
        self, document: Document, title: str, find: Callable[[Progress, Cancel], np.ndarray], said: str
    ) -> None:
        def ready(labels: np.ndarray) -> None:
            if document is self._document():
                self.ready.emit(labels)
                self.said.emit(said)

        self._tasks.run(title, find, ready, slot="compare")
