"""Worst first: cells come up, one key answers, undo brings them back, the folder is gone through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.queue_panel import FOLDER
from cellpose_gui.tasks import doubts
from model_core.annotation.candidates import SETTING, Candidate, to_setting
from model_core.annotation.doubt import Advice
from model_core.annotation.model_patch import model_patch
from model_core.annotation.objects import Review, Source
from model_core.annotation.review_queue import Answer
from tests.cellpose_gui.helpers import open_image, press
from tests.model_core.annotation.test_doubt import DUMBBELL, HALF_A, HALF_B, SPECK, picture, scene


def fill(document: Document) -> None:
    """What a model might have found."""
    confidence = dict.fromkeys(range(1, 25), 0.97) | dict.fromkeys((HALF_A, HALF_B, SPECK), 0.3)
    patch = model_patch(document.store, scene(), confidence, "Find cells")
    assert patch is not None
    document.apply(patch)


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, images: list[Path]) -> Document:
    for path in images[:2]:
        tifffile.imwrite(path, picture(scene())[0, 0])
    document = open_image(qtbot, window, images[0])
    fill(document)
    return document


def start(qtbot: QtBot, window: MainWindow, share: int = 20) -> None:
    panel, before = window.curation.queue, window.curation.queue._queue
    panel.share.setValue(share)
    window.start_queue()
    qtbot.waitUntil(lambda: panel._queue is not before and panel._shown is not None, timeout=60_000)
    assert QApplication.focusWidget() is window.curation.queue


def shown(window: MainWindow) -> int:
    item = window.curation.queue._shown
    assert item is not None
    return item.doubt.id


def go_to(qtbot: QtBot, window: MainWindow, id_: int) -> None:
    """Puts off all cells until this one comes up."""
    for _ in range(30):
        if shown(window) == id_:
            return
        press(qtbot, window, Qt.Key.Key_L)
    raise AssertionError(f"cell {id_} does not come up")


def test_a_cell_comes_up_selected_and_in_the_middle(
    qtbot: QtBot, window: MainWindow, opened: Document
) -> None:
    start(qtbot, window)
    panel = window.curation.queue
    assert shown(window) in opened.selected
    middle = window.canvas.view.box.viewRect().center()
    _, _, y0, y1, x0, x1 = opened.objects[shown(window)].box
    assert y0 - 15 < middle.y() < y1 + 15 and x0 - 15 < middle.x() < x1 + 15
    assert "likely to be wrong" in panel.about.text() and panel.proposal.text().startswith("Proposal: ")
    assert panel.progress.value() == 0 and panel.progress.maximum() == len(panel._queue.items)  # type: ignore[union-attr]


def test_one_key_answers_and_undo_brings_the_cell_back(
    qtbot: QtBot, window: MainWindow, opened: Document
) -> None:
    start(qtbot, window, 100)
    go_to(qtbot, window, SPECK)
    press(qtbot, window, Qt.Key.Key_D)
    assert SPECK not in opened.objects and shown(window) != SPECK
    press(qtbot, window, Qt.Key.Key_Z, ctrl=True)
    qtbot.waitUntil(lambda: window.curation.queue._shown is not None and shown(window) == SPECK)
    assert SPECK in opened.objects
    press(qtbot, window, Qt.Key.Key_A)
    assert opened.objects[SPECK].review is Review.ACCEPTED
    press(qtbot, window, Qt.Key.Key_B)
    assert shown(window) == SPECK and opened.objects[SPECK].review is Review.UNREVIEWED
    press(qtbot, window, Qt.Key.Key_N)
    assert opened.objects[SPECK].review is Review.UNREVIEWED and window.curation.queue.progress.value() == 1


def test_split_and_merge(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    start(qtbot, window, 100)
    go_to(qtbot, window, DUMBBELL)
    count = len(opened.objects)
    press(qtbot, window, Qt.Key.Key_S)
    assert len(opened.objects) == count + 1
    go_to(qtbot, window, HALF_A)
    press(qtbot, window, Qt.Key.Key_M)
    assert len(opened.objects) == count
    remaining = {item.doubt.id for item in window.curation.queue._queue.items}  # type: ignore[union-attr]
    assert {HALF_A, HALF_B} <= remaining, "the partner is passed over when its turn comes"
    for _ in range(len(remaining)):
        if window.curation.queue._shown is not None:
            assert shown(window) not in (HALF_A, HALF_B)
            press(qtbot, window, Qt.Key.Key_N)
    assert "Done" in window.curation.queue.about.text()


def test_a_cell_that_cannot_be_split_stays(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    start(qtbot, window, 100)
    go_to(qtbot, window, SPECK)
    assert not window.curation.queue.buttons[Qt.Key.Key_M].isEnabled()
    window.curation.queue.answer(Advice.MERGE)
    assert shown(window) == SPECK and window.curation.queue.progress.value() == 0


def test_edit_gives_the_keys_to_the_tools_and_f3_goes_on(
    qtbot: QtBot, window: MainWindow, opened: Document
) -> None:
    start(qtbot, window, 100)
    id_ = shown(window)
    press(qtbot, window, Qt.Key.Key_E)
    assert window.canvas.tool == "reshape" and QApplication.focusWidget() is window.canvas.view
    box = opened.objects[id_].slices
    new = np.array(opened.labels[box])
    new[:, :2] = np.where(new[:, :2] == id_, 0, new[:, :2])
    opened.edit(box, new, "Correct")
    press(qtbot, window, Qt.Key.Key_F3)
    assert shown(window) != id_ and window.curation.queue._queue.wrong == 1  # type: ignore[union-attr]


def test_the_whole_folder_is_gone_through_and_the_estimate_told(
    qtbot: QtBot, window: MainWindow, opened: Document, images: list[Path]
) -> None:
    fill(open_image(qtbot, window, images[1]))
    window.curation.queue.scope.setCurrentText(FOLDER)
    start(qtbot, window, 10)
    queue = window.curation.queue._queue
    assert queue is not None and queue.total == 48
    seen = set()
    while queue.current is not None:
        qtbot.waitUntil(lambda: window.curation.queue._shown is not None or queue.current is None)
        seen.add(window.workbench.path)
        assert QApplication.focusWidget() is window.curation.queue
        press(qtbot, window, Qt.Key.Key_A)
    assert seen == set(images[:2])
    told = window.curation.queue.estimate.text()
    assert f"None of {queue.estimate.sampled}" in told and "at most" in told


def test_back_opens_the_image_of_the_last_answer_and_undoes_it(
    qtbot: QtBot, window: MainWindow, opened: Document, images: list[Path]
) -> None:
    fill(open_image(qtbot, window, images[1]))
    window.curation.queue.scope.setCurrentText(FOLDER)
    start(qtbot, window, 5)
    queue = window.curation.queue._queue
    assert queue is not None
    first = window.workbench.path
    answered = 0
    while window.workbench.path == first:
        last = shown(window)
        press(qtbot, window, Qt.Key.Key_D)
        answered += 1
        qtbot.waitUntil(lambda: window.curation.queue._shown is not None)
    assert queue.done == answered
    press(qtbot, window, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: window.workbench.path == first and window.curation.queue._shown is not None)
    document = window.workbench.document
    assert document is not None and shown(window) == last and last in document.objects
    assert queue.done == answered - 1 and QApplication.focusWidget() is window.curation.queue


def test_images_that_have_not_changed_are_not_looked_at_again(
    qtbot: QtBot, window: MainWindow, opened: Document, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(open_image(qtbot, window, images[1]))
    window.curation.queue.scope.setCurrentText(FOLDER)
    qtbot.waitUntil(lambda: window.workbench.project.index is not None)
    start(qtbot, window)
    first = window.curation.queue._queue
    assert first is not None
    looked: list[Path] = []
    read = doubts._read

    def reading(path: Path, folder: Path | None):  # type: ignore[no-untyped-def]
        looked.append(path)
        return read(path, folder)

    monkeypatch.setattr(doubts, "_read", reading)
    window.workbench.open(images[1])
    qtbot.waitUntil(lambda: window.workbench.path == images[1])
    window.start_queue()
    qtbot.waitUntil(lambda: window.curation.queue._queue is not first, timeout=60_000)
    again = window.curation.queue._queue
    assert again is not None and [item.doubt for item in again.items] == [item.doubt for item in first.items]
    assert not looked


def test_an_image_that_cannot_be_read_is_left_out_and_told(
    qtbot: QtBot, window: MainWindow, opened: Document, images: list[Path]
) -> None:
    images[1].with_suffix(".cells").write_bytes(b"not a document")
    window.curation.queue.scope.setCurrentText(FOLDER)
    start(qtbot, window)
    bar = window.statusBar()
    assert bar is not None and "Left out: cells 2.tif" in bar.currentMessage()


def test_without_cells_it_says_what_to_do(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    window.curation.queue.start.click()
    qtbot.waitUntil(lambda: "Find cells first" in window.curation.queue.about.text(), timeout=60_000)


def place(document: Document) -> Candidate:
    """Keeps with the document that a cell may have been left out in its last corner."""
    yy, xx = np.mgrid[-7:8, -7:8]
    candidate = Candidate((slice(0, 1), slice(177, 192), slice(217, 232)), (np.hypot(yy, xx) < 7)[None], 0.97)
    document.set_setting(SETTING, to_setting([candidate]))
    return candidate


def at_place(window: MainWindow) -> bool:
    item = window.curation.queue._shown
    return item is not None and item.doubt.candidate is not None


def test_a_cell_that_was_left_out_is_asked_for_and_added(
    qtbot: QtBot, window: MainWindow, opened: Document
) -> None:
    candidate = place(opened)
    start(qtbot, window)
    panel = window.curation.queue
    assert at_place(window), "the likeliest error of all"
    assert panel.about.text().endswith("97% likely.") and panel.proposal.text() == "A cell here?"
    assert panel.buttons[Qt.Key.Key_A].text() == "Add (A)" and not panel.buttons[Qt.Key.Key_S].isEnabled()
    assert window.canvas.view.box.viewRect().contains(224.5, 184.5) and not opened.selected
    before = len(opened.objects)
    press(qtbot, window, Qt.Key.Key_A)
    assert len(opened.objects) == before + 1 and opened.labels[0, 184, 224] == max(opened.objects)
    assert opened.objects[max(opened.objects)].area == candidate.pixels.sum()
    assert panel._queue is not None and panel._queue.added == 1 and panel._queue.wrong == 0
    assert not at_place(window) and panel.buttons[Qt.Key.Key_A].text() == "Accept (A)"
    press(qtbot, window, Qt.Key.Key_Z, ctrl=True)
    qtbot.waitUntil(lambda: at_place(window))
    assert len(opened.objects) == before and panel._queue.added == 0


def test_no_cell_is_remembered_and_taken_back(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    place(opened)
    start(qtbot, window)
    press(qtbot, window, Qt.Key.Key_D)
    queue = window.curation.queue._queue
    assert queue is not None and queue.answers.count(Answer.NONE) == 1 and queue.wrong == queue.added == 0
    assert len(opened.store.finished) == 1
    start(qtbot, window, 100)
    assert not any(item.doubt.candidate for item in window.curation.queue._queue.items)  # type: ignore[union-attr]
    opened.undo()
    start(qtbot, window)
    qtbot.waitUntil(lambda: at_place(window))
    press(qtbot, window, Qt.Key.Key_D)
    press(qtbot, window, Qt.Key.Key_B)
    assert at_place(window) and not opened.store.finished


def test_a_cell_that_was_left_out_can_be_drawn_by_hand(
    qtbot: QtBot, window: MainWindow, opened: Document
) -> None:
    candidate = place(opened)
    start(qtbot, window)
    press(qtbot, window, Qt.Key.Key_E)
    assert window.canvas.tool == "brush" and QApplication.focusWidget() is window.canvas.view
    new = np.where(candidate.pixels, opened.new_id(), opened.labels[candidate.box])
    opened.edit(candidate.box, new, "Draw", Source.DRAWN)
    press(qtbot, window, Qt.Key.Key_F3)
    assert window.curation.queue._queue.added == 1 and not at_place(window)  # type: ignore[union-attr]
    count = len(opened.objects)
    press(qtbot, window, Qt.Key.Key_B)
    assert len(opened.objects) == count, "what was drawn is not undone by going back"


def test_a_run_keeps_what_it_may_have_missed(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    document = open_image(qtbot, window, images[0])
    window.workbench.finder.segment()
    qtbot.waitUntil(lambda: SETTING in document.settings, timeout=60_000)
    assert isinstance(document.settings[SETTING]["rows"], list)
