"""Export and import: the dialog, what it remembers, questions before anything is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.export_dialog import ExportDialog
from cellpose_gui.tasks.exporter import ExportChoice
from model_core.annotation.classes import set_class
from model_core.annotation.measurements import measure_objects
from model_core.annotation.objects import Source
from model_core.exports.all_formats import read_any
from model_core.formats.labelling import Labelling
from model_core.formats.rings import inside, outlines
from model_core.formats.seg_npy import write_seg_npy
from model_core.images.image import Image
from tests.cellpose_gui.helpers import answer, dialogs, open_image, press, the_dialog


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Numba's first compilation takes longer than a test should wait, and can't be cancelled."""
    labels = np.eye(3, dtype=np.uint32)[None]
    list(outlines(labels))
    list(inside([np.array([[0, 0], [2, 0], [2, 2]])], (3, 3)))
    measure_objects(labels, Image(np.zeros((1, 1, 3, 3))))


def draw(document: Document, at: int = 10, gap: bool = False) -> None:
    """Three cells; with a gap the first of them is gone again."""
    labels = np.zeros((1, 10, 30), np.uint32)
    first = document.store.reserve_ids(3)
    for number in range(3):
        labels[0, :, 10 * number : 10 * number + 8] = first + number
    document.edit((slice(0, 1), slice(at, at + 10), slice(10, 40)), labels, "Draw", Source.DRAWN)
    if gap:
        labels[labels == first] = 0
        document.edit((slice(0, 1), slice(at, at + 10), slice(10, 40)), labels, "Delete")


def the_export(qtbot: QtBot, window: MainWindow) -> ExportDialog:
    window.actions_by_name["export"].trigger()
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(ExportDialog)), timeout=20_000)
    (dialog,) = [d for d in window.findChildren(ExportDialog) if d.isVisible()]
    return dialog


def idle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.tasks.current("export") is None, timeout=20_000)


def test_the_dialog_exports_and_remembers(
    qtbot: QtBot, window: MainWindow, images: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = open_image(qtbot, window, images[0])
    draw(document, gap=True)
    dialog = the_export(qtbot, window)
    assert dialog.choice() == ExportChoice() and "cells 1_masks.tif" in dialog.files.text()
    dialog.ticks["tiff"].setChecked(False)
    assert not dialog.export_button.isEnabled()
    for name in ("geojson", "csv"):
        dialog.ticks[name].setChecked(True)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "out"))
    dialog.elsewhere.click()
    dialog.numbered.setChecked(True)
    qtbot.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil((tmp_path / "out" / "cells 1_measurements.csv").exists, timeout=20_000)
    idle(qtbot, window)
    again = read_any(tmp_path / "out" / "cells 1.geojson", (1, 60, 80))
    assert np.unique(again.labels).tolist() == [0, 1, 2]
    open_image(qtbot, window, images[1])
    dialog = the_export(qtbot, window)
    assert dialog.choice() == ExportChoice(("geojson", "csv"), str(tmp_path / "out"), False, True)
    dialog.reject()


def test_export_again_asks_before_it_replaces(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    document = open_image(qtbot, window, images[0])
    draw(document, gap=True)
    ExportChoice(("tiff",)).store(window.settings)
    press(qtbot, window, Qt.Key.Key_E, ctrl=True)
    target = images[0].with_name("cells 1_masks.tif")
    qtbot.waitUntil(target.exists, timeout=20_000)
    idle(qtbot, window)
    assert np.unique(tifffile.imread(target)).tolist() == [0, 2, 3]
    for word, wanted in (("Cancel", [0, 2, 3]), ("Replace", [0, 2, 3, 4, 5, 6])):
        if word == "Cancel":
            draw(document, at=30)
        window.actions_by_name["export_again"].trigger()
        box = the_dialog(qtbot, window)
        assert "cells 1_masks.tif" in box.text()
        answer(qtbot, box, word)
        idle(qtbot, window)
        assert np.unique(tifffile.imread(target)).tolist() == wanted


def test_the_whole_folder(qtbot: QtBot, window: MainWindow, images: list[Path], tmp_path: Path) -> None:
    for image in images[:2]:
        draw(open_image(qtbot, window, image))
    window.in_and_out.export(ExportChoice(("imagej", "csv"), str(tmp_path / "out"), whole_folder=True))
    qtbot.waitUntil((tmp_path / "out" / "images_measurements.csv").exists, timeout=20_000)
    idle(qtbot, window)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"cells 1_rois.zip", "cells 2_rois.zip", "images_measurements.csv"}
    assert len((tmp_path / "out" / "images_measurements.csv").read_text().splitlines()) == 1 + 2 * 3


