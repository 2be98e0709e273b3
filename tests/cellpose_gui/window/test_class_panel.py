"""Classes in the window: made, given by key and by tool, coloured, remembered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QColorDialog, QInputDialog
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from model_core.annotation.classes import CellClass
from tests.cellpose_gui.canvas.hand import SHIFT, Hand
from tests.cellpose_gui.helpers import open_image, press


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, images: list[Path]) -> Document:
    """60 x 80 with cells 1, 2 and 3 side by side."""
    document = open_image(qtbot, window, images[0])
    labels = np.zeros((1, 60, 80), np.uint32)
    for id_, x in ((1, 5), (2, 30), (3, 55)):
        labels[0, 20:40, x : x + 20] = id_
    document.edit((slice(0, 1), slice(0, 60), slice(0, 80)), labels, "Start")
    return document


def names(document: Document) -> list[str]:
    return [document.objects[id_].class_name for id_ in (1, 2, 3)]


def add(window: MainWindow, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *args, **more: (name, True))
    window.curation.classes.add_button.click()


def said(window: MainWindow) -> str:
    bar = window.statusBar()
    assert bar is not None
    return bar.currentMessage()


def test_number_keys_put_the_selection_into_a_class(
    qtbot: QtBot, window: MainWindow, opened: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.select([1, 3])
    press(qtbot, window, Qt.Key.Key_1)
    assert "no class 1 yet" in said(window)
    add(window, monkeypatch, "round")
    add(window, monkeypatch, "mitotic")
    press(qtbot, window, Qt.Key.Key_2)
    assert names(opened) == ["mitotic", "", "mitotic"]
    mitotic = window.curation.classes.list.topLevelItem(1)
    qtbot.waitUntil(lambda: mitotic is not None and mitotic.text(2) == "2")
    assert window.actions_by_name["class_2"].text() == "Class &2: mitotic"
    press(qtbot, window, Qt.Key.Key_0)
    assert names(opened) == ["", "", ""]
    press(qtbot, window, Qt.Key.Key_Z, ctrl=True)
    assert names(opened) == ["mitotic", "", "mitotic"]
    opened.select(())
    window.curation.classes.find_button.click()
    assert opened.selected == {1, 3}
    add(window, monkeypatch, "round")
    assert "“round” already" in said(window)


def test_the_tool_classifies_what_it_touches(
    window: MainWindow, opened: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.canvas.view.place(8, QPointF(0, 0), QPointF(0, 0))
    hand = Hand(window.canvas)
    window.canvas.set_tool("classify")
    hand.click(10, 25)
    assert "no class yet" in said(window) and opened.undo_text == "Start"
    add(window, monkeypatch, "round")
    opened.select([3])
    hand.drag((10, 25), (40, 30))
    assert names(opened) == ["round", "round", ""]
    assert opened.undo_text == "Put 2 cells into class “round”" and opened.selected == {3}
    hand.click(10, 25, SHIFT)
    assert names(opened) == ["", "round", ""]
    hand.press(60, 25)
    assert window.canvas.cancel()
    hand.release(60, 25)
    assert names(opened) == ["", "round", ""]


def test_the_folder_remembers_classes_and_the_document_keeps_them(
    qtbot: QtBot, window: MainWindow, opened: Document, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(window, monkeypatch, "round")
    monkeypatch.setattr(QInputDialog, "getText", lambda *args, **more: ("spindle", True))
    opened.select([1])
    press(qtbot, window, Qt.Key.Key_1)
    window.curation.classes.ask_name()
    assert names(opened) == ["spindle", "", ""]
    monkeypatch.setattr(QColorDialog, "getColor", lambda *args, **more: QColor("#102030"))
    window.curation.classes.ask_colour()
    wanted = (CellClass("spindle", "#102030"),)
    assert window.canvas.classes.all == wanted
    open_image(qtbot, window, images[1])
    assert window.canvas.classes.all == wanted, "the next image of the folder begins with the same classes"
    again = open_image(qtbot, window, images[0])
    assert window.canvas.classes.all == wanted and again.objects[1].class_name == "spindle"


def test_undo_of_a_removal_brings_the_class_back(
    qtbot: QtBot, window: MainWindow, opened: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(window, monkeypatch, "round")
    opened.select([2])
    press(qtbot, window, Qt.Key.Key_1)
    window.curation.classes.remove()
    assert names(opened) == ["", "", ""] and len(window.canvas.classes) == 0
    press(qtbot, window, Qt.Key.Key_Z, ctrl=True)
    assert names(opened) == ["", "round", ""]
    assert [each.name for each in window.canvas.classes.all] == ["round"]


def test_cells_are_shown_in_the_colours_of_their_classes(
    qtbot: QtBot, window: MainWindow, opened: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(window, monkeypatch, "round")
    opened.select([2])
    press(qtbot, window, Qt.Key.Key_1)
    seen: list[object] = []
    window.canvas.colour_by.coloured.connect(seen.append)
    window.canvas.colour_by.choice = "Class"
    qtbot.waitUntil(lambda: bool(seen))
    legend = seen[-1].legend  # type: ignore[attr-defined]
    assert legend.kinds[0] == ((0xE6, 0x9F, 0x00), "round", 1)
