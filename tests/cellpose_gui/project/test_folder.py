"""The folder as a project: what the list shows, finds and marks, and that it keeps up with the files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.image_list_model import Role
from model_core.annotation.cells_file import CellsFile, cells_path
from model_core.annotation.cells_summary import NOTE_SETTING, STATE_SETTING, ImageState, read_summary
from model_core.annotation.folder_index import FolderIndex
from model_core.errors import UserError
from tests.cellpose_gui.helpers import open_image, press, the_dialog
from tests.cellpose_gui.project.looks import draw, entry, known, shown


def test_a_click_opens_and_the_open_one_is_marked(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    strip = window.strip
    assert strip.images() == images
    assert strip.rows.current == images[0].name
    place = strip.view.visualRect(strip.model.index(2)).center()
    qtbot.mouseClick(strip.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: window.workbench.path == images[2])
    assert strip.rows.current == images[2].name and strip.view.currentIndex().row() == 2
    assert window.canvas.view.hasFocus()
    strip.view.setCurrentIndex(strip.model.index(1))
    qtbot.keyClick(strip.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.workbench.path == images[1])


def test_states_and_counts_follow_the_work(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    assert [e.state for e in window.strip.model.shown] == [ImageState.NEW] * 3
    assert "3 images: 3 new" in window.strip.counts.text()
    draw(window)
    qtbot.waitUntil(lambda: entry(window, images[0].name).state is ImageState.IN_REVIEW)
    assert entry(window, images[0].name).cells == 1
    assert "2 new, 1 in review; 1 cell" in window.strip.counts.text()
    window.workbench.undo()
    qtbot.waitUntil(lambda: entry(window, images[0].name).cells == 0)
    window.workbench.redo()
    open_image(qtbot, window, images[1])
    known(qtbot, window)
    window.workbench.project.look()
    known(qtbot, window)
    assert entry(window, images[0].name).cells == 1, "the closed file says the same"
    assert not entry(window, images[0].name).elsewhere


def test_done_goes_on_to_the_next_and_is_kept(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    press(qtbot, window, Qt.Key.Key_Return, ctrl=True)
    qtbot.waitUntil(lambda: window.workbench.path == images[1])
    known(qtbot, window)
    assert read_summary(cells_path(images[0])).settings[STATE_SETTING] == "done"
    qtbot.waitUntil(lambda: entry(window, images[0].name).state is ImageState.DONE)
    window.folder_work.toggle(ImageState.EXCLUDED)
    press(qtbot, window, Qt.Key.Key_D, shift=True)
    qtbot.waitUntil(lambda: window.workbench.path == images[2])
    known(qtbot, window)
    press(qtbot, window, Qt.Key.Key_D, shift=True)
    qtbot.wait(100)
    assert window.workbench.path == images[2], "nothing else is left"
    window.strip.view.clearSelection()
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    window.folder_work.toggle(ImageState.DONE)
    qtbot.waitUntil(lambda: entry(window, images[0].name).state is ImageState.NEW)


def test_several_are_marked_and_noted_at_once(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    strip = window.strip
    for row in (0, 2):
        place = strip.view.visualRect(strip.model.index(row)).center()
        held = Qt.KeyboardModifier.ControlModifier if row else Qt.KeyboardModifier.ShiftModifier
        qtbot.mouseClick(strip.view.viewport(), Qt.MouseButton.LeftButton, held, place)
    assert [e.name for e in strip.selected()] == [images[0].name, images[2].name]
    assert window.workbench.path == images[0]
    window.folder_work.toggle(ImageState.EXCLUDED)
    known(qtbot, window)
    assert [e.state for e in strip.model.shown] == [ImageState.EXCLUDED, ImageState.NEW, ImageState.EXCLUDED]
    assert [e.name for e in strip.selected()] == [images[0].name, images[2].name], "still selected"
    window.folder_work.ask_note()
    (box,) = window.findChildren(QInputDialog)
    box.setTextValue(" out of focus ")
    box.accept()
    known(qtbot, window)
    assert [e.note for e in strip.model.shown] == ["out of focus", "", "out of focus"]
    assert read_summary(cells_path(images[2])).settings[NOTE_SETTING] == "out of focus"


def test_filter_search_and_order(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    file = CellsFile(cells_path(images[2]), images[2], (1, 60, 80))
    file.write_setting(NOTE_SETTING, json.dumps("Blurred at the edge"), make=True)
    file.write_setting(STATE_SETTING, json.dumps("done"))
    file.close()
    open_image(qtbot, window, images[1])
    draw(window)
    known(qtbot, window)
    strip, one, two, ten = window.strip, *(image.name for image in images)
    strip.order.setCurrentText("Most cells")
    assert shown(window) == [two, one, ten]
    strip.order.setCurrentText("Name")
    strip.filter.setCurrentText("Needs work")
    assert shown(window) == [one, two] and "2 of 3 images shown" in strip.counts.text()
    strip.filter.setCurrentText("Done")
    assert shown(window) == [ten]
    strip.filter.setCurrentText("All images")
    press(qtbot, window, Qt.Key.Key_F, ctrl=True)
    assert strip.search.hasFocus()
    qtbot.keyClicks(strip.search, "BLUR")
    assert shown(window) == [ten]
    strip.search.setText("cells 2")
    assert shown(window) == [two]
    strip.search.setText("nothing like it")
    assert shown(window) == []


def test_new_and_vanished_files_are_noticed(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    tifffile.imwrite(images[0].with_name("cells 3.tif"), np.zeros((60, 80), np.uint8))
    qtbot.waitUntil(lambda: "cells 3.tif" in shown(window), timeout=15_000)
    assert shown(window) == ["cells 1.tif", "cells 2.tif", "cells 3.tif", "cells 10.tif"]
    assert [path.name for path in window.workbench.images] == shown(window)
    images[2].unlink()
    qtbot.waitUntil(lambda: "cells 10.tif" not in shown(window), timeout=15_000)


def test_pictures_are_made_once_and_kept_in_the_folder(
    qtbot: QtBot, window: MainWindow, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (images[0].with_name("broken.tif")).write_bytes(b"no image")
    open_image(qtbot, window, images[0])
    model = window.strip.model

    def pictures() -> list[object]:
        rows = range(model.rowCount())
        return [model.data(model.index(row), Qt.ItemDataRole.DecorationRole) for row in rows]

    qtbot.waitUntil(lambda: len(pictures()) == 4 and None not in pictures())
    again = []

    def look_again(path: Path) -> None:
        again.append(path.name)
        raise UserError("no image")

    monkeypatch.setattr("cellpose_gui.panels.thumbnails.thumbnail", look_again)
    window.strip.thumbnails.forget()
    qtbot.waitUntil(lambda: None not in pictures())
    assert again == ["broken.tif"], "what could not be read may be whole now"


def test_the_second_window_is_told_who_has_the_folder(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    other = FolderIndex(images[0].parent)
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    assert window.strip.shared.isVisible() and " on " in window.strip.shared.text()
    other.close()
    window.workbench.project.look()
    known(qtbot, window)
    assert not window.strip.shared.isVisible()
    assert FolderIndex(images[0].parent).file.other_user, "now this window has it"


def test_another_folder_takes_its_place(
    qtbot: QtBot, window: MainWindow, images: list[Path], tmp_path: Path
) -> None:
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    moved = tmp_path / "other"
    moved.mkdir()
    tifffile.imwrite(moved / "x.tif", np.zeros((20, 30), np.uint8))
    open_image(qtbot, window, moved / "x.tif")
    known(qtbot, window)
    assert shown(window) == ["x.tif"]
    assert not FolderIndex(images[0].parent).file.other_user, "the first folder is free"


def test_a_folder_whose_first_image_is_broken_opens_all_the_same(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    (images[0].with_name("a.tif")).write_bytes(b"")
    window.open(images[0].parent)
    box = the_dialog(qtbot, window)
    assert "empty" in box.text()
    box.close()
    qtbot.waitUntil(lambda: shown(window) == ["a.tif", *(image.name for image in images)])
    window.folder_work.open_next()
    the_dialog(qtbot, window).close()
    window.folder_work.open_next()
    qtbot.waitUntil(lambda: window.workbench.path == images[0])


def test_rows_say_what_a_screen_reader_needs(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    cells_path(images[1]).write_text("damaged" * 300)
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    model = window.strip.model
    said = [model.data(model.index(row), Qt.ItemDataRole.AccessibleTextRole) for row in range(3)]
    assert said[0] == "cells 1.tif, new"
    assert "damaged" in model.data(model.index(1), Role.PROBLEM)
    window.strip.filter.setCurrentText("With problems")
    assert shown(window) == [images[1].name]


def test_settings_come_back_with_the_folder(
    qtbot: QtBot, window: MainWindow, images: list[Path], settings: QSettings
) -> None:
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    window.folder_work.toggle(ImageState.DONE)
    known(qtbot, window)
    window.close()
    again = MainWindow(settings)
    qtbot.addWidget(again)
    again.show()
    open_image(qtbot, again, images[1])
    known(qtbot, again)
    assert entry(again, images[0].name).state is ImageState.DONE
    again.workbench.close()
    assert again.tasks.stop_all()


def test_another_filter_is_looked_at_from_the_open_image_or_the_top(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    for number in range(20, 60):
        (images[0].with_name(f"cells {number}.tif")).write_bytes(images[0].read_bytes())
    open_image(qtbot, window, images[0])
    known(qtbot, window)
    strip = window.strip
    bar = strip.view.verticalScrollBar()
    assert bar is not None
    bar.setValue(bar.maximum())
    strip.search.setText("cells 5")
    assert len(shown(window)) == 13 and bar.value() == 0
    bar.setValue(bar.maximum())
    window.workbench.project.changed.emit()
    assert bar.value() == bar.maximum(), "news of images move nothing"
