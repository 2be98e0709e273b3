"""Split: a drag across parts a cell where its halves meet, with Ctrl along the line; two clicks divide it."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.cellpose_gui.canvas.hand import CTRL, counts, lock, two_cells
from tests.cellpose_gui.canvas.seen_cells import CELLS, Ask, like, settle

JOINED = np.where((CELLS == 1) | (CELLS == 2), 1, 0)
CROOKED = (26, 8), (29, 20), (33, 33)  # across the joined cells, which meet at x = 29


def pieces_of(labels: np.ndarray) -> list[int]:
    return sorted(np.unique(labels[labels > 0], return_counts=True)[1].tolist())


def test_a_line_across_parts_a_cell_where_its_halves_meet(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("split", JOINED)
    hand.drag(*CROOKED)
    settle(qtbot, canvas)
    assert set(document.objects) == {1, 2}
    pairs = [(like(document, a, 1), like(document, b, 2)) for a, b in ((1, 2), (2, 1))]
    assert min(max(pairs)) > 0.95
    assert document.undo_text == "Split cell 1"
    document.undo()
    assert counts(document) == {1: int((JOINED > 0).sum())}


@pytest.mark.parametrize("fields", [True, False])
def test_with_ctrl_or_without_fields_the_line_is_the_cut(ask: Ask, qtbot: QtBot, fields: bool) -> None:
    canvas, document, hand = ask("split", JOINED, fields=fields)
    hand.drag((20, 8), (20, 33), keys=CTRL if fields else Qt.KeyboardModifier.NoModifier)
    settle(qtbot, canvas)
    assert set(document.objects) == {1, 2}
    left, right = (np.flatnonzero((document.labels[0] == id_).any(0)) for id_ in (2, 1))
    assert left.max() <= 20 <= right.min()


@pytest.mark.parametrize("exactly", [True, False])
def test_in_a_volume_the_line_cuts_all_planes_and_with_ctrl_one(
    ask: Ask, qtbot: QtBot, exactly: bool
) -> None:
    canvas, document, hand = ask("split", np.stack([JOINED] * 3), fields=False)
    canvas.plane = 1
    hand.drag((20, 8), (20, 33), keys=CTRL if exactly else Qt.KeyboardModifier.NoModifier)
    settle(qtbot, canvas)
    assert [len(pieces_of(plane)) for plane in document.labels] == ([1, 2, 1] if exactly else [2, 2, 2])
    assert len(document.objects) == 2


def test_only_cells_that_are_crossed_are_parted(ask: Ask, qtbot: QtBot) -> None:
    squares = np.zeros_like(CELLS)
    squares[10:30, 10:30], squares[10:30, 30:50], squares[10:30, 50:70] = 1, 2, 3
    canvas, document, hand = ask("split", squares, fields=False)
    hand.drag((25, 20), (55, 20))
    settle(qtbot, canvas)
    after = counts(document)
    assert after[1] == after[3] == 400
    assert sorted(n for id_, n in after.items() if id_ not in (1, 3)) == pytest.approx([200, 200], abs=25)


def test_hidden_cells_are_not_parted(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("split", two_cells(), fields=False)
    canvas.hidden = frozenset({1})
    hand.drag((5, 15), (45, 15))
    settle(qtbot, canvas)
    assert counts(document)[1] == 100 and len(document.objects) == 3


@pytest.mark.parametrize("line", [((2, 50), (30, 55)), ((-5, -5), (-9, -2)), ((2, 50),)])
def test_a_line_that_misses_changes_nothing_and_says_so(ask: Ask, qtbot: QtBot, line: tuple) -> None:
    canvas, document, hand = ask("split", JOINED)
    before = document.labels.copy()
    with qtbot.waitSignal(canvas.said):
        hand.drag(*line)
    settle(qtbot, canvas)
    assert np.array_equal(document.labels, before)


def test_a_locked_cell_stays_whole(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("split", JOINED)
    lock(document, 1)
    with qtbot.waitSignal(canvas.said, check_params_cb=lambda text: "locked" in text):
        hand.drag((29, 8), (29, 33))
    settle(qtbot, canvas)
    assert set(document.objects) == {1}


def test_a_click_in_each_half_divides(ask: Ask, qtbot: QtBot) -> None:
    canvas, document, hand = ask("split", two_cells())
    said: list[str] = []
    canvas.said.connect(said.append)
    hand.click(50, 50)
    assert "inside the cell" in said[-1]
    hand.click(12, 15)
    assert "other half of cell 1" in said[-1]
    hand.click(32, 15)
    assert "other half of cell 2" in said[-1]
    hand.click(38, 15)
    settle(qtbot, canvas)
    assert document.labels[0, 15, 32] != document.labels[0, 15, 38]
    assert counts(document)[1] == 100
    assert said[-1].startswith("Cell 2 split into 2")
    document.undo()
    np.testing.assert_array_equal(document.labels[0], two_cells())


def test_escape_forgets_the_first_click(ask: Ask) -> None:
    canvas, document, hand = ask("split", two_cells())
    said: list[str] = []
    canvas.said.connect(said.append)
    hand.click(12, 15)
    QTest.keyClick(canvas.view, Qt.Key.Key_Escape)
    hand.click(18, 15)
    assert "other half of cell 1" in said[-1] and len(counts(document)) == 2
