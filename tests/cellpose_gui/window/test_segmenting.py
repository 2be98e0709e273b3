"""Finding cells in the window: what happens to the labels, whatever the person does meanwhile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from model_core.annotation.objects import Source
from model_core.errors import UserError
from tests.cellpose_gui.canvas.hand import Hand
from tests.cellpose_gui.helpers import FakeSegmenter, dialogs, open_image, press, segmented, the_dialog


def outcome(window: MainWindow) -> str:
    return window.segment_panel._outcome.text()


def test_the_key_s_makes_one_step_that_can_be_undone(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    document = open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: len(document.objects) == 2)
    assert "2 cells" in outcome(window)
    assert np.array_equal(document.labels > 0, segmenter.cells > 0)
    assert {record.source for record in document.objects.values()} == {Source.MODEL}
    assert [record.confidence for record in document.objects.values()] == [0.9, 0.9]
    press(qtbot, window, Qt.Key.Key_Z, ctrl=True)
    assert not document.labels.any()
    assert document.undo_text is None
    press(qtbot, window, Qt.Key.Key_Y, ctrl=True)
    assert len(document.objects) == 2


def test_the_diameter_of_the_panel_is_used_and_return_starts(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    field = window.segment_panel._diameter
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "25")
    press(qtbot, window, Qt.Key.Key_Return)
    segmented(qtbot, window)
    assert segmenter.diameters == [None, 25.0]
    assert window.canvas.view.hasFocus(), "keys work on the image again"


def test_a_run_leaves_alone_what_a_person_has_made(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    document = open_image(qtbot, window, images[0])
    mine = np.full((1, 10, 10), document.new_id(), np.uint32)
    document.edit((slice(0, 1), slice(12, 22), slice(10, 20)), mine, "Draw", Source.DRAWN)
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    assert (document.labels[0, 12:22, 10:20] == mine[0, 0, 0]).all()
    assert len(document.objects) == 2, "the same cell is not there twice"


def test_an_edit_while_the_model_runs_is_kept(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    document = open_image(qtbot, window, images[0])
    segmenter.gate.clear()
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(segmenter.started.is_set)
    press(qtbot, window, Qt.Key.Key_P)
    Hand(window.canvas).drag((12, 15), (25, 15))
    painted = document.labels.copy()
    assert painted.any()
    segmenter.gate.set()
    segmented(qtbot, window)
    assert np.array_equal(document.labels[painted > 0], painted[painted > 0])
    assert len(document.objects) >= 2
    document.undo()
    assert np.array_equal(document.labels, painted)


def test_an_edit_between_the_result_and_its_arrival_is_kept(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    document = open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_S)
    task = window.tasks.current("segment")
    assert task is not None and task.wait(5000)  # the Patch is made, and the window has not seen it
    mine = np.full((1, 3, 3), document.new_id(), np.uint32)
    document.edit((slice(0, 1), slice(11, 14), slice(11, 14)), mine, "Draw", Source.DRAWN)
    qtbot.waitUntil(lambda: len(document.objects) > 1)
    segmented(qtbot, window)
    assert (document.labels[0, 11:14, 11:14] == mine[0, 0, 0]).all()
    assert not dialogs(window)


def test_another_image_opened_during_a_run_gets_none_of_its_cells(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    first = open_image(qtbot, window, images[0])
    segmenter.gate.clear()
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(segmenter.started.is_set)
    second = open_image(qtbot, window, images[1])
    segmenter.gate.set()
    qtbot.waitUntil(lambda: not window.tasks.busy)
    assert not second.labels.any()
    assert not first.labels.any()
    assert outcome(window) == ""
    assert not dialogs(window)


def test_s_during_a_run_starts_no_second_one_and_says_so(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[0])
    segmenter.gate.clear()
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(segmenter.started.is_set)
    with qtbot.waitSignal(window.workbench.said) as said:
        press(qtbot, window, Qt.Key.Key_S)
    assert said.args is not None and "already" in said.args[0]
    segmenter.gate.set()
    segmented(qtbot, window)
    assert len(segmenter.diameters) == 1


@pytest.mark.parametrize("where", ["panel", "task bar"])
def test_a_run_can_be_cancelled_and_changes_nothing(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter, where: str
) -> None:
    document = open_image(qtbot, window, images[0])
    segmenter.gate.clear()
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(segmenter.started.is_set)
    place = window.segment_panel if where == "panel" else window.status.tasks
    (button,) = place.findChildren(QPushButton)
    assert button.isVisible() and button.text() == "Cancel"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    (run,) = window.segment_panel.findChildren(QPushButton)
    assert run.text() == "Cancelling…" and not run.isEnabled()
    assert "Cancelling…" in [label.text() for label in window.status.tasks.findChildren(QLabel)]
    qtbot.waitUntil(lambda: window.tasks.current("segment") is None, timeout=1000)
    qtbot.waitUntil(lambda: not window.status.tasks.isVisible(), timeout=1000)
    assert not document.labels.any()
    assert run.text().startswith("Segment") and run.isEnabled()


def test_a_problem_with_the_model_is_said_in_words(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[0])
    segmenter.error = UserError("The weights in “my model” are damaged.")
    press(qtbot, window, Qt.Key.Key_S)
    box = the_dialog(qtbot, window)
    assert box.text() == "The weights in “my model” are damaged."
    assert not box.detailedText()
    box.close()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    segmenter.error = ZeroDivisionError("a fault of the program")
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: any("unexpected" in box.text() for box in dialogs(window)))
    fault = next(box for box in dialogs(window) if "unexpected" in box.text())
    assert "Traceback" in fault.detailedText() and "Traceback" not in fault.text()


def test_a_lack_of_memory_is_said_in_words_and_the_window_lives_on(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    document = open_image(qtbot, window, images[0])
    segmenter.error = MemoryError("Unable to allocate 745. GiB for an array")
    press(qtbot, window, Qt.Key.Key_S)
    box = the_dialog(qtbot, window)
    assert "not enough memory" in box.text() and not box.detailedText()
    box.close()
    assert not document.labels.any()
    segmenter.error = None
    window.actions_by_name["segment"].trigger()
    qtbot.waitUntil(lambda: len(document.objects) == 2)


def test_no_cells_is_an_answer_too(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    document = open_image(qtbot, window, images[0])
    segmenter.cells = np.zeros_like(segmenter.cells)
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    assert "No cells" in outcome(window)
    assert document.undo_text is None
