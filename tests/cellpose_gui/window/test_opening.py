"""Opening images and folders, also those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_schema import ReadOnlyFolderError
from tests.cellpose_gui.helpers import (
    FakeSegmenter,
    answer,
    dialogs,
    open_image,
    press,
    segmented,
    the_dialog,
)
from tests.model_core.images.test_ome_zarr import PIXELS, write_zarr


def test_an_image_is_shown_with_its_neighbours_and_has_the_keyboard(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    assert window.welcome.isVisible()
    assert not window.actions_by_name["segment"].isEnabled()
    open_image(qtbot, window, images[0])
    assert images[0].name in window.windowTitle()
    assert not window.welcome.isVisible()
    assert window.strip.images() == images, "10 comes after 2"
    assert window.canvas.view.hasFocus()
    assert window.actions_by_name["segment"].isEnabled()


def test_a_folder_opens_with_its_first_image_and_keys_go_through_it(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0].parent)
    bench = window.workbench
    for key, expected in (
        (Qt.Key.Key_D, 1), (Qt.Key.Key_Right, 2), (Qt.Key.Key_D, 2), (Qt.Key.Key_A, 1), (Qt.Key.Key_Left, 0)
    ):  # fmt: skip
        press(qtbot, window, key)
        qtbot.waitUntil(lambda expected=expected: bench.path == images[expected])  # type: ignore[misc]
    assert not dialogs(window)


def test_keys_pressed_faster_than_images_open_are_not_lost(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_D)
    press(qtbot, window, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: window.workbench.path == images[2])
    press(qtbot, window, Qt.Key.Key_A)
    press(qtbot, window, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: window.workbench.path == images[0])
    qtbot.waitUntil(lambda: not window.tasks.busy)
    assert not dialogs(window), "every document on the way was given free again"


def test_arrow_keys_in_the_diameter_do_not_change_the_image(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    window.segment_panel._diameter.setFocus()
    press(qtbot, window, Qt.Key.Key_Right)
    press(qtbot, window, Qt.Key.Key_Up)
    qtbot.wait(100)
    assert window.workbench.path == images[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"not an image at all, but text " * 20, "not a TIFF file")],
    ids=["empty", "text"],
)
def test_a_bad_file_is_explained_and_what_is_open_stays_open(
    qtbot: QtBot, window: MainWindow, images: list[Path], content: bytes, words: str
) -> None:
    document = open_image(qtbot, window, images[0])
    bad = images[0].with_name("bad.tif")
    bad.write_bytes(content)
    window.open(bad)
    box = the_dialog(qtbot, window)
    assert words in box.text() and "bad.tif" in box.text()
    box.close()
    assert window.workbench.document is document
    assert not document.closed
    assert bad.read_bytes() == content


def test_after_a_failed_first_opening_the_welcome_card_is_still_there(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    window.open(tmp_path / "nothing here.tif")
    box = the_dialog(qtbot, window)
    assert "does not exist" in box.text()
    box.close()
    assert window.welcome.isVisible()


def test_a_folder_without_images_is_explained(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    window.open(tmp_path / "none")
    assert "no images" in the_dialog(qtbot, window).text()


def test_a_damaged_document_is_kept_aside_only_when_the_person_says_so(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    document = cells_path(images[0])
    document.write_bytes(b"SQLite format 3\0" + b"\x07" * 5000)
    damaged = document.read_bytes()
    window.open(images[0])
    box = the_dialog(qtbot, window)
    assert document.name in box.text()
    answer(qtbot, box, "Cancel")
    assert document.read_bytes() == damaged
    assert window.workbench.document is None
    qtbot.waitUntil(lambda: not dialogs(window))
    window.open(images[0])
    answer(qtbot, the_dialog(qtbot, window), "aside")
    qtbot.waitUntil(lambda: window.workbench.document is not None)
    (aside,) = images[0].parent.glob("*.damaged-*")
    assert aside.read_bytes() == damaged


def test_work_on_images_in_a_read_only_folder_goes_where_the_person_says(
    qtbot: QtBot,
    window: MainWindow,
    images: list[Path],
    tmp_path: Path,
    settings: QSettings,
    segmenter: FakeSegmenter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cellpose_gui.tasks import work

    real = work.load

    def as_if_read_only(image, folder=None):  # type: ignore[no-untyped-def]
        if folder is None:  # chmod does not stop a superuser, whom tests may run as
            raise ReadOnlyFolderError("The folder is read-only.")
        return real(image, folder)

    monkeypatch.setattr(work, "load", as_if_read_only)
    elsewhere = tmp_path / "my work"
    elsewhere.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(elsewhere))
    window.open(images[0])
    box = the_dialog(qtbot, window)
    assert "read-only" in box.text()
    answer(qtbot, box, "Choose")
    qtbot.waitUntil(lambda: window.workbench.document is not None)
    window.actions_by_name["segment"].trigger()
    segmented(qtbot, window)
    qtbot.waitUntil(lambda: (elsewhere / "cells 1.cells").exists())
    open_image(qtbot, window, images[1])  # the next one of that folder needs no question
    assert not dialogs(window)
    again = MainWindow(settings)
    assert again.workbench.work_folders == {images[0].parent: elsewhere}
    again.deleteLater()


def test_two_images_that_would_share_a_document_do_not(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    twin = images[0].with_suffix(".tiff")
    twin.write_bytes(images[0].read_bytes())
    window.open(twin)
    assert "same file" in the_dialog(qtbot, window).text()
    assert window.workbench.path == images[0]


def test_images_are_opened_by_dropping_them(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(images[1]))])
    held = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(400, 300), *held)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(400, 300), *held))
    qtbot.waitUntil(lambda: window.workbench.path == images[1])

    text = QMimeData()
    text.setText("just words")
    enter = QDragEnterEvent(QPoint(400, 300), held[0], text, *held[2:])
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


def test_recent_images_come_back_at_the_next_start(
    qtbot: QtBot, window: MainWindow, images: list[Path], settings: QSettings
) -> None:
    for path in (images[0], images[1], images[0]):
        open_image(qtbot, window, path)
    again = MainWindow(settings)
    assert again.recent.paths() == [images[0], images[1]]
    again.deleteLater()
    qtbot.waitUntil(lambda: not window.tasks.busy)
    images[1].unlink()
    assert window.recent.paths() == [images[0]]


def test_an_image_with_values_that_are_no_numbers_and_one_of_a_single_pixel_open(
    qtbot: QtBot, window: MainWindow, images: list[Path], recwarn: pytest.WarningsRecorder
) -> None:
    odd = np.full((40, 50), np.nan, np.float32)
    odd[5:10] = 3
    odd[20, 20] = np.inf
    for name, pixels in (("odd.tif", odd), ("dot.tif", np.ones((1, 1), np.uint8))):
        path = images[0].with_name(name)
        tifffile.imwrite(path, pixels)
        open_image(qtbot, window, path)
        QApplication.processEvents()
    qtbot.waitUntil(lambda: not window.tasks.busy)
    assert not dialogs(window)
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]


def test_an_image_that_was_opened_but_never_shown_is_free_again(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[1])
    window.actions_by_name["segment"].trigger()  # from now on it has a document, and that has a lock
    segmented(qtbot, window)
    open_image(qtbot, window, images[0])
    window.open(images[1])
    task = window.tasks.current("open")
    assert task is not None and task.wait(5000)  # read, and the window has not seen it
    open_image(qtbot, window, images[2])
    document = open_image(qtbot, window, images[1])
    assert len(document.objects) == 2
    assert not dialogs(window)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_dialogs_open_an_ome_zarr(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    path = write_zarr(tmp_path / "large.zarr", [PIXELS, PIXELS[..., ::2, ::2]], version=version)
    inside = next(file for file in path.rglob("*") if file.is_file() and file.parent != path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(inside), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(path))
    for command in ("open", "open_zarr"):
        window.actions_by_name[command].trigger()
        qtbot.waitUntil(lambda: window.workbench.path == path and not window.tasks.busy)
        window.workbench.close()
    assert not dialogs(window)
