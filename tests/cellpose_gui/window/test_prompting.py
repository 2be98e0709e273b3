"""Which fields the wand asks in the window: those of the last run over the image that is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from model_core.errors import Cancelled
from tests.cellpose_gui.canvas.hand import Hand
from tests.cellpose_gui.helpers import FakeSegmenter, dialogs, open_image, press, segmented


def click(qtbot: QtBot, window: MainWindow, words: str) -> None:
    """A click of the wand on background, and what the status bar says in the end."""
    press(qtbot, window, Qt.Key.Key_W)
    with qtbot.waitSignal(window.canvas.said, check_params_cb=lambda text: words in text):
        Hand(window.canvas).click(60, 40)


def test_a_run_answers_the_wand_and_another_image_makes_its_own_fields(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    click(qtbot, window, "No cell")
    assert len(segmenter.diameters) == 1, "the fields of the run were there"
    second = open_image(qtbot, window, images[1])
    window.segment_panel._diameter.setValue(25)
    click(qtbot, window, "No cell")
    assert segmenter.diameters[1:] == [25.0]
    assert second.undo_text is None, "looking puts no cells into the image"


def test_a_click_during_a_run_waits_for_it(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[0])
    segmenter.gate.clear()
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(segmenter.started.is_set)
    press(qtbot, window, Qt.Key.Key_W)
    Hand(window.canvas).click(60, 40)
    with qtbot.waitSignal(window.canvas.said, check_params_cb=lambda text: "No cell" in text):
        segmenter.gate.set()
    assert len(segmenter.diameters) == 1


def test_an_image_that_is_left_while_it_is_looked_at_gets_and_gives_nothing(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[0])
    segmenter.gate.clear()
    press(qtbot, window, Qt.Key.Key_W)
    Hand(window.canvas).click(15, 15)
    qtbot.waitUntil(segmenter.started.is_set)
    second = open_image(qtbot, window, images[1])
    segmenter.gate.set()
    qtbot.waitUntil(lambda: not window.tasks.busy)
    assert second.undo_text is None
    click(qtbot, window, "No cell")
    assert len(segmenter.diameters) == 2
    assert not dialogs(window)


def test_wand_and_box_use_the_model_that_is_chosen(
    qtbot: QtBot,
    window: MainWindow,
    images: list[Path],
    segmenter: FakeSegmenter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def in_box(image: object, model: object, box: object, **options: object) -> None:
        segmenter.models.append(model)
        raise Cancelled

    monkeypatch.setattr("model_core.segmentation.region.segment_region", in_box)
    open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    click(qtbot, window, "No cell")
    window.segment_panel.show_models(["generalist", "mine"], "mine")
    click(qtbot, window, "No cell")
    press(qtbot, window, Qt.Key.Key_Q)
    Hand(window.canvas).drag((5, 5), (40, 30))
    qtbot.waitUntil(lambda: len(segmenter.models) == 3)
    assert segmenter.models == [None, "mine", "mine"]
