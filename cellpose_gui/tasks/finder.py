"""Finds the cells of the open image in workers, and puts them into its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.tasks import work
from cellpose_gui.tasks.prompter import Prompter
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.annotation.candidates import SETTING
from model_core.annotation.cells_summary import RUN_SETTING
from model_core.annotation.patch import StalePatchError
from model_core.images.image import Image

if TYPE_CHECKING:
    from model_core.segmentation.segmentation import Segmentation


class Finder(QObject):
    """Runs models over the open image; each result is one step that can be undone."""

    said = pyqtSignal(str)  # a line for the status bar
    outcome = pyqtSignal(str)  # what the last run found

    def __init__(self, tasks: TaskRunner, prompts: Prompter, parent: QObject | None = None) -> None:
        """``prompts`` gets the fields of every run."""
        super().__init__(parent)
        self._tasks = tasks
        self._prompts = prompts
        self._document: Document | None = None

    def set_document(self, document: Document | None) -> None:
        """Another image is open: stop what is done for the one before."""
        for slot in ("segment", "adjust", "left out"):
            self._tasks.cancel(slot)
        self._document = document

    def segment(self, options: work.Given | None = None, model: str | None = None) -> None:
        """Runs a model on the open image (None: the bundled one)."""
        document = self._document
        if document is None:
            return
        if self._tasks.current("segment") is not None:
            self.said.emit("The cells are being looked for already. “Cancel” stops that.")
            return
        self._tasks.run(
            "Finding cells",
            lambda progress, cancel: work.find_cells(document, options or {}, progress, cancel, model),
            lambda found: self._put(document, found, model),
            slot="segment",
            cancelled=lambda: self.said.emit("Cancelled; nothing was changed."),
        )

    def cancel(self) -> None:
        """Stops the run; the labels stay as they are."""
        if (task := self._tasks.current("segment")) is not None:
            task.cancel()

    def adjust(self, options: work.Given) -> None:
        """Other thresholds for what the last run found."""
        document, fields, model = self._document, self._prompts.fields, self._prompts.model()
        if document is None:
            return
        if fields is None:
            self.said.emit("Segment (S) finds the cells in this way.")
            return
        self._tasks.run(
            "Adjusting",
            lambda progress, cancel: work.adjust(document, fields, options, cancel, model),
            lambda found: self._put(document, found, model),
            slot="adjust",
        )

    def put(self, document: Document, result: Segmentation, model: str | None) -> None:
        """Puts what a model found into the open document, around all that is protected."""
        self._tasks.run(
            "Placing cells",
            lambda progress, cancel: work.Found(result, work.make_model_patch(document.store, result)),
            lambda found: self._put(document, found, model),
            slot="segment",
        )

    def _put(self, document: Document, found: work.Found, model: str | None) -> None:
        if document is not self._document:
            return
        if found.patch is not None:
            try:
                document.apply(found.patch)
            except StalePatchError:  # edited while the model ran: fit the result around those edits
                self.put(document, found.segmentation, model)
                return
        document.set_setting(RUN_SETTING, work.record_of(found.segmentation))
        self._prompts.keep(found.segmentation, model)
        self._tasks.run(
            "Looking for missed cells",
            lambda progress, cancel: work.find_left_out(found.segmentation, cancel),
            lambda setting: document.set_setting(SETTING, setting),
            slot="left out",
        )
        self.outcome.emit(work.outcome_in_words(found.segmentation, cast(Image, document.image)))
