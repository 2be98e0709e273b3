"""Pens with pressure and a rubber; hidden cells; the signs of the cursor; hints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt

from cellpose_gui.canvas.palettes import PALETTES
from cellpose_gui.canvas.ring import ring_path
from cellpose_gui.canvas.tools.all_tools import TOOLS
from cellpose_gui.canvas.tools.tool import CHANGES, CREATES, ERASES_ALL, ERASES_ONE, REFUSED
from tests.cellpose_gui.canvas.hand import counts, two_cells


def test_the_pressure_of_a_pen_sets_the_width(show):
    canvas, document, hand = show(np.zeros((60, 80)))
    canvas.set_tool("brush")
    canvas.brush_size = 16
    hand.pen((10, 15, 0.0), (70, 15, 0.0))
    hand.pen((10, 40, 1.0), (70, 40, 1.0))
    light, full = ((document.labels[0, :, 40] == id_).sum() for id_ in (1, 2))
    assert (light, full) == (4, 16)


def test_lifting_the_pen_does_not_end_the_stroke_in_a_point(show):
    canvas, document, hand = show(np.zeros((60, 80)))
    canvas.set_tool("brush")
    canvas.brush_size = 16
    hand.pen((20, 30, 1.0))
    assert counts(document)[1] == pytest.approx(np.pi * 64, rel=0.05)


def test_the_rubber_of_a_pen_erases_and_the_tool_comes_back(show):
    canvas, document, hand = show(two_cells())
    canvas.set_tool("brush")
    canvas.brush_size = 4
    hand.pen((15, 15, 1.0), (15, 17, 1.0), rubber=True)
    assert counts(document)[1] < 100 and canvas.tool == "brush"
    hand.pen((50, 40, 1.0))
    assert 3 in counts(document)


def test_other_buttons_of_a_pen_draw_nothing(show):
    canvas, document, hand = show(two_cells())
    canvas.set_tool("brush")
    hand.pen((50, 40, 1.0), (60, 40, 1.0), button=Qt.MouseButton.RightButton)
    assert counts(document) == {1: 100, 2: 100}


def test_hidden_cells_are_not_seen_and_not_touched(show):
    canvas, document, hand = show(two_cells())
    canvas.hidden = frozenset({2})
    shot = canvas.view.grab().toImage()
    assert shot.pixelColor(hand.at(35, 15)) == shot.pixelColor(hand.at(60, 40))
    assert shot.pixelColor(hand.at(15, 15)) != shot.pixelColor(hand.at(60, 40))
    hand.click(35, 15)
    hand.drag((5, 5), (45, 25))
    assert document.selected == {1}
    canvas.set_tool("eraser")
    canvas.brush_size = 8
    hand.drag((25, 15), (45, 15))
    canvas.set_tool("delete")
    hand.click(35, 15)
    assert counts(document)[2] == 100
    canvas.set_tool("brush")
    hand.drag((35, 15), (35, 30))
    assert counts(document)[2] == 100 and 3 in counts(document)
    shot = canvas.view.grab().toImage()
    assert shot.pixelColor(hand.at(35, 26)) != shot.pixelColor(hand.at(60, 40)), "new cells are seen"
    canvas.hidden = frozenset()
    shot = canvas.view.grab().toImage()
    assert shot.pixelColor(hand.at(31, 11)) != shot.pixelColor(hand.at(60, 40))


def test_hidden_cells_stay_so_under_other_colours(show):
    canvas, _document, hand = show(two_cells())
    canvas.hidden = frozenset({2})
    assert sorted(PALETTES)[0] != canvas.overlay.palette
    for change in ({"palette": sorted(PALETTES)[0]}, {"fill_opacity": 0.9}):
        canvas.overlay = replace(canvas.overlay, **change)
        shot = canvas.view.grab().toImage()
        assert shot.pixelColor(hand.at(35, 15)) == shot.pixelColor(hand.at(60, 40))
        assert shot.pixelColor(hand.at(15, 15)) != shot.pixelColor(hand.at(60, 40))


def test_the_outlines_of_locked_cells_are_dashed(show):
    canvas, document, hand = show(two_cells())

    def colours(first_col):
        """Those along the upper edge of a cell."""
        shot = canvas.view.grab().toImage()
        place, end = hand.at(first_col + 1, 10), hand.at(first_col + 9, 10)
        return {shot.pixelColor(x, place.y()).name() for x in range(place.x(), end.x())}

    assert len(colours(10)) == len(colours(30)) == 1
    document.change_records({2: replace(document.objects[2], locked=True)}, "Lock")
    assert len(colours(10)) == 1 and len(colours(30)) == 2
    document.undo()
    assert len(colours(30)) == 1
    document.redo()
    other = canvas.document
    canvas.set_document(None)
    canvas.set_document(other)
    canvas.view.place(10, QPointF(0, 0), QPointF(0, 0))
    assert len(colours(30)) == 2, "also when it is opened"


def test_signs_tell_without_colour_what_a_press_would_do():
    def drawn(colour):
        path = ring_path(0, 0, 10, 1, colour, False)
        return tuple((path.elementAt(n).x, path.elementAt(n).y) for n in range(path.elementCount()))

    assert len({drawn(colour) for colour in (CREATES, CHANGES, ERASES_ONE, ERASES_ALL, REFUSED)}) == 5
    assert ring_path(0, 0, 10, 1, CHANGES, True).boundingRect().width() > 20


def test_every_tool_says_how_it_is_used(show):
    canvas, _document, _hand = show(two_cells())
    said = []
    canvas.said.connect(said.append)
    for tool in TOOLS[1:]:
        canvas.set_tool(tool.name)
        assert said[-1] == tool.help and len(tool.help) > 20
