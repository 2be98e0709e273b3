"""Saving, exporting and closing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.questions import Questions
from model_core.annotation.cells_file import CellsFile
from model_core.annotation.objects import Source
from model_core.errors import UserError
from tests.cellpose_gui.helpers import dialogs, open_image, press, the_dialog

FULL = "cells 1.cells could not be saved: the disk is full."


def draw(document: Document, row: int = 5) -> None:
    cell = np.full((1, 6, 6), document.new_id(), np.uint32)
    document.edit((slice(0, 1), slice(row, row + 6), slice(5, 11)), cell, "Draw", Source.DRAWN)


def status(window: MainWindow) -> str:
    bar = window.statusBar()
    assert bar is not None
    return "|".join(label.text() for label in bar.findChildren(QLabel))


@pytest.fixture
def full_disk() -> Iterator[pytest.MonkeyPatch]:
    """Nothing can be written until the test calls `undo`."""

    def refuse(file: CellsFile, change: object) -> None:
        raise UserError(FULL)

    patch = pytest.MonkeyPatch()
    patch.setattr(CellsFile, "write", refuse)
    yield patch
    patch.undo()


def test_changes_are_saved_by_themselves_and_found_again(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    document = open_image(qtbot, window, images[0])
    assert "No changes yet" in status(window)
    draw(document)
    qtbot.waitUntil(lambda: "All changes saved" in status(window))
    assert "1 cell" in status(window)
    qtbot.waitUntil(lambda: window.strip.model.shown[0].cells == 1)
    kept = document.labels.copy()
    open_image(qtbot, window, images[1])
    again = open_image(qtbot, window, images[0])
    assert np.array_equal(again.labels, kept)
    assert again.undo_text == "Draw"


def test_a_full_disk_is_told_once_and_saving_goes_on_when_there_is_room(
    qtbot: QtBot, window: MainWindow, images: list[Path], full_disk: pytest.MonkeyPatch
) -> None:
    document = open_image(qtbot, window, images[0])
    draw(document)
    box = the_dialog(qtbot, window)
    assert box.text() == FULL
    assert "Not saved" in status(window)
    draw(document, row=20)
    qtbot.wait(100)
    assert len(dialogs(window)) == 1, "the same reason is not told again"
    box.close()
    full_disk.undo()
    window.actions_by_name["save"].trigger()
    qtbot.waitUntil(lambda: document.all_saved)
    qtbot.waitUntil(lambda: "All changes saved" in status(window))


def test_what_cannot_be_saved_is_not_left_for_another_image(
    qtbot: QtBot, window: MainWindow, images: list[Path], full_disk: pytest.MonkeyPatch
) -> None:
    document = open_image(qtbot, window, images[0])
    draw(document)
    the_dialog(qtbot, window).close()
    window.open(images[1])
    qtbot.waitUntil(lambda: bool(dialogs(window)))
    assert window.workbench.document is document
    assert not document.closed
    full_disk.undo()
    window.open(images[1])
    qtbot.waitUntil(lambda: window.workbench.path == images[1])


@pytest.mark.parametrize("lose", [False, True])
def test_closing_asks_before_unsaved_changes_are_lost(
    qtbot: QtBot,
    window: MainWindow,
    images: list[Path],
    full_disk: pytest.MonkeyPatch,
    monkeypatch: pytest.MonkeyPatch,
    lose: bool,
) -> None:
    document = open_image(qtbot, window, images[0])
    draw(document)
    asked: list[str] = []

    def ask(questions: Questions, why: str) -> bool:
        asked.append(why)
        return lose

    monkeypatch.setattr(Questions, "may_lose_changes", ask)
    assert window.close() is lose
    assert asked == [FULL]
    assert document.closed is lose


def test_quitting_while_a_task_runs_stops_it(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])

    def work(progress, cancel):  # type: ignore[no-untyped-def]
        while not cancel():
            time.sleep(0.005)

    window.tasks.run("Long", work, lambda _: pytest.fail("no result"), slot="segment")
    press(qtbot, window, Qt.Key.Key_Q, ctrl=True)
    assert not window.isVisible()
    assert not window.tasks.busy
