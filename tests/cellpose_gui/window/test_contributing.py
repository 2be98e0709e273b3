"""Contributing from the window: nothing leaves before it was seen, and what leaves is what was seen."""

import json
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.contribute_dialog import ContributeDialog
from tests.cellpose_gui.helpers import FakeSegmenter, open_image, segmented


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """An image that says more of itself than its pixels."""
    path = tmp_path / "patients" / "Mrs Miller.tif"
    path.parent.mkdir()
    pixels = np.random.default_rng(0).integers(0, 200, (60, 80), dtype=np.uint8)
    tifffile.imwrite(path, pixels, description="Mrs Miller, ward 7", software="Scope 3")
    return path


@pytest.fixture
def dialog(
    qtbot: QtBot, window: MainWindow, segmenter: FakeSegmenter, named: Path, store: Path
) -> ContributeDialog:
    """With two cells in the image, and all that is asked filled in."""
    open_image(qtbot, window, named)
    window.segment()
    segmented(qtbot, window)
    window.actions_by_name["contribute"].trigger()
    (dialog,) = window.findChildren(ContributeDialog)
    dialog.kind.setEditText("nuclei, fluorescence")
    dialog.by.setText("Ada")
    dialog.store.setText(str(store))
    return dialog


def previewed(qtbot: QtBot, dialog: ContributeDialog) -> None:
    dialog.agreed.setChecked(True)
    qtbot.mouseClick(dialog.preview_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 1 and dialog.pages.isEnabled())


def bundles(store: Path) -> list[Path]:
    return sorted((store / "contributions").glob("*.zip"))


def test_who_has_no_labels_has_nothing_to_give(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    assert not window.actions_by_name["contribute"].isEnabled()
    open_image(qtbot, window, images[0])
    assert not window.actions_by_name["contribute"].isEnabled()


def test_nothing_goes_on_without_consent(dialog: ContributeDialog) -> None:
    assert not dialog.preview_button.isEnabled()
    dialog.agreed.setChecked(True)
    assert dialog.preview_button.isEnabled() and not dialog.send_button.isVisible()
    dialog.by.setText("  ")
    assert not dialog.preview_button.isEnabled()
    dialog.by.setText("Ada")
    dialog.licence.setCurrentIndex(2)
    assert not dialog.agreed.isChecked() and "MIT" in dialog.consent.text()


def test_what_was_seen_is_what_leaves(
    qtbot: QtBot, window: MainWindow, dialog: ContributeDialog, store: Path, settings: QSettings
) -> None:
    previewed(qtbot, dialog)
    item = dialog.list.topLevelItem(0)
    assert item is not None and dialog.list.topLevelItemCount() == 1
    assert item.text(0) == "0001_img.tif" and item.text(1) == "2" and item.text(4) == "Mrs Miller.tif"
    assert not item.icon(0).isNull() and "2 labelled cells" in dialog.summary.text()
    assert "Mrs Miller, ward 7" in dialog.stays.text() and "Scope 3" in dialog.stays.text()
    assert not (store / "contributions").exists()  # not yet
    qtbot.mouseClick(dialog.send_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(bundles(store)) and window.tasks.current("contribute") is None)
    (path,) = bundles(store)
    with zipfile.ZipFile(path) as bundle:
        everything = b"".join(bundle.read(name) for name in bundle.namelist())
        manifest = json.loads(bundle.read("manifest.json"))
    assert b"Miller" not in everything and b"Scope" not in everything
    assert manifest["by"] == "Ada" and manifest["licence"] == "CC0-1.0"
    assert "CC0-1.0" in manifest["consent"] and manifest["items"][0]["objects"] == 2
    assert settings.value("contribute/store") == str(store) and settings.value("contribute/by") == "Ada"


def test_sending_twice_is_told(
    qtbot: QtBot, window: MainWindow, dialog: ContributeDialog, store: Path
) -> None:
    previewed(qtbot, dialog)
    file = f"{dialog._prepared.manifest.id}.zip"  # type: ignore[union-attr]
    (store / "contributions").mkdir()
    (store / "contributions" / file).touch()
    qtbot.mouseClick(dialog.send_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.findChildren(QMessageBox)))
    (box,) = dialog.findChildren(QMessageBox)
    assert "has this contribution already" in box.text() and dialog.isVisible()
    box.close()


def test_cancel_sends_nothing(
    qtbot: QtBot,
    window: MainWindow,
    dialog: ContributeDialog,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    previewed(qtbot, dialog)
    reached = threading.Event()

    def slow(self: object, source: Path, name: str, report) -> None:  # type: ignore[no-untyped-def]
        while True:
            reached.set()
            report(0.5)

    monkeypatch.setattr("model_core.community.store.Store.write", slow)
    qtbot.mouseClick(dialog.send_button, Qt.MouseButton.LeftButton)
    assert reached.wait(10) and not dialog.send_button.isEnabled()
    task = window.tasks.current("contribute")
    assert task is not None
    with qtbot.waitSignal(task.cancelled):
        task.cancel()
    qtbot.waitUntil(dialog.send_button.isEnabled)
    assert not bundles(store)
    dialog.reject()


def test_closing_leaves_no_bundle_behind(qtbot: QtBot, dialog: ContributeDialog) -> None:
    previewed(qtbot, dialog)
    assert dialog._prepared is not None
    file = dialog._prepared.file
    assert file.exists()
    dialog.reject()
    qtbot.waitUntil(lambda: not file.exists())


def test_labels_that_cannot_be_right_are_told(
    qtbot: QtBot, window: MainWindow, dialog: ContributeDialog
) -> None:
    dialog._here = (dialog._here[0], np.ones_like(dialog._here[1]))
    dialog.agreed.setChecked(True)
    qtbot.mouseClick(dialog.preview_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.findChildren(QMessageBox)))
    (box,) = dialog.findChildren(QMessageBox)
    assert "one object fills" in box.text() and dialog.pages.currentIndex() == 0
    box.close()
    dialog.reject()


def test_the_whole_folder(
    qtbot: QtBot, window: MainWindow, segmenter: FakeSegmenter, images: list[Path], store: Path
) -> None:
    for path in images[:2]:
        open_image(qtbot, window, path)
        window.segment()
        segmented(qtbot, window)
    window.actions_by_name["contribute"].trigger()
    dialog = window.findChildren(ContributeDialog)[-1]
    assert dialog.whole_folder.isEnabled() and "All 2 images" in dialog.whole_folder.text()
    dialog.whole_folder.setChecked(True)
    dialog.kind.setEditText("cells")
    dialog.by.setText("Ada")
    dialog.store.setText(str(store))
    previewed(qtbot, dialog)
    made_of = [dialog.list.topLevelItem(row).text(4) for row in range(2)]  # type: ignore[union-attr]
    assert sorted(made_of) == ["cells 1.tif", "cells 2.tif"]
    dialog.reject()
