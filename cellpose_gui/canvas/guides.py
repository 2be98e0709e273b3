"""What helps to read the image: numbers of cells, what was reviewed, a second outline, scale bar, minimap."""

from __future__ import annotations

from functools import partial

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QColor

from cellpose_gui.canvas.comparison_item import ComparisonItem
from cellpose_gui.canvas.finished_item import FinishedItem
from cellpose_gui.canvas.image_item import ImageItem
from cellpose_gui.canvas.minimap import Minimap
from cellpose_gui.canvas.object_numbers import ObjectNumbers
from cellpose_gui.canvas.scale_bar import ScaleBar
from cellpose_gui.canvas.view import CanvasView
from cellpose_gui.document.document import Document
from model_core.annotation.objects import ObjectRecord, Review
from model_core.annotation.patch import Patch

_REVIEWS = (
    (Review.ACCEPTED, "\N{CHECK MARK}", QColor(70, 235, 140)),
    (Review.REJECTED, "\N{MULTIPLICATION X}", QColor(255, 110, 95)),
)
_MANY = 2000  # records of a patch, from which on numbers and marks are placed anew by a worker


def _is(review: Review, record: ObjectRecord) -> bool:
    return record.review is review


class Guides(QObject):
    """Lies over image and labels and changes neither; each can be switched on and off."""

    changed = pyqtSignal()  # one was switched

    def __init__(self, view: CanvasView, image: ImageItem) -> None:
        super().__init__(view)
        self._view = view
        self._document: Document | None = None
        self._comparison, self._numbers = ComparisonItem(), ObjectNumbers()
        self._finished = FinishedItem()
        self._reviews = [
            ObjectNumbers(partial(_is, review), mark, colour) for review, mark, colour in _REVIEWS
        ]
        view.add(self._finished)
        view.add(self._comparison)
        for marks in (*self._reviews, self._numbers):
            view.add(marks)
        self.review = True
        self._scale_bar = ScaleBar(view)
        self._minimap = Minimap(view, image.picture)
        self._minimap.moved_to.connect(view.centre_on)
        image.looks_changed.connect(self._minimap.refresh)
        view.view_changed.connect(self._follow_view)

    def set_document(self, document: Document | None) -> None:
        self.show_comparison(None)
        self._document = document
        if document is None:
            for item in (self._numbers, *self._reviews):
                item.set_objects({}, 0, 0)
            self._finished.set_regions(())
            self._scale_bar.set_pixel_size(None)
            self._minimap.set_image_size(0, 0)
            return
        size = document.labels.shape[1:]
        for item in (self._numbers, *self._reviews):
            item.set_objects(document.objects.snapshot(), *size)
        self._finished.set_extent(*size)
        self._finished.set_plane(0)
        self._finished.set_regions(document.store.finished)
        self._scale_bar.set_pixel_size(getattr(document.image, "pixel_size", None))
        self._minimap.set_image_size(*size)

    def set_plane(self, plane: int) -> None:
        for item in (self._numbers, *self._reviews):
            item.set_plane(plane)
        self._finished.set_plane(plane)
        self._comparison.set_plane(plane)
        self._minimap.refresh()

    def set_hidden(self, ids: frozenset[int]) -> None:
        for item in (self._numbers, *self._reviews):
            item.set_hidden(ids)

    def apply(self, patch: Patch) -> None:
        """Take over what a patch has changed."""
        items = (self._numbers, *self._reviews)
        if len(patch.records) > _MANY and self._document is not None:
            objects = self._document.objects.snapshot()
            for item in items:
                item.replace_objects(objects)
        else:
            for item in items:
                item.apply(patch)
        if patch.finished is not None:
            self._finished.set_regions(patch.finished[1])

    @property
    def numbers(self) -> bool:
        """Whether every cell that is large enough on screen has its number written on it."""
        return self._numbers.isVisible()

    @numbers.setter
    def numbers(self, shown: bool) -> None:
        self._numbers.show_numbers(shown)
        for item in self._reviews:  # below the number
            item.lines = 1.0 if shown else 0.0
            item.update()
        self.changed.emit()

    @property
    def review(self) -> bool:
        """Whether accepted and rejected cells have a mark on them, and finished regions are hatched."""
        return self._finished.isVisible()

    @review.setter
    def review(self, shown: bool) -> None:
        self._finished.setVisible(shown)
        for item in self._reviews:
            item.show_numbers(shown)
        self.changed.emit()

    @property
    def comparison(self) -> bool:
        """Whether a second outline is shown."""
        return self._comparison.shown

    def show_comparison(self, labels: np.ndarray | None) -> None:
        """Draw the outlines of other labels (Z, Y, X) over the present ones; None takes them away."""
        self._comparison.set_labels(labels)
        self.changed.emit()

    @property
    def scale_bar(self) -> bool:
        """Whether there is a scale bar wherever the pixel size is known."""
        return self._scale_bar.wanted

    @scale_bar.setter
    def scale_bar(self, shown: bool) -> None:
        self._scale_bar.wanted = shown
        self.changed.emit()

    @property
    def minimap(self) -> bool:
        """Whether there is a minimap while some of the image is out of view."""
        return self._minimap.wanted

    @minimap.setter
    def minimap(self, shown: bool) -> None:
        self._minimap.wanted = shown
        self.changed.emit()

    def _follow_view(self) -> None:
        self._scale_bar.follow(self._view.scale_factor)
        self._minimap.follow(self._view.box.viewRect())
