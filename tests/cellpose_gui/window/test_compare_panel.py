"""Comparing with another result in the window: history, model, file, another person; taking cells over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from model_core.annotation.differences import Kind
from model_core.formats.label_image import write_labels
from tests.cellpose_gui.helpers import FakeSegmenter, open_image, press, the_dialog
from tests.model_core.annotation.test_differences import two


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, images: list[Path]) -> Document:
    """60 x 80, of the two labellings that all kinds of differences are made of."""
    document = open_image(qtbot, window, images[0])
    document.edit((slice(0, 1), slice(0, 60), slice(0, 80)), two()[0][:, :60, :80], "Start")
    window.docks["Compare"].show()
    window.docks["Compare"].raise_()
    return document


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.tif"
    write_labels(path, two()[1][:, :60, :80])
    return path


def compared(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.curation.comparing
    qtbot.waitUntil(
        lambda: panel._comparison is not None and not panel._rest.isActive() and not panel._background.busy
    )


def test_a_file_is_compared_and_the_list_walks_through_the_differences(
    qtbot: QtBot, window: MainWindow, opened: Document, theirs: Path
) -> None:
    panel = window.curation.comparing
    panel.file_asked.emit(theirs)
    compared(qtbot, window)
    assert "7 cells here, 7 there; 4 the same" in panel.figures.text()
    assert panel.list.count() == 6 and window.canvas.guides.comparison
    panel.kinds.setCurrentIndex(panel.kinds.findData(Kind.SPLIT))
    assert panel.list.count() == 1
    panel.list.setCurrentRow(0)
    assert opened.selected == {3, 4}
    view = window.canvas.view.box.viewRect()
    assert view.contains(68, 7)


def test_a_key_takes_a_cell_over_and_undo_brings_the_difference_back(
    qtbot: QtBot, window: MainWindow, opened: Document, theirs: Path
) -> None:
    panel = window.curation.comparing
    panel.file_asked.emit(theirs)
    compared(qtbot, window)
    before = opened.labels.copy()
    panel.list.setFocus()
    panel.list.setCurrentRow(0)
    while panel.list.count():
        number = panel.list.count()
        press(qtbot, window, Qt.Key.Key_T)
        qtbot.waitUntil(lambda n=number: panel.list.count() == n - 1)  # type: ignore[misc]
    assert np.array_equal(opened.labels > 0, two()[1][:, :60, :80] > 0)
    assert "AP at 0.5, 0.75, 0.9: 1.00, 1.00, 1.00" in panel.figures.text()
    for _ in range(6):
        press(qtbot, window, Qt.Key.Key_Z, ctrl=True)
    assert np.array_equal(opened.labels, before)
    qtbot.waitUntil(lambda: panel.list.count() == 6)
    panel.list.setCurrentRow(2)
    press(qtbot, window, Qt.Key.Key_N)
    assert panel.list.currentRow() == 3
    panel.end.click()
    assert not window.canvas.guides.comparison and panel.list.count() == 0


def test_another_person_s_document_is_read_and_left_alone(
    qtbot: QtBot, window: MainWindow, opened: Document, images: list[Path], tmp_path: Path
) -> None:
    other = open_image(qtbot, window, images[1])
    other.edit((slice(0, 1), slice(0, 60), slice(0, 80)), two()[1][:, :60, :80], "Theirs")
    other.wait_until_saved()
    path = other.path
    open_image(qtbot, window, images[0])
    qtbot.waitUntil(lambda: other.closed)
    content = path.read_bytes()
    window.curation.comparing.file_asked.emit(path)
    compared(qtbot, window)
    assert window.curation.comparing.list.count() == 6
    assert path.read_bytes() == content


def test_a_model_is_compared_without_changing_anything(
    qtbot: QtBot, window: MainWindow, opened: Document, segmenter: FakeSegmenter
) -> None:
    before = opened.store.history.position
    window.curation.comparing.model_asked.emit("generalist")
    compared(qtbot, window)
    assert "7 cells here, 2 there" in window.curation.comparing.figures.text()
    assert opened.store.history.position == before


def test_a_step_of_the_history_is_compared(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    opened.select([1])
    window.canvas.delete_selected()
    window.history_panel.compare_asked.emit(1)
    compared(qtbot, window)
    (difference,) = window.curation.comparing._comparison.differences  # type: ignore[union-attr]
    assert difference.kind is Kind.MISSED and difference.theirs == (1,)


def test_labels_of_another_size_are_refused_in_words(
    qtbot: QtBot, window: MainWindow, opened: Document, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.tif"
    write_labels(wrong, np.ones((1, 5, 5), np.uint32))
    window.curation.comparing.file_asked.emit(wrong)
    box = the_dialog(qtbot, window)
    assert "1 x 5 x 5" in box.text() + box.informativeText()
    box.close()
    (tmp_path / "empty.png").write_bytes(b"")
    window.curation.comparing.file_asked.emit(tmp_path / "empty.png")
    the_dialog(qtbot, window).close()
