"""Prompts about the open image, answered in workers from the fields of its last run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.tasks import work
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.annotation.patch import Box, StalePatchError

if TYPE_CHECKING:
    from model_core.segmentation.mask import Mask
    from model_core.segmentation.segmentation import Segmentation

Point = tuple[int, int, int]  # z, y, x


class Prompter(QObject):
    """Keeps the fields of the open image and asks them.

    There are fields for one image at a time: those of its last run, as long as the model that made them is
    the chosen one. When another image is opened they are dropped with all questions that wait for them.
    The first question without fields makes its own.
    """

    said = pyqtSignal(str)  # a line for the status bar

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = tasks
        self.options: Callable[[], work.Given] = dict  # those that the person gave
        self.model: Callable[[], str | None] = lambda: None  # the name of the chosen one; None: the bundled
        self._document: Document | None = None
        self._fields: Segmentation | None = None
        self._made_by: str | None = None  # the model of the fields
        self._waiting: list[Callable[[], None]] = []  # questions that came before there were fields

    def set_document(self, document: Document | None) -> None:
        """Another image is open: forget the one before."""
        for slot in ("box", "fields"):
            self.tasks.cancel(slot)
        self._document, self._fields, self._waiting = document, None, []

    @property
    def fields(self) -> Segmentation | None:
        """Those of the chosen model for the open image, None while nobody has needed any."""
        return self._fields if self._made_by == self.model() else None

    def keep(self, fields: Segmentation, model: str | None = None) -> None:
        """The fields of a run of a model over the open image, to answer from."""
        self.tasks.cancel("fields")
        self._fields, self._made_by = fields, model
        waiting, self._waiting = self._waiting, []
        for ask in waiting:
            ask()

    def object_at(self, point: Point, level: int, done: Callable[[Mask | None], None]) -> None:
        """Tells ``done`` the object at a point, ``level`` larger or smaller.

        Of questions about the same point only the last is answered. ``done`` has to see for itself whether
        its document is still open.
        """
        fields = self.fields
        if fields is None:
            self._waiting.append(lambda: self.object_at(point, level, done))
            self._find_fields()
            return
        self.tasks.run(
            "Wand", lambda progress, cancel: work.object_at(fields, point, level), done, slot=f"wand {point}"
        )

    def segment_box(self, box: Box) -> None:
        """Finds the cells in a box and puts them into the document, as one step that can be undone."""
        document, fields, options, model = self._document, self.fields, self.options(), self.model()
        if document is not None:
            self.tasks.run(
                "Finding cells in the box",
                lambda progress, cancel: work.find_in_box(
                    document, box, fields, options, progress, cancel, model
                ),
                lambda found: self._put(document, found),
                slot="box",
                cancelled=lambda: self.said.emit("Cancelled; nothing was changed."),
            )

    def _put(self, document: Document, found: work.FoundInBox) -> None:
        if found.patch is not None:
            try:
                document.apply(found.patch)
            except StalePatchError:  # edited while the model ran: fit the result around those edits
                self.tasks.run(
                    "Placing cells",
                    lambda progress, cancel: work.placed_again(document, found),
                    lambda again: self._put(document, again),
                    slot="box",
                )
                return
        self.said.emit(found.words)

    def _find_fields(self) -> None:
        """Looks at the whole image once, unless a run over it is on its way already."""
        document, options, model = self._document, self.options(), self.model()
        if document is None:
            return
        self.said.emit("The image is being looked at, once; the cell appears as soon as that is done.")
        if self.tasks.current("segment") is None and self.tasks.current("fields") is None:
            self.tasks.run(
                "Looking at the image",
                lambda progress, cancel: work.find_fields(document, options, progress, cancel, model),
                lambda fields: self.keep(fields, model),
                slot="fields",
                cancelled=self._forget_questions,
            )

    def _forget_questions(self) -> None:
        self._waiting = []
        self.said.emit("Cancelled; nothing was changed.")
