"""Wand, box and split: what becomes of the labels when the mouse asks the model about a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from cellpose_gui.tasks.prompter import Prompter
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.annotation.objects import Source
from tests.cellpose_gui.canvas.hand import CTRL, SHIFT, Hand, counts, lock
from tests.model_core.drawings import SeeingModel, balls
from tests.model_core.segmentation.fields import fields_of

CELLS = balls((60, 80), [(20, 20), (20, 38), (42, 60)], 9)
NOTHING = np.zeros_like(CELLS)
Shown = tuple[Canvas, Document, Hand]
Ask = Callable[..., Shown]


@pytest.fixture
def ask(show: Callable[..., Shown], qtbot: QtBot) -> Iterator[Ask]:
    """A canvas over these labels and pixels, with the fields of `CELLS` unless told."""
    runners: list[TaskRunner] = []

    def with_fields(tool: str, labels: np.ndarray, fields: bool = True) -> Shown:
        canvas, document, hand = show(labels, (CELLS > 0)[None, None].astype(np.uint8) * 200)
        tasks = TaskRunner()
        runners.append(tasks)
        canvas.prompts = Prompter(tasks)
        canvas.prompts.said.connect(canvas.said)
        canvas.prompts.set_document(document)
        if fields:
            canvas.prompts.keep(fields_of(CELLS, 18))
        canvas.set_tool(tool)
        return canvas, document, hand

    yield with_fields
    for tasks in runners:
        assert tasks.stop_all()


def settle(qtbot: QtBot, canvas: Canvas) -> None:
    """Waits until nothing is on its way."""
    assert canvas.prompts is not None
    tasks = canvas.prompts.tasks
    qtbot.waitUntil(lambda: not tasks.busy and not tasks._current)


def like(document: Document, id_: int, number: int) -> float:
    """The overlap of a cell of the document with one of `CELLS`."""
    mine, true = document.labels[0] == id_, number == CELLS
    return float((mine & true).sum() / (mine | true).sum())


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


JOINED = np.where((CELLS == 1) | (CELLS == 2), 1, 0)


def test_a_stroke_across_parts_a_cell_where_its_halves_meet(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("split", JOINED)
    hand.drag((26, 8), (29, 20), (30, 33))
    settle(qtbot, canvas)
    assert set(document.objects) == {1, 2}
    pairs = [(like(document, a, 1), like(document, b, 2)) for a, b in ((1, 2), (2, 1))]
    assert min(max(pairs)) > 0.95
    assert document.undo_text == "Split cell 1"
    document.undo()
    assert counts(document) == {1: int((JOINED > 0).sum())}


def test_without_fields_the_stroke_is_the_cut(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("split", JOINED, fields=False)
    hand.drag((20, 8), (20, 33))
    settle(qtbot, canvas)
    assert set(document.objects) == {1, 2}
    assert np.flatnonzero((document.labels[0] == 2).any(0)).max() <= 20


def test_only_cells_that_are_crossed_are_parted(ask: Ask, qtbot: QtBot) -> None:
    squares = np.zeros_like(CELLS)
    squares[10:30, 10:30], squares[10:30, 30:50], squares[10:30, 50:70] = 1, 2, 3
    canvas, document, hand = ask("split", squares, fields=False)
    hand.drag((25, 20), (55, 20))
    settle(qtbot, canvas)
    after = counts(document)
    assert after[1] == after[3] == 400
    assert sorted(n for id_, n in after.items() if id_ not in (1, 3)) == pytest.approx([200, 200], abs=25)


@pytest.mark.parametrize("stroke", [((2, 50), (30, 55)), ((-5, -5), (-9, -2)), ((2, 50),)])
def test_a_stroke_that_misses_changes_nothing_and_says_so(ask: Ask, qtbot: QtBot, stroke: tuple) -> None:
    canvas, document, hand = ask("split", JOINED)
    before = document.labels.copy()
    with qtbot.waitSignal(canvas.said):
        hand.drag(*stroke)
    settle(qtbot, canvas)
    assert np.array_equal(document.labels, before)


def test_a_locked_cell_stays_whole(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("split", JOINED)
    document.change_records({1: replace(document.objects[1], locked=True)}, "Lock")
    with qtbot.waitSignal(canvas.said, check_params_cb=lambda text: "locked" in text):
        hand.drag((29, 8), (29, 33))
    settle(qtbot, canvas)
    assert set(document.objects) == {1}
