"""Brush and eraser, driven by the mouse."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from cellpose_gui.canvas.canvas import Canvas
from model_core.annotation.measure import measure
from model_core.annotation.objects import Source
from tests.cellpose_gui.canvas.hand import CTRL, NO_KEYS, SHIFT, counts, lock, two_cells


def choose(canvas: Canvas, tool: str, size: float) -> None:
    canvas.set_tool(tool)
    canvas.brush_size = size


def test_brush_on_background_makes_a_new_cell(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "brush", 6)
    hand.drag((20, 40), (50, 40))
    assert counts(document) == {1: 100, 2: 100, 3: counts(document)[3]}
    assert document.objects[3].source is Source.DRAWN
    # A capsule: 30 x 6 pixels and a disc of diameter 6.
    assert document.objects[3].area == pytest.approx(180 + np.pi * 9, rel=0.06)
    assert document.objects[3].centroid[1:] == pytest.approx((39.5, 34.5), abs=0.2)


def test_brush_on_a_cell_extends_it_and_runs_under_its_neighbour(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "brush", 4)
    hand.drag((15, 15), (35, 15))
    assert set(counts(document)) == {1, 2}
    assert counts(document)[2] == 100
    assert (document.labels[0, 13:17, 20:30] == 1).all()
    assert document.undo_text == "Extend cell 1"


def test_brush_with_ctrl_paints_over_neighbours(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "brush", 4)
    hand.drag((15, 12), (35, 12), keys=CTRL)
    assert (document.labels[0, 10:14, 20:35] == 1).all()
    assert counts(document)[2] < 100


def test_paint_beyond_a_neighbour_makes_no_second_cell(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "brush", 4)
    hand.drag((15, 15), (50, 15))
    assert set(counts(document)) == {1, 2}
    assert not document.labels[0, :, 40:].any()


def test_a_cell_keeps_its_id_however_much_is_painted_beyond_a_neighbour(show):
    labels = two_cells()
    labels[10:20, 10:28] = 0
    labels[14:17, 27:30] = 1
    canvas, document, hand = show(labels)
    choose(canvas, "brush", 6)
    hand.drag((28, 15), (70, 15))
    assert (document.labels[0, 14:17, 27:30] == 1).all()
    assert not document.labels[0, :, 40:].any()


def test_a_stroke_is_one_step_of_undo(show):
    canvas, document, hand = show(two_cells())
    before = document.labels.copy()
    choose(canvas, "brush", 6)
    hand.drag((15, 15), (15, 40), (60, 40), (60, 50))
    after = document.labels.copy()
    assert (after != before).any()
    document.undo()
    np.testing.assert_array_equal(document.labels, before)
    document.redo()
    np.testing.assert_array_equal(document.labels, after)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_fast_moves_leave_no_gaps(show, size):
    canvas, document, hand = show(np.zeros((60, 80)))
    choose(canvas, "brush", size)
    hand.drag((3, 3), (75, 21), (10, 50), (70, 55))
    assert cv2.connectedComponents((document.labels[0] > 0).astype(np.uint8), connectivity=8)[0] == 2
    assert len(document.objects) == 1
    for x, y in ((3, 3), (39, 12), (75, 21), (10, 50), (70, 55)):
        assert document.labels[0, y - 1 : y + 2, x - 1 : x + 2].any()


def test_a_click_of_the_smallest_brush_paints_the_pixel_under_the_cursor(show):
    canvas, document, hand = show(np.zeros((60, 80)))
    choose(canvas, "brush", 1)
    hand.click(20.9, 30.1)
    assert np.argwhere(document.labels).tolist() == [[0, 30, 20]]


def test_stroke_leaving_the_image_is_clipped(show):
    canvas, document, hand = show(np.zeros((30, 40)))
    choose(canvas, "brush", 10)
    hand.drag((20, 15), (60, 15), (60, 50), (20, 50), (20, 80))
    assert (document.labels[0, 10:20, 20:40] == 1).all()
    assert not document.labels[0, 21:].any()


def test_stroke_that_starts_outside_the_image_paints_inside(show):
    canvas, document, hand = show(np.zeros((30, 40)))
    choose(canvas, "brush", 4)
    hand.drag((60, 20), (30, 20))
    assert document.labels[0, 20, 35] == 1


def test_eraser_on_a_cell_erases_only_that_one(show):
    labels = two_cells()
    labels[10:20, 20:30] = 3
    canvas, document, hand = show(labels)
    choose(canvas, "eraser", 6)
    hand.drag((15, 15), (35, 15))
    assert counts(document)[2] == counts(document)[3] == 100
    assert counts(document)[1] < 100


def test_eraser_on_background_erases_all(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "eraser", 30)
    hand.drag((5, 30), (45, 15), (5, 15))
    assert counts(document) == {}
    assert len(document.objects) == 0


def test_erasing_through_a_cell_gives_the_smaller_part_a_new_id(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "eraser", 2)
    hand.drag((13, 25), (13, 5))
    # Columns 12 and 13 are gone: 20 pixels left of them, 60 right of them.
    assert counts(document) == {1: 60, 2: 100, 3: 20}
    assert (document.labels[0, 10:20, 10:12] == 3).all()
    document.undo()
    assert counts(document) == {1: 100, 2: 100}


def test_erasing_drops_crumbs(show):
    labels = np.zeros((60, 80), np.uint32)
    labels[10, 10:20] = 1
    canvas, document, hand = show(labels)
    choose(canvas, "eraser", 2)
    hand.drag((13, 15), (13, 5))
    assert counts(document) == {1: 6}


def test_a_cell_in_two_parts_stays_as_it_is_when_one_is_trimmed(show):
    labels = two_cells()
    labels[labels == 2] = 1
    canvas, document, hand = show(labels)
    choose(canvas, "eraser", 2)
    hand.drag((10, 5), (10, 25))
    assert counts(document) == {1: 190}


@pytest.mark.parametrize("keys", [CTRL, None])
def test_locked_cells_are_never_painted_over(show, keys):
    canvas, document, hand = show(two_cells())
    lock(document, 2)
    choose(canvas, "brush", 6)
    hand.drag((15, 15), (35, 15), keys=keys or Qt.KeyboardModifier.NoModifier)
    assert counts(document)[2] == 100
    hand.drag((35, 15), (35, 30))
    assert counts(document)[2] == 100
    choose(canvas, "eraser", 6)
    hand.drag((15, 30), (35, 15), (35, 18))
    hand.drag((35, 15), (35, 18))
    assert counts(document)[2] == 100


def test_refusing_a_locked_cell_is_said(show, qtbot):
    canvas, document, hand = show(two_cells())
    lock(document, 2)
    choose(canvas, "brush", 6)
    with qtbot.waitSignal(canvas.said, check_params_cb=lambda text: "locked" in text):
        hand.click(35, 15)


def test_escape_gives_the_stroke_up_and_restores_the_picture(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "brush", 8)
    steps = document.undo_text
    hand.move(70, 50)
    before = canvas.grab().toImage()
    hand.press(20, 40)
    hand.move(50, 40)
    during = canvas.grab().toImage()
    QTest.keyClick(canvas.view, Qt.Key.Key_Escape)
    hand.move(70, 50)
    assert canvas.grab().toImage() == before != during
    hand.release(70, 50)
    assert document.undo_text == steps
    assert canvas.grab().toImage() == before


@pytest.mark.parametrize("keys", [NO_KEYS, CTRL])
def test_the_stroke_shows_what_its_release_will_bring(show, keys):
    canvas, document, hand = show(two_cells())
    lock(document, 2)
    choose(canvas, "brush", 8)
    hand.press(15, 15, keys)
    hand.move(15, 40)
    hand.move(30, 15)
    canvas.show_ring(None)
    during = canvas.grab().toImage()
    hand.release(30, 15)
    canvas.show_ring(None)
    assert canvas.grab().toImage() == during


def test_a_change_that_arrives_during_a_stroke_is_kept(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "brush", 4)
    hand.press(5, 40)
    hand.move(30, 40)
    arrived = np.full((1, 4, 10), 9, np.uint32)
    document.edit((slice(0, 1), slice(38, 42), slice(10, 20)), arrived, "Model")
    hand.release(30, 40)
    assert (document.labels[0, 38:42, 10:20] == 9).all()
    assert document.labels[0, 40, 25] not in (0, 9)


def test_a_locked_cell_that_arrives_during_a_stroke_is_spared(show):
    canvas, document, hand = show(two_cells())
    choose(canvas, "eraser", 6)
    hand.press(5, 40)
    hand.move(70, 40)
    arrived = np.full((1, 4, 10), 9, np.uint32)
    document.edit((slice(0, 1), slice(38, 42), slice(30, 40)), arrived, "Model")
    lock(document, 9)
    hand.move(75, 40)
    hand.release(75, 40)
    assert counts(document)[9] == 40


def test_painting_touches_the_shown_plane_only(show):
    canvas, document, hand = show(np.zeros((3, 60, 80)))
    canvas.plane = 1
    choose(canvas, "brush", 4)
    hand.drag((10, 10), (20, 10))
    assert document.labels[1].any()
    assert not document.labels[0].any() and not document.labels[2].any()


def test_steps_and_wheel_change_the_brush(show, qtbot):
    canvas, _document, hand = show(two_cells())
    choose(canvas, "brush", 10)
    canvas.resize_brush(1)
    assert canvas.brush_size == 11
    canvas.resize_brush(-2)
    assert canvas.brush_size == 9
    scale = canvas.view.scale_factor
    for keys in (CTRL, SHIFT):
        with qtbot.waitSignal(canvas.brush_size_changed):
            hand.turn_wheel(20, 20, 1, keys)
    assert canvas.brush_size == 11
    assert canvas.view.scale_factor == scale
    canvas.resize_brush(-100)
    assert canvas.brush_size == 1


def test_random_strokes_can_all_be_taken_back(show):
    generator = np.random.default_rng(3)
    canvas, document, hand = show(two_cells())
    states = [document.labels.copy()]
    for _ in range(40):
        choose(
            canvas, str(generator.choice(["brush", "eraser", "outline"])), float(generator.integers(1, 16))
        )
        points = generator.uniform((-5, -5), (85, 65), (4, 2))
        hand.drag(*points, keys=CTRL if generator.random() < 0.3 else Qt.KeyboardModifier.NoModifier)
        if (document.labels != states[-1]).any():
            states.append(document.labels.copy())
        fresh = measure(document.labels, (0, 0, 0))
        assert {id_: (record.box, record.area) for id_, record in document.objects.items()} == {
            id_: (extent.box, extent.area) for id_, extent in fresh.items()
        }
    assert len(states) > 20
    for state in reversed(states):
        np.testing.assert_array_equal(document.labels, state)
        document.undo()
