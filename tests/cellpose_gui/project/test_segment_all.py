"""Segmenting all images in the background: the queue, pause and stop, errors, and what is never touched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_summary import RUN_SETTING, ImageState, read_summary
from model_core.annotation.kept_doubts import kept_doubts
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Source
from model_core.errors import UserError
from tests.cellpose_gui.helpers import FakeSegmenter, open_image, press
from tests.cellpose_gui.project.looks import draw, entry, known, shown


def run_is_over(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.workbench.segment_all.running, timeout=20_000)
    known(qtbot, window)


def read(image: Path) -> LabelStore:
    file, store = open_cells(cells_path(image), image, (1, 60, 80))
    file.close()
    return store


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter) -> MainWindow:
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    return window


def test_every_new_image_is_segmented_the_open_one_through_its_document(
    qtbot: QtBot, opened: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    draw(opened)
    draw_two = opened.workbench.document
    assert draw_two is not None
    opened.workbench.undo()
    known(qtbot, opened)
    press(qtbot, opened, Qt.Key.Key_S, ctrl=True, shift=True)
    run_is_over(qtbot, opened)
    assert len(draw_two.objects) == 2 and draw_two.undo_text == "Segment (2 cells found)"
    assert (
        draw_two.settings[RUN_SETTING]["image"]
        and "score_threshold" in draw_two.settings[RUN_SETTING]["used"]
    )
    for image in images[1:]:
        store = read(image)
        assert [record.source for record in store.objects.values()] == [Source.MODEL] * 2
        assert read_summary(cells_path(image)).settings[RUN_SETTING]["options"]["diameter"] is None
    qtbot.waitUntil(lambda: [e.cells for e in opened.strip.model.shown] == [2, 2, 2])
    assert "3 of 3 images" in opened.strip.run_bar.words.text()
    assert {e.state for e in opened.strip.model.shown} == {ImageState.SEGMENTED}


def test_doubts_of_what_was_segmented_are_known_at_once(
    qtbot: QtBot, opened: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    press(qtbot, opened, Qt.Key.Key_S, ctrl=True, shift=True)
    run_is_over(qtbot, opened)
    index = opened.workbench.project.index
    assert index is not None
    names = {image.name for image in images[1:]}
    qtbot.waitUntil(lambda: index.file.all_computed("doubts").keys() == names, timeout=20_000)
    known(qtbot, opened)
    for name in names:
        found = kept_doubts(index, name, index.stamp(name))
        assert found is not None and len(found) == 2
    assert not any(entry.elsewhere for entry in index.entries)


def test_drawn_cells_stay_and_what_is_up_to_date_is_left_out(
    qtbot: QtBot, opened: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    draw(opened)
    known(qtbot, opened)
    opened.folder_work.segment_new()
    run_is_over(qtbot, opened)
    document = opened.workbench.document
    assert document is not None and len(document.objects) == 1, "an image in review is not new"
    assert len(segmenter.diameters) == 2
    opened.folder_work.segment_again()
    run_is_over(qtbot, opened)
    assert len(segmenter.diameters) == 3, "only the one that this model had not seen"
    drawn = [r for r in document.objects.values() if r.source is Source.DRAWN]
    assert [r.area for r in drawn] == [100]
    assert "2 were up to date" in opened.strip.run_bar.words.text()
    opened.segment_panel._diameter.setValue(33)
    opened.folder_work.segment_again()
    run_is_over(qtbot, opened)
    assert segmenter.diameters[3:] == [33, 33, 33], "another diameter is another run"


def test_done_and_excluded_images_are_left_alone(
    qtbot: QtBot, opened: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    project = opened.workbench.project
    project.set_state([images[1].name], ImageState.DONE)
    project.set_state([images[2].name], ImageState.EXCLUDED)
    known(qtbot, opened)
    opened.folder_work.segment_again()
    run_is_over(qtbot, opened)
    assert len(segmenter.diameters) == 1


def test_errors_are_listed_and_the_rest_goes_on(
    qtbot: QtBot, opened: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    images[1].write_bytes(b"broken")
    opened.folder_work.segment_new()
    run_is_over(qtbot, opened)
    bar = opened.strip.run_bar
    assert "1 failed" in bar.words.text() and bar.failures.isVisible()
    qtbot.mouseClick(bar.failures, Qt.MouseButton.LeftButton)
    assert shown(opened) == [images[1].name]
    assert "TIFF" in opened.strip.model.problem(entry(opened, images[1].name))
    assert len(read(images[2]).objects) == 2


def test_pause_resume_and_stop(
    qtbot: QtBot, opened: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    run = opened.workbench.segment_all
    segmenter.gate.clear()
    opened.folder_work.segment_new()
    qtbot.waitUntil(segmenter.started.is_set)
    bar = opened.strip.run_bar
    qtbot.waitUntil(lambda: bar.pause.isVisible())
    qtbot.mouseClick(bar.pause, Qt.MouseButton.LeftButton)
    assert run.paused and bar.pause.text() == "Resume" and "Paused" in bar.words.text()
    segmenter.gate.set()
    qtbot.wait(300)
    assert not cells_path(images[1]).exists() and run.running, "nothing is done while it waits"
    qtbot.mouseClick(bar.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: cells_path(images[1]).exists())
    run_is_over(qtbot, opened)

    segmenter.gate.clear()
    opened.folder_work._panel._diameter.setValue(50)
    opened.folder_work.segment_again()
    qtbot.waitUntil(lambda: len(segmenter.diameters) == 4)
    qtbot.mouseClick(bar.stop, Qt.MouseButton.LeftButton)
    run_is_over(qtbot, opened)
    assert "Stopped" in bar.words.text()
    assert len(read(images[2]).history.steps) == 1, "what was not finished left nothing behind"


def test_files_that_come_while_it_runs_are_taken_along(
    qtbot: QtBot, opened: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    segmenter.gate.clear()
    opened.folder_work.segment_new()
    qtbot.waitUntil(segmenter.started.is_set)
    late = images[0].with_name("late.tif")
    late.write_bytes(images[0].read_bytes())
    qtbot.waitUntil(lambda: late in opened.workbench.segment_all.run.stages, timeout=15_000)
    segmenter.gate.set()
    run_is_over(qtbot, opened)
    assert len(read(late).objects) == 2


def test_a_document_that_somebody_else_has_open_is_an_error_of_its_own(
    qtbot: QtBot, opened: MainWindow, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cellpose_gui.project.segment_all._WAIT", 0.0)
    monkeypatch.setattr("cellpose_gui.project.segment_all._MOST_TRIALS", 1)
    file, _ = open_cells(cells_path(images[1]), images[1], (1, 60, 80))
    file.write_setting("kept", "1", make=True)
    opened.folder_work.segment_new()
    run_is_over(qtbot, opened)
    file.close()
    assert "open in another window" in opened.workbench.segment_all.run.errors[images[1]]
    assert len(read(images[2]).objects) == 2


def test_edits_while_it_computes_win(
    qtbot: QtBot, opened: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    segmenter.gate.clear()
    opened.folder_work.segment_new()
    qtbot.waitUntil(segmenter.started.is_set)
    draw(opened)
    segmenter.gate.set()
    run_is_over(qtbot, opened)
    document = opened.workbench.document
    assert document is not None
    assert (document.labels[0, 5:15, 5:15] == document.labels[0, 5, 5]).all()
    assert {r.source for r in document.objects.values()} == {Source.DRAWN, Source.MODEL}


def test_a_missing_model_is_told_in_the_window(
    qtbot: QtBot, opened: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str | None = None) -> None:
        raise UserError("There is no model called “x”.")

    monkeypatch.setattr("cellpose_gui.tasks.work.model", missing)
    told: list[str] = []
    opened.workbench.problem.disconnect()
    opened.workbench.problem.connect(lambda title, error: told.append(str(error)))
    opened.folder_work.segment_new()
    run_is_over(qtbot, opened)
    assert told == ["There is no model called “x”."]
    assert not opened.strip.run_bar.pause.isVisible()
    assert np.array_equal(opened.workbench.document.labels, np.zeros((1, 60, 80)))  # type: ignore[union-attr]


def test_a_run_leaves_the_panel_as_wide_as_it_was(qtbot: QtBot, opened: MainWindow) -> None:
    opened.docks.show("Images")
    opened.resizeDocks([opened.docks["Images"]], [10], Qt.Orientation.Horizontal)  # as narrow as it can be
    qtbot.wait(50)
    before = opened.strip.width()
    opened.folder_work.segment_new()
    run_is_over(qtbot, opened)
    assert opened.strip.width() == before
