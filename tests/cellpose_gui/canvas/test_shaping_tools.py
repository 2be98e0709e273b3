"""Polygon, edit outline and fill, driven by mouse and keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from tests.cellpose_gui.canvas.hand import CTRL, counts, lock, two_cells

SQUARE = (20, 30), (40, 30), (40, 50), (20, 50)


@pytest.fixture
def sayings(show):
    """Shows labels and collects what is said."""

    def show_and_listen(labels):
        canvas, document, hand = show(labels)
        said: list[str] = []
        canvas.said.connect(said.append)
        return canvas, document, hand, said

    return show_and_listen


def key(canvas, name: str) -> None:
    QTest.keyClick(canvas.view, getattr(Qt.Key, f"Key_{name}"))


@pytest.mark.parametrize("how", ["Return", "Enter", "double click", "first corner"])
def test_polygon_is_closed_and_filled(sayings, how):
    canvas, document, hand, said = sayings(two_cells())
    canvas.set_tool("polygon")
    for place in SQUARE[:3]:
        hand.click(*place)
    if how == "double click":
        hand.double_click(*SQUARE[3])
    else:
        hand.click(*SQUARE[3])
        hand.click(*SQUARE[0]) if how == "first corner" else key(canvas, how)
    assert counts(document) == {1: 100, 2: 100, 3: 400}
    assert said[-1] == "Cell 3 drawn" and document.undo_text == "Polygon cell 3"


def test_corners_can_be_dragged_and_taken_back_before_closing(sayings):
    canvas, document, hand, _said = sayings(two_cells())
    canvas.set_tool("polygon")
    hand.click(20, 30)
    hand.click(40, 30)
    hand.click(50, 55)
    key(canvas, "Backspace")
    hand.click(40, 45)
    hand.click(20, 50)
    hand.drag((40, 45), (40, 48), (40, 50))
    key(canvas, "Return")
    assert counts(document)[3] == 400


def test_escape_gives_a_polygon_up_and_backspace_the_only_corner(sayings):
    canvas, document, hand, _said = sayings(two_cells())
    canvas.set_tool("polygon")
    for place in SQUARE:
        hand.click(*place)
    key(canvas, "Escape")
    key(canvas, "Return")
    hand.click(30, 30)
    key(canvas, "Backspace")
    assert canvas.cancel() is False
    assert counts(document) == {1: 100, 2: 100}


def test_a_polygon_of_two_corners_is_refused_and_stays_open(sayings):
    canvas, document, hand, said = sayings(two_cells())
    canvas.set_tool("polygon")
    hand.click(20, 30)
    hand.click(40, 30)
    key(canvas, "Return")
    assert "three corners" in said[-1] and counts(document) == {1: 100, 2: 100}
    hand.click(40, 50)
    key(canvas, "Return")
    assert 3 in counts(document)


def test_a_polygon_that_crosses_itself_is_filled_and_told(sayings):
    canvas, document, hand, said = sayings(np.zeros((60, 80)))
    canvas.set_tool("polygon")
    for place in ((10, 10), (50, 40), (50, 10), (10, 20)):
        hand.click(*place)
    key(canvas, "Return")
    assert counts(document) == {1: pytest.approx(500, abs=10)}
    assert "cross" in said[-1]


def test_a_polygon_may_leave_the_image_but_not_lie_outside(sayings):
    canvas, document, hand, said = sayings(np.zeros((30, 40)))
    canvas.set_tool("polygon")
    for place in ((30, 20), (70, 20), (70, 55), (30, 55)):
        hand.click(*place)
    key(canvas, "Return")
    assert counts(document) == {1: 100}
    for place in ((50, 40), (70, 40), (60, 50)):
        hand.click(*place)
    key(canvas, "Return")
    assert "no pixel of the image" in said[-1] and counts(document) == {1: 100}


def test_ctrl_at_the_first_corner_draws_over_neighbours_but_not_locked_ones(sayings):
    canvas, document, hand, _said = sayings(two_cells())
    lock(document, 2)
    canvas.set_tool("polygon")
    hand.click(5, 5, CTRL)
    for place in ((45, 5), (45, 15), (5, 15)):
        hand.click(*place)
    key(canvas, "Return")
    assert counts(document)[2] == 100 and counts(document)[1] == 50


def test_polygon_on_cells_only_draws_nothing_and_says_why(sayings):
    canvas, document, hand, said = sayings(two_cells())
    canvas.set_tool("polygon")
    for place in ((12, 12), (18, 12), (18, 18)):
        hand.click(*place)
    key(canvas, "Return")
    assert "other cells are here" in said[-1] and document.undo_text == "Start"


def test_a_corner_of_the_outline_is_dragged(sayings):
    canvas, document, hand, _said = sayings(two_cells())
    canvas.set_tool("reshape")
    hand.click(15, 15)
    assert document.selected == {1}
    hand.drag((20, 20), (22, 25), (25, 30))
    assert document.labels[0, 26, 23] == 1 and counts(document)[1] > 130
    assert document.undo_text == "Edit outline of cell 1"
    document.undo()
    np.testing.assert_array_equal(document.labels[0], two_cells())


def test_a_press_on_a_side_makes_a_corner_and_backspace_removes_it(sayings):
    canvas, document, hand, _said = sayings(two_cells())
    canvas.set_tool("reshape")
    hand.click(15, 15)
    hand.drag((15, 20), (15, 24), (15, 28))
    assert document.labels[0, 25, 15] == 1 and document.labels[0, 25, 11] == 0
    hand.move(15, 28)
    key(canvas, "Backspace")
    assert document.labels[0, 25, 15] == 0
    assert counts(document)[1] == pytest.approx(100, abs=8)
    assert len(document.store.history.steps) == 3


def test_escape_puts_a_dragged_corner_back(sayings):
    canvas, document, hand, _said = sayings(two_cells())
    canvas.set_tool("reshape")
    hand.click(15, 15)
    hand.press(20, 20)
    hand.move(30, 40)
    key(canvas, "Escape")
    hand.release(30, 40)
    assert document.undo_text == "Start"
    hand.drag((20, 20), (25, 30))
    assert document.undo_text == "Edit outline of cell 1"


def test_outlines_of_locked_cells_have_no_corners(sayings):
    canvas, document, hand, said = sayings(two_cells())
    lock(document, 1)
    canvas.set_tool("reshape")
    hand.click(15, 15)
    assert said[-1] == "Cell 1 is locked"
    hand.drag((20, 20), (25, 30))
    assert document.undo_text == "Lock"


def test_undo_while_corners_are_shown_shows_those_of_the_old_shape(sayings):
    canvas, document, hand, _said = sayings(two_cells())
    canvas.set_tool("reshape")
    hand.click(15, 15)
    hand.drag((20, 20), (25, 30))
    document.undo()
    hand.drag((20, 20), (25, 25))
    assert document.undo_text == "Edit outline of cell 1"


def test_fill_closes_a_hole_and_refuses_open_background(sayings):
    labels = two_cells()
    labels[13:17, 13:17] = 0
    canvas, document, hand, said = sayings(labels)
    canvas.set_tool("fill")
    hand.click(15, 15)
    assert counts(document)[1] == 100 and document.undo_text == "Fill hole of cell 1"
    hand.double_click(50, 50)
    assert "edge of the image" in said[-1]


@pytest.mark.parametrize("tool", ["polygon", "reshape", "split", "lasso", "outline", "brush"])
def test_choosing_another_tool_or_plane_drops_what_was_begun(sayings, tool):
    canvas, document, hand, _said = sayings(np.stack([two_cells(), two_cells()]))
    for leave in (lambda: canvas.set_tool("select"), lambda: setattr(canvas, "plane", 1)):
        canvas.set_tool(tool)
        canvas.plane = 0
        hand.press(50, 40)
        hand.move(60, 50)
        leave()
        hand.release(60, 50)
        assert not canvas.cancel()
    assert document.undo_text == "Start"
