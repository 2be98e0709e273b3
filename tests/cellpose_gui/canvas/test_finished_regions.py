"""Finished regions drawn on the canvas, and the marks of cells that were reviewed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.review_cells import ReviewCells
from cellpose_gui.document.document import Document
from model_core.annotation.finished import finished_mask
from model_core.annotation.objects import Review
from tests.cellpose_gui.canvas.hand import ALT, Hand, two_cells

Show = Callable[..., tuple[Canvas, Document, Hand]]
CROSS = [(25.0, 25.0), (45.0, 25.0), (45.0, 45.0), (25.0, 45.0), (25.0, 25.0)]


def mask(document: Document) -> np.ndarray:
    return finished_mask(document.store.finished, document.labels.shape)[0]


def picture(canvas: Canvas) -> np.ndarray:
    grabbed = canvas.view.viewport().grab().toImage()
    bits = grabbed.constBits()
    assert bits is not None
    return np.frombuffer(bits.asstring(grabbed.sizeInBytes()), np.uint8).copy()


def test_a_dragged_box_is_finished_and_a_click_takes_it_back(show: Show) -> None:
    canvas, document, hand = show(two_cells())
    canvas.set_tool("finished")
    before = picture(canvas)
    hand.drag((5, 5), (25, 30))
    expected = np.zeros((60, 80), bool)
    expected[5:30, 5:25] = True
    np.testing.assert_array_equal(mask(document), expected)
    assert document.objects[1].review is Review.ACCEPTED
    assert document.objects[2].review is Review.UNREVIEWED
    assert not np.array_equal(picture(canvas), before)
    hand.click(50, 50)
    assert mask(document).any(), "a click elsewhere takes nothing back"
    hand.click(22, 22)
    assert not mask(document).any()
    document.undo()
    document.undo()
    assert not mask(document).any() and document.objects[1].review is Review.UNREVIEWED
    np.testing.assert_array_equal(picture(canvas), before)


def test_alt_draws_a_line_that_may_leave_the_image(show: Show) -> None:
    canvas, document, hand = show(two_cells())
    canvas.set_tool("finished")
    hand.drag(*CROSS, keys=ALT)
    assert mask(document)[26:44, 26:44].all() and mask(document).sum() <= 21**2
    hand.drag((70, 50), (79.5, 59.5))
    assert mask(document)[51:59, 71:79].all()
    canvas.set_tool("finished")
    steps = len(document.store.history.steps)
    hand.drag((3, 3), (5, 4))
    assert len(document.store.history.steps) == steps, "too small to be meant"


def test_marks_can_be_hidden(show: Show) -> None:
    canvas, document, _ = show(two_cells())
    plain = picture(canvas)
    cells = ReviewCells(canvas)
    document.select([1])
    cells.mark(Review.ACCEPTED)
    document.select([2])
    cells.mark(Review.REJECTED)
    cells.finish_image()
    document.select(())
    assert mask(document).all()
    assert not np.array_equal(picture(canvas), plain)
    canvas.guides.review = False
    np.testing.assert_array_equal(picture(canvas), plain)
    canvas.guides.review = True
    canvas.guides.numbers = True
    assert not np.array_equal(picture(canvas), plain)


@pytest.mark.parametrize("planes", [1, 3])
def test_the_whole_image_is_finished_in_all_planes(show: Show, planes: int) -> None:
    canvas, document, _ = show(np.stack([two_cells()] * planes))
    ReviewCells(canvas).finish_image()
    assert finished_mask(document.store.finished, document.labels.shape).all()
    assert {record.review for record in document.objects.values()} == {Review.ACCEPTED}


def test_a_region_is_in_one_plane(show: Show) -> None:
    canvas, document, hand = show(np.stack([two_cells()] * 2))
    canvas.plane = 1
    canvas.set_tool("finished")
    hand.drag((5, 5), (25, 30))
    whole = finished_mask(document.store.finished, document.labels.shape)
    assert whole[1].any() and not whole[0].any()
    canvas.plane = 0
    hand.click(10, 22)
    assert finished_mask(document.store.finished, document.labels.shape).any()
