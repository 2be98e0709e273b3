"""Selecting, deleting, outlining and panning, driven by the mouse."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QPainterPath
from PyQt6.QtTest import QTest

from cellpose_gui.canvas.tools.outlining import filled
from tests.cellpose_gui.canvas.hand import ALT, CTRL, LEFT, NO_KEYS, SHIFT, counts, lock, two_cells


def test_click_selects_and_shift_adds_and_takes_away(show):
    _canvas, document, hand = show(two_cells())
    hand.click(15, 15)
    assert document.selected == {1}
    hand.click(35, 15, SHIFT)
    assert document.selected == {1, 2}
    hand.click(15, 15, SHIFT)
    assert document.selected == {2}
    hand.click(50, 50)
    assert document.selected == frozenset()


def test_box_selects_cells_whose_centre_lies_inside(show):
    _canvas, document, hand = show(two_cells())
    hand.drag((38, 25), (20, 20), (5, 5))
    assert document.selected == {1, 2}
    hand.drag((5, 5), (34, 25))
    assert document.selected == {1}
    hand.drag((28, 5), (42, 25), keys=SHIFT)
    assert document.selected == {1, 2}


def test_box_selects_in_the_shown_plane_only(show):
    labels = np.zeros((2, 60, 80), np.uint32)
    labels[0, 10:20, 10:20], labels[1, 10:20, 30:40] = 1, 2
    canvas, document, hand = show(labels)
    canvas.plane = 1
    hand.drag((1, 1), (60, 50))
    assert document.selected == {2}


def test_escape_forgets_the_box_then_the_selection(show):
    canvas, document, hand = show(two_cells())
    hand.click(15, 15)
    hand.press(25, 5)
    hand.move(45, 25)
    QTest.keyClick(canvas.view, Qt.Key.Key_Escape)
    hand.release(45, 25)
    assert document.selected == {1}
    QTest.keyClick(canvas.view, Qt.Key.Key_Escape)
    assert document.selected == frozenset()


def test_ctrl_click_deletes_the_cell(show):
    _canvas, document, hand = show(two_cells())
    hand.click(15, 15, CTRL)
    assert counts(document) == {2: 100}
    assert 1 not in document.objects
    document.undo()
    assert counts(document) == {1: 100, 2: 100}


def test_the_selection_is_deleted_in_all_planes_in_one_step(show):
    labels = np.stack([two_cells(), two_cells()])
    labels[1, 50, 50] = 3
    canvas, document, _hand = show(labels)
    document.select([1, 2])
    canvas.delete_selected()
    assert counts(document) == {3: 1}
    document.undo()
    assert counts(document) == {1: 200, 2: 200, 3: 1}


def test_delete_tool_deletes_by_click_box_and_lasso(show):
    canvas, document, hand = show(two_cells())
    canvas.set_tool("delete")
    hand.click(50, 50)
    assert document.undo_text == "Start"
    hand.click(35, 15)
    assert counts(document) == {1: 100}
    document.undo()
    hand.drag((5, 5), (40, 22))
    assert counts(document) == {}
    document.undo()
    hand.drag((28, 5), (45, 5), (45, 30), (28, 30), keys=ALT)
    assert counts(document) == {1: 100}


def test_escape_saves_cells_from_a_box_of_the_delete_tool(show):
    canvas, document, hand = show(two_cells())
    canvas.set_tool("delete")
    hand.press(5, 5)
    hand.move(45, 25)
    QTest.keyClick(canvas.view, Qt.Key.Key_Escape)
    hand.release(45, 25)
    assert counts(document) == {1: 100, 2: 100}


@pytest.mark.parametrize(("tool", "keys"), [("select", ALT), ("lasso", NO_KEYS)])
def test_lasso_selects_cells_whose_centre_it_goes_around(show, tool, keys):
    canvas, document, hand = show(two_cells())
    canvas.set_tool(tool)
    around_second = (25, 5), (44, 5), (44, 25), (25, 25)
    hand.drag(*around_second, keys=keys)
    assert document.selected == {2}
    hand.drag((2, 2), (18, 2), (18, 18), (2, 18), keys=keys | SHIFT)
    assert document.selected == {1, 2}
    hand.drag((50, 40), (60, 40), (60, 50), keys=keys)
    assert document.selected == frozenset()


def test_alt_click_merges_with_the_selection_in_one_step(show):
    canvas, document, hand = show(two_cells())
    said = []
    canvas.said.connect(said.append)
    hand.click(15, 15, ALT)
    assert "Select a cell first" in said[-1]
    hand.click(15, 15)
    hand.click(35, 15, ALT)
    assert counts(document) == {1: 200} and document.selected == {1}
    assert "2 pieces" in said[-1]
    document.undo()
    assert counts(document) == {1: 100, 2: 100}


def test_locked_cells_are_not_deleted(show, qtbot):
    canvas, document, hand = show(two_cells())
    lock(document, 1)
    with qtbot.waitSignal(canvas.said, check_params_cb=lambda text: "locked" in text):
        hand.click(15, 15, CTRL)
    canvas.set_tool("delete")
    hand.click(15, 15)
    document.select([1, 2])
    canvas.delete_selected()
    assert counts(document) == {1: 100}


def test_outline_is_closed_and_filled(show):
    canvas, document, hand = show(two_cells())
    canvas.set_tool("outline")
    hand.drag((20, 30), (40, 30), (40, 50), (20, 50))
    assert counts(document) == {1: 100, 2: 100, 3: 400}
    assert (document.labels[0, 30:50, 20:40] == 3).all()
    document.undo()
    assert counts(document) == {1: 100, 2: 100}


def test_outline_runs_under_neighbours_and_with_ctrl_over_them(show):
    canvas, document, hand = show(two_cells())
    lock(document, 2)
    canvas.set_tool("outline")
    around = (5, 5), (45, 5), (45, 15), (5, 15)
    hand.drag(*around)
    assert counts(document) == {1: 100, 2: 100, 3: 40 * 10 - 2 * 50}
    document.undo()
    hand.drag(*around, keys=CTRL)
    assert counts(document)[2] == 100
    assert counts(document)[1] == 50


def test_outline_that_crosses_itself_makes_one_cell_of_both_loops(show):
    canvas, document, hand = show(np.zeros((60, 80)))
    canvas.set_tool("outline")
    hand.drag((10, 10), (50, 40), (50, 10), (10, 20))
    # Two triangles that meet at (20, 17.5), with bases of 10 and 30 pixels.
    assert counts(document) == {1: pytest.approx(10 * 10 / 2 + 30 * 30 / 2, abs=10)}
    assert document.labels[0, 15, 11] == document.labels[0, 20, 48] == 1


def test_outline_around_twice_has_no_hole(show):
    canvas, document, hand = show(np.zeros((60, 80)))
    canvas.set_tool("outline")
    square = (10, 10), (40, 10), (40, 40), (10, 40)
    hand.drag(*square, *square)
    assert (document.labels[0, 10:40, 10:40] == 1).all()


def test_outline_leaving_the_image_is_clipped(show):
    canvas, document, hand = show(np.zeros((30, 40)))
    canvas.set_tool("outline")
    hand.drag((30, 20), (70, 20), (70, 55), (30, 55))
    assert counts(document) == {1: 100}
    assert (document.labels[0, 20:, 30:] == 1).all()


@pytest.mark.parametrize("points", [[(10, 10)], [(10, 10), (30, 10)], [(50, 40), (60, 40), (60, 50)]])
def test_outline_without_area_on_the_image_makes_nothing(show, points):
    canvas, document, hand = show(np.zeros((30, 40)))
    steps = document.undo_text
    canvas.set_tool("outline")
    hand.drag(*points)
    assert counts(document) == {}
    assert document.undo_text == steps


def test_filled_takes_pixels_whose_centre_lies_inside():
    path = QPainterPath()
    path.addRect(1.6, 2.4, 3.0, 2.0)
    top, left, mask = filled(path, 10, 10)
    whole = np.zeros((10, 10), bool)
    whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    expected = np.zeros((10, 10), bool)
    expected[2:4, 2:5] = True
    np.testing.assert_array_equal(whole, expected)


@pytest.mark.parametrize("how", ["middle", "right", "space", "tool"])
def test_panning_moves_the_image_with_the_mouse(show, how):
    canvas, document, hand = show(two_cells())
    button = {"middle": Qt.MouseButton.MiddleButton, "right": Qt.MouseButton.RightButton}.get(how, LEFT)
    canvas.set_tool("pan" if how == "tool" else "brush")
    if how == "space":
        QTest.keyPress(canvas.view, Qt.Key.Key_Space)
    before = canvas.view.box.viewRect()
    port = canvas.view.viewport()
    QTest.mousePress(port, button, NO_KEYS, QPoint(300, 300))
    QTest.mouseMove(port, QPoint(340, 330))
    QTest.mouseMove(port, QPoint(350, 320))
    QTest.mouseRelease(port, button, NO_KEYS, QPoint(350, 320))
    if how == "space":
        QTest.keyRelease(canvas.view, Qt.Key.Key_Space)
    after = canvas.view.box.viewRect()
    assert after.left() == pytest.approx(before.left() - 5)
    assert after.top() == pytest.approx(before.top() - 2)
    assert counts(document) == {1: 100, 2: 100}
    if how == "space":
        hand.click(50, 50)
        assert 3 in counts(document)
