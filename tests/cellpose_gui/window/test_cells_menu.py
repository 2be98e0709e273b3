"""What is done with the selected cells by keys and menus, and the dialog that deletes by rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.delete_rule import DeleteRule
from model_core.annotation.objects import Review
from tests.cellpose_gui.canvas.hand import Hand, counts, lock
from tests.cellpose_gui.helpers import open_image, press

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, images: list[Path]) -> Document:
    """60 x 80: cells 1 and 2 of 100 px that touch, 3 at the edge of 25 px, 4 of 4 px."""
    document = open_image(qtbot, window, images[0])
    labels = np.zeros((1, 60, 80), np.uint32)
    labels[0, 10:20, 10:20], labels[0, 10:20, 20:30], labels[0, 0:5, 40:45], labels[0, 50:52, 50:52] = (
        1,
        2,
        3,
        4,
    )
    document.edit((slice(0, 1), slice(0, 60), slice(0, 80)), labels, "Start")
    return document


def do(window: MainWindow, name: str) -> str:
    """Triggers a command; what the status bar says."""
    window.actions_by_name[name].trigger()
    bar = window.statusBar()
    assert bar is not None
    return bar.currentMessage()


def test_keys_act_on_the_selection(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    opened.select([1, 2])
    press(qtbot, window, Qt.Key.Key_M, shift=True)
    assert counts(opened)[1] == 200 and opened.selected == {1}
    press(qtbot, window, Qt.Key.Key_E, shift=True)
    assert counts(opened)[1] in (260, 264)
    press(qtbot, window, Qt.Key.Key_S, shift=True)
    assert 196 <= counts(opened)[1] <= 200
    press(qtbot, window, Qt.Key.Key_L, ctrl=True)
    assert opened.objects[1].locked
    assert "locked" in do(window, "expand")
    assert "1 cell unlocked" in do(window, "unlock")
    for name in ("smooth", "convex", "fill_holes"):
        assert do(window, name)


def test_backspace_removes_the_corner_below_the_mouse_and_elsewhere_the_cell(
    qtbot: QtBot, window: MainWindow, opened: Document
) -> None:
    canvas, hand = window.canvas, Hand(window.canvas)
    canvas.set_tool("reshape")
    canvas.zoom_to((slice(0, 1), slice(0, 40), slice(0, 60)))
    hand.click(15, 15)
    hand.move(10, 10)
    press(qtbot, window, Qt.Key.Key_Backspace)
    assert opened.undo_text == "Edit outline of cell 1" and 1 in counts(opened)
    hand.move(15, 15)
    press(qtbot, window, Qt.Key.Key_Backspace)
    assert 1 not in counts(opened)


@pytest.mark.parametrize(
    "name", ["merge", "expand", "shrink", "smooth", "convex", "fill_holes", "lock", "solo"]
)
def test_without_a_selection_they_say_what_is_missing(
    window: MainWindow, opened: Document, name: str
) -> None:
    assert "elect" in do(window, name)
    assert opened.undo_text == "Start"


def test_hide_others_and_show_them_again(window: MainWindow, opened: Document) -> None:
    opened.select([1])
    assert "3 cells hidden" in do(window, "solo")
    assert window.canvas.hidden == {2, 3, 4}
    do(window, "select_all")
    assert opened.selected == {1}
    assert do(window, "solo") == "All cells are shown" and not window.canvas.hidden


def test_the_rule_tells_how_many_would_go(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    lock(opened, 3)
    opened.select([1])
    do(window, "delete_rule")
    dialog = window.findChild(DeleteRule)
    assert dialog is not None
    qtbot.waitUntil(lambda: "1 of 4 cells would be deleted" in dialog.count.text())
    assert "1 cell locked" in dialog.count.text()
    assert opened.selected == {4}, "what would go is shown"
    dialog.least.setValue(3)
    assert "0 of 4" in dialog.count.text() and not dialog.delete_button.isEnabled()
    dialog.reject()
    assert opened.selected == {1} and len(opened.objects) == 4
    do(window, "delete_rule")
    dialog = next(d for d in window.findChildren(DeleteRule) if d.isVisible())
    dialog.edge.setChecked(True)
    dialog.least.setValue(101)
    qtbot.waitUntil(lambda: "3 of 4" in dialog.count.text())
    qtbot.mouseClick(dialog.delete_button, Qt.MouseButton.LeftButton)
    assert counts(opened) == {3: 25}
    assert opened.undo_text == "Delete 3 cells (smaller than 101 px or touching the edge)"
    opened.undo()
    assert len(opened.objects) == 4


def test_expand_by_a_number_that_is_asked_for(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    assert do(window, "resize") == "Select a cell first"
    opened.select([4])
    do(window, "resize")
    dialog = window.findChild(QInputDialog)
    assert dialog is not None
    dialog.setIntValue(3)
    dialog.accept()
    assert opened.undo_text == "Expand cell 4 by 3 px"


def test_a_change_of_many_cells_runs_in_a_worker_as_one_step(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "many.tif"
    tifffile.imwrite(path, np.zeros((800, 800), np.uint8))
    document = open_image(qtbot, window, path)
    labels = np.zeros((1, 800, 800), np.uint32)
    places = np.arange(1, 1601, dtype=np.uint32).reshape(40, 40)
    labels[0] = np.kron(places, np.pad(np.ones((14, 14), np.uint32), 3))
    document.edit((slice(0, 1), slice(0, 800), slice(0, 800)), labels, "Start")
    document.select(document.objects)
    do(window, "expand")
    assert document.undo_text == "Start", "not in the window's thread"
    do(window, "shrink")
    bar = window.statusBar()
    assert bar is not None and "Wait until" in bar.currentMessage()
    # an edit meanwhile does not get lost: the change is computed again around it
    document.edit((slice(0, 1), slice(0, 20), slice(0, 20)), np.zeros((1, 20, 20), np.uint32), "Erase")
    qtbot.waitUntil(lambda: document.undo_text != "Erase", timeout=20_000)
    assert document.undo_text == "Expand 1,599 cells by 1 px"
    assert not document.labels[0, :17, :17].any()
    document.undo()
    document.undo()
    np.testing.assert_array_equal(document.labels, labels)


def test_planes_are_copied_and_interpolated(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros((5, 40, 40), np.uint8), metadata={"axes": "ZYX"})
    document = open_image(qtbot, window, path)
    labels = np.zeros((1, 10, 10), np.uint32)
    labels[...] = 1
    document.edit((slice(0, 1), slice(5, 15), slice(5, 15)), labels, "Draw")
    document.edit((slice(3, 4), slice(5, 15), slice(5, 15)), labels, "Draw")
    document.select([1])
    assert do(window, "copy_up") == "1 cell copied to plane 2"
    assert window.canvas.plane == 1
    assert do(window, "interpolate") == "Interpolate cell 1 through 1 plane"
    assert counts(document) == {1: 400}


def test_keys_say_which_cells_are_right(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    opened.select([1, 2])
    press(qtbot, window, Qt.Key.Key_T, shift=True)
    assert {id_ for id_, r in opened.objects.items() if r.review is Review.ACCEPTED} == {1, 2}
    opened.select([3])
    press(qtbot, window, Qt.Key.Key_X, shift=True)
    press(qtbot, window, Qt.Key.Key_T, ctrl=True, shift=True)
    assert [opened.objects[id_].review for id_ in (3, 4)] == [Review.REJECTED, Review.ACCEPTED]
    assert "not reviewed" in do(window, "unreview")
    press(qtbot, window, Qt.Key.Key_F, ctrl=True, shift=True)
    assert len(opened.store.finished) == 1 and opened.objects[3].review is Review.ACCEPTED
    assert not opened.undo_text or "finished" in opened.undo_text
    opened.undo()
    assert not opened.store.finished
