"""What a person should not do, done in the window: it behaves sensibly, says so, and loses nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, QSettings, Qt
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from tests.cellpose_gui.canvas.hand import Hand, counts
from tests.cellpose_gui.helpers import FakeSegmenter, dialogs, open_image, press, segmented, the_dialog

Shown = tuple[MainWindow, Document, Hand]


def said(window: MainWindow) -> str:
    bar = window.statusBar()
    assert bar is not None
    return bar.currentMessage()


@pytest.fixture
def shown(qtbot: QtBot, window: MainWindow, images: list[Path]) -> Shown:
    """60 x 80, cell 1 in rows 10-19, columns 10-19; eight screen pixels an image pixel."""
    document = open_image(qtbot, window, images[0])
    labels = np.zeros((1, 60, 80), np.uint32)
    labels[0, 10:20, 10:20] = 1
    document.edit((slice(0, 1), slice(0, 60), slice(0, 80)), labels, "Start")
    window.canvas.view.place(8, QPointF(0, 0), QPointF(40, 40))
    return window, document, Hand(window.canvas)


@pytest.fixture
def second(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    window = MainWindow(QSettings(str(tmp_path / "second.ini"), QSettings.Format.IniFormat))
    window.show()
    yield window
    window.workbench.close(discard=True)
    assert window.tasks.stop_all()
    window.deleteLater()


def test_a_stroke_that_leaves_the_image(shown: Shown) -> None:
    window, document, hand = shown
    window.canvas.set_tool("brush")
    window.canvas.brush_size = 4
    hand.drag((20, 30), (5, 30), (-4, 30), (-4, -4), (30, -4))
    assert counts(document)[2] > 60
    assert document.labels[0, 30, 0] == 2 and document.labels[0, 15, 15] == 1
    document.undo()
    hand.drag((-4, 20), (-4, 40))
    assert document.undo_text == "Start" and "outside the image" in said(window)


def test_an_outline_that_crosses_itself(shown: Shown) -> None:
    window, document, hand = shown
    window.canvas.set_tool("outline")
    hand.drag((30, 30), (50, 50), (50, 30), (30, 50), (30, 30))
    assert counts(document)[2] > 100, "both loops are filled"
    document.undo()
    assert counts(document) == {1: 100}


def test_a_split_line_that_misses(qtbot: QtBot, shown: Shown) -> None:
    window, document, hand = shown
    window.canvas.set_tool("split")
    hand.drag((30, 5), (40, 30), (50, 50))
    qtbot.waitUntil(lambda: not window.tasks.busy and not window.canvas.working)
    assert document.undo_text == "Start" and counts(document) == {1: 100}
    assert "cross" in said(window) or "cell" in said(window)


def test_a_merge_of_one(shown: Shown) -> None:
    window, document, _hand = shown
    document.select([1])
    window.actions_by_name["merge"].trigger()
    assert document.undo_text == "Start" and "two" in said(window)


def test_drawing_while_a_run_is_in_progress(qtbot: QtBot, shown: Shown, segmenter: FakeSegmenter) -> None:
    window, document, hand = shown
    segmenter.gate.clear()
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(segmenter.started.is_set)
    window.canvas.set_tool("brush")
    window.canvas.brush_size = 6
    hand.drag((32, 15), (36, 15))  # where the run will find its second cell
    drawn = document.labels == 2
    assert drawn.any()
    segmenter.gate.set()
    segmented(qtbot, window)
    assert (document.labels[drawn] == 2).all(), "the run fills the space around it"
    while document.undo_text != "Start":
        document.undo()
    assert counts(document) == {1: 100} and not dialogs(window)


def test_two_windows_on_one_image(qtbot: QtBot, shown: Shown, second: MainWindow, images: list[Path]) -> None:
    window, document, _hand = shown
    qtbot.waitUntil(lambda: document.all_saved)
    second.open(images[0])
    box = the_dialog(qtbot, second)
    assert "open in another window or program" in box.text() + box.informativeText()
    box.close()
    assert second.workbench.document is None
    window.workbench.close()
    again = open_image(qtbot, second, images[0])
    assert counts(again) == {1: 100}


@pytest.mark.skipif(os.name == "nt", reason="an open document can't be written to there")
def test_a_document_that_another_program_writes_over(qtbot: QtBot, shown: Shown, images: list[Path]) -> None:
    window, document, hand = shown
    qtbot.waitUntil(lambda: document.all_saved)
    with document.path.open("r+b") as file:
        file.write(b"from elsewhere")
    window.canvas.set_tool("brush")
    hand.drag((40, 40), (50, 40))
    kept = document.labels.copy()
    box = the_dialog(qtbot, window)
    assert "written over by another program" in box.text() + box.informativeText()
    box.close()
    qtbot.waitUntil(lambda: document.all_saved)
    open_image(qtbot, window, images[1])
    np.testing.assert_array_equal(open_image(qtbot, window, images[0]).labels, kept)
