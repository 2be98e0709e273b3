"""Wand and box: what becomes of the labels when the mouse asks the model about a place."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from model_core.annotation.objects import Source
from tests.cellpose_gui.canvas.hand import CTRL, SHIFT, counts, lock
from tests.cellpose_gui.canvas.seen_cells import CELLS, NOTHING, Ask, like, settle
from tests.model_core.drawings import SeeingModel


def test_a_click_makes_the_cell_there_in_one_step(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("wand", NOTHING)
    hand.click(18, 22)
    settle(qtbot, canvas)
    assert like(document, 1, 1) > 0.9
    assert document.objects[1].source is Source.DRAWN
    assert document.selected == {1}
    document.undo()
    assert not document.labels.any()
    assert document.undo_text is None


def test_quick_clicks_make_a_cell_each(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("wand", NOTHING)
    for x, y in ((20, 20), (40, 20), (60, 42)):
        hand.click(x, y)
    settle(qtbot, canvas)
    assert len(document.objects) == 3
    assert (
        sorted(round(max(like(document, id_, n) for n in (1, 2, 3)), 1) for id_ in document.objects)[0] > 0.8
    )


def test_the_wheel_over_the_new_cell_makes_it_larger_and_smaller_within_the_same_step(
    ask: Ask, qtbot: QtBot
) -> None:
    canvas, document, hand = ask("wand", NOTHING)
    scale = canvas.view.scale_factor
    hand.click(60, 42)
    settle(qtbot, canvas)
    first = counts(document)[1]
    areas = []
    for notches in (1, 1, -1, -1, -1):
        hand.turn_wheel(60, 42, notches)
        settle(qtbot, canvas)
        areas.append(counts(document)[1])
    assert areas[1] > areas[0] > first > areas[4] > 0
    assert areas[2] == areas[0] and areas[3] == first
    assert canvas.view.scale_factor == scale
    document.undo()
    assert not document.labels.any() and document.undo_text is None


def test_further_clicks_on_the_new_cell_grow_it_and_with_shift_shrink_it(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("wand", NOTHING)
    hand.click(60, 42)
    settle(qtbot, canvas)
    first = counts(document)[1]
    hand.click(60, 42)
    settle(qtbot, canvas)
    assert counts(document)[1] > first
    for _ in range(2):
        hand.click(60, 42, SHIFT)
        settle(qtbot, canvas)
    assert counts(document)[1] < first
    document.undo()
    assert not document.labels.any() and document.undo_text is None


@pytest.mark.parametrize("end", ["enter", "elsewhere", "undo"])
def test_the_wheel_zooms_again_when_the_cell_is_done(ask: Ask, qtbot: QtBot, end: str) -> None:
    canvas, document, hand = ask("wand", NOTHING)
    hand.click(60, 42)
    settle(qtbot, canvas)
    if end == "enter":
        QTest.keyClick(canvas.view, Qt.Key.Key_Return)
    elif end == "undo":
        document.undo()
    else:
        hand.click(20, 20)
        settle(qtbot, canvas)
    before, scale = document.labels.copy(), canvas.view.scale_factor
    hand.turn_wheel(60.5, 42.5, 1)
    settle(qtbot, canvas)
    assert np.array_equal(document.labels, before)
    assert canvas.view.scale_factor > scale


def test_a_cell_runs_under_others_and_with_ctrl_over_those_not_locked(ask: Ask, qtbot: QtBot) -> None:
    other = np.zeros_like(CELLS)
    other[20:40, 10:30] = 1
    canvas, document, hand = ask("wand", other)
    hand.click(20, 15)
    settle(qtbot, canvas)
    assert counts(document)[1] == 400
    assert not (document.labels[0, 20:, :30] == 2).any()
    document.undo()
    hand.click(20, 15, CTRL)
    settle(qtbot, canvas)
    assert counts(document)[1] < 400
    document.undo()
    lock(document, 1)
    hand.click(20, 15, CTRL)
    settle(qtbot, canvas)
    assert counts(document)[1] == 400


def test_a_click_on_a_cell_or_on_nothing_changes_nothing_and_says_why(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("wand", np.where(CELLS == 1, 1, 0))
    before = document.labels.copy()
    with qtbot.waitSignal(canvas.said, check_params_cb=lambda text: "cell 1" in text):
        hand.click(20, 20)
    with qtbot.waitSignal(canvas.said, check_params_cb=lambda text: text.startswith("No cell")):
        hand.click(10, 55)
    assert np.array_equal(document.labels, before)


@pytest.fixture
def seeing(monkeypatch: pytest.MonkeyPatch) -> SeeingModel:
    model = SeeingModel()
    monkeypatch.setattr("cellpose_gui.tasks.work.model", lambda name=None: model)
    return model


def test_without_fields_the_image_is_looked_at_once_and_then_the_cell_appears(
    ask: Ask, qtbot: QtBot, seeing: SeeingModel
) -> None:
    canvas, document, hand = ask("wand", NOTHING, fields=False)
    with qtbot.waitSignal(canvas.said, check_params_cb=lambda text: "looked at" in text):
        hand.click(60, 42)
    qtbot.waitUntil(lambda: len(document.objects) == 1)
    assert like(document, 1, 3) > 0.8
    calls = seeing.calls
    hand.click(60, 42)
    settle(qtbot, canvas)
    assert seeing.calls == calls


def test_the_box_finds_the_cells_in_it_as_one_step(ask: Ask, qtbot: QtBot, seeing: SeeingModel) -> None:
    canvas, document, hand = ask("box", NOTHING, fields=False)
    hand.drag((48, 30), (60, 40), (73, 54))
    settle(qtbot, canvas)
    assert len(document.objects) == 1
    (id_,) = document.objects
    assert like(document, id_, 3) > 0.8
    assert document.objects[id_].source is Source.MODEL and document.objects[id_].confidence is not None
    document.undo()
    assert not document.labels.any() and document.undo_text is None


def test_the_box_goes_by_the_thresholds_that_were_given_at_a_diameter_of_its_own(
    ask: Ask, qtbot: QtBot, seeing: SeeingModel
) -> None:
    canvas, document, hand = ask("box", NOTHING, fields=False)
    assert canvas.prompts is not None
    canvas.prompts.options = lambda: {"score_threshold": 1.0, "diameter": 3.0}  # nothing is that good
    hand.drag((48, 30), (60, 40), (73, 54))
    settle(qtbot, canvas)
    assert not document.objects
    canvas.prompts.options = lambda: {"diameter": 3.0}
    hand.drag((48, 30), (60, 40), (73, 54))
    settle(qtbot, canvas)
    assert len(document.objects) == 1


def test_the_box_replaces_what_nobody_vouches_for_and_keeps_the_rest(
    ask: Ask, qtbot: QtBot, seeing: SeeingModel
) -> None:
    canvas, document, hand = ask("box", NOTHING, fields=False)
    hand.drag((48, 30), (73, 54))
    settle(qtbot, canvas)
    (old,) = document.objects
    hand.drag((48, 30), (73, 54))
    settle(qtbot, canvas)
    assert len(document.objects) == 1 and old not in document.objects, (
        "found again, it takes the old one's place"
    )
    (found,) = document.objects
    lock(document, found)
    before = document.labels.copy()
    hand.drag((48, 30), (73, 54))
    settle(qtbot, canvas)
    assert np.array_equal(document.labels, before)


def test_a_box_that_is_a_slip_or_off_the_image_does_nothing(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("box", NOTHING, fields=False)
    for corners in (((20, 20), (21, 21)), ((-8, -8), (-2, -2))):
        with qtbot.waitSignal(canvas.said):
            hand.drag(*corners)
    assert not document.labels.any()
    hand.press(10, 10)
    hand.move(40, 40)
    assert canvas.cancel()