def test_what_cannot_be_written_is_said(
    qtbot: QtBot, window: MainWindow, images: list[Path], tmp_path: Path
) -> None:
    draw(open_image(qtbot, window, images[0]))
    (tmp_path / "file").write_text("in the way")
    window.in_and_out.export(ExportChoice(("imagej",), str(tmp_path / "file" / "out")))
    box = the_dialog(qtbot, window)
    assert "could not be made" in box.text()
    box.close()


def test_import_is_one_step_with_classes(
    qtbot: QtBot, window: MainWindow, images: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = open_image(qtbot, window, images[0])
    draw(document)
    proposal = set_class(document.store, [2], "round")
    assert proposal.patch is not None
    document.apply(proposal.patch)
    path = tmp_path / "a.geojson"
    window.in_and_out.export(ExportChoice(("geojson",), str(tmp_path)))
    qtbot.waitUntil((tmp_path / "cells 1.geojson").exists, timeout=20_000)
    idle(qtbot, window)
    (tmp_path / "cells 1.geojson").rename(path)
    wanted = document.labels > 0
    other = open_image(qtbot, window, images[1])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window.actions_by_name["import_labels"].trigger()
    qtbot.waitUntil(lambda: len(other.objects) == 3, timeout=20_000)
    np.testing.assert_array_equal(other.labels > 0, wanted)
    assert [record.class_name for record in other.objects.values()] == ["", "round", ""]
    assert all(record.source is Source.DRAWN for record in other.objects.values())
    assert other.undo_text == "Import a.geojson (3 cells)"
    for word, undone in (("Add where", False), ("Replace", True)):
        before = set(other.objects)
        window.actions_by_name["import_labels"].trigger()
        answer(qtbot, the_dialog(qtbot, window), word)
        qtbot.waitUntil(lambda: window.tasks.current("change cells") is None, timeout=20_000)
        qtbot.waitUntil(lambda: not dialogs(window))
        assert (set(other.objects) != before) is undone  # nothing was free, so nothing was added
        np.testing.assert_array_equal(other.labels > 0, wanted)
    other.undo()
    assert set(other.objects) == {1, 2, 3}
    other.undo()
    assert not other.objects


def test_a_file_of_labels_can_be_dropped(
    qtbot: QtBot, window: MainWindow, images: list[Path], tmp_path: Path
) -> None:
    labels = np.zeros((1, 60, 80), np.uint32)
    labels[0, 5:15, 5:15] = 4
    write_seg_npy(tmp_path / "a_seg.npy", Labelling(labels))
    assert not window.in_and_out.takes(tmp_path / "a_seg.npy")  # there is no image to put them into
    document = open_image(qtbot, window, images[0])
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a_seg.npy"))])
    no = Qt.KeyboardModifier.NoModifier
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    window.dropEvent(QDropEvent(QPointF(5, 5), copy, data, left, no))
    qtbot.waitUntil(lambda: len(document.objects) == 1, timeout=20_000)
    np.testing.assert_array_equal(document.labels > 0, labels > 0)


def test_a_bad_file_is_refused_in_words(
    qtbot: QtBot, window: MainWindow, images: list[Path], tmp_path: Path
) -> None:
    document = open_image(qtbot, window, images[0])
    for name, content in (("a_seg.npy", b"nothing"), ("a.zip", b""), ("a.docx", b"")):
        (tmp_path / name).write_bytes(content)
        window.in_and_out.import_labels(tmp_path / name)
        box = the_dialog(qtbot, window)
        assert name in box.text() and not box.detailedText().startswith("Traceback")
        box.close()
        qtbot.waitUntil(lambda: not dialogs(window))
    assert not document.objects and document.undo_text is None
