"""What a person says of cells by a key: these are right, those are wrong, this image is finished."""

from __future__ import annotations

from collections.abc import Iterable

from cellpose_gui.canvas.canvas import Canvas
from model_core.annotation.finished import rectangle
from model_core.annotation.objects import Review
from model_core.annotation.reviewing import mark_finished, set_review

_MANY = 2000  # cells; saying something of more takes longer than a frame


class ReviewCells:
    """Each is one step of undo and says what it did."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas

    def mark(self, review: Review) -> None:
        """Says it of the selected cells."""
        if self._canvas.document is not None:
            self._mark(self._canvas.document.selected, review)

    def accept_all(self) -> None:
        """Every cell of the image but the rejected ones."""
        document = self._canvas.document
        if document is not None:
            kept = {id_ for id_, r in document.objects.items() if r.review is not Review.REJECTED}
            self._mark(kept, Review.ACCEPTED)

    def finish_image(self) -> None:
        """Marks the whole image, all planes of a stack, as finished."""
        document = self._canvas.document
        if document is None:
            return
        planes, height, width = document.labels.shape
        whole, finished = rectangle((0, planes), 0, 0, width, height), document.store.finished
        self._canvas.change(
            lambda cells, tick: mark_finished(cells, finished, whole),
            "Marking the image",
            slow=len(document.objects) > _MANY,
        )

    def _mark(self, ids: Iterable[int], review: Review) -> None:
        said_of = frozenset(ids)
        self._canvas.change(
            lambda cells, tick: set_review(cells, said_of, review),
            "Reviewing cells",
            slow=len(said_of) > _MANY,
        )
