"""New releases of the model: asked for only where an address was given, taken or declined."""

from pathlib import Path

import pytest
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.updates import UpdatesDialog
from model_core.community.releases import Releases, describe, publish, read_releases
from model_core.community.store import Store
from model_core.models.registry import model_names, user_folder


@pytest.fixture
def store(tmp_path: Path, small_model: Path) -> Path:
    """Two releases, the second the current one."""
    place = Store(str(tmp_path / "store"))
    parent = None
    for name, scores in (("one", {"yeast": 0.7}), ("two", {"yeast": 0.75, "red cells": 0.6})):
        mean = sum(scores.values()) / len(scores)
        words = {"date": "2030-01-31T00:00:00", "parent": parent, "mean": mean, "scores": scores}
        news = (f"news of {name}",)
        release = describe(small_model, name, **words, changelog=news)  # type: ignore[arg-type]
        publish(place, small_model, release, read_releases(place) if parent else Releases())
        parent = name
    return tmp_path / "store"


@pytest.fixture
def dialog(qtbot: QtBot, window: MainWindow, store: Path, settings: QSettings) -> UpdatesDialog:
    settings.setValue("updates/store", str(store))
    window.actions_by_name["updates"].trigger()
    (dialog,) = window.findChildren(UpdatesDialog)
    qtbot.waitUntil(lambda: dialog.releases.topLevelItemCount() == 2)
    return dialog


def test_nothing_is_asked_without_an_address(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("a store was opened")

    monkeypatch.setattr(Store, "__init__", asked)
    window.community.updates.look_at_start()
    window.actions_by_name["updates"].trigger()
    (dialog,) = window.findChildren(UpdatesDialog)
    qtbot.mouseClick(dialog.look_button, Qt.MouseButton.LeftButton)
    assert window.tasks.current("updates") is None and "nothing is asked" in dialog.news.text()
    assert not dialog.take_button.isEnabled()
    dialog.reject()


def test_releases_are_shown_with_their_scores(dialog: UpdatesDialog) -> None:
    rows = [dialog.releases.topLevelItem(row) for row in range(2)]
    assert [row.text(0) for row in rows if row] == ["two", "one"]
    assert rows[0] is not None and rows[0].text(3) == "current" and rows[0].isSelected()
    scores = [dialog.scores.topLevelItem(row) for row in range(2)]
    words = [[item.text(column) for column in range(3)] for item in scores if item]
    assert words == [["red cells", "0.600", "new"], ["yeast", "0.750", "+0.050"]]
    assert "news of two" in dialog.news.text()
    dialog.reject()


def test_a_release_is_taken_and_chosen(qtbot: QtBot, window: MainWindow, dialog: UpdatesDialog) -> None:
    qtbot.mouseClick(dialog.take_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.segment_panel.model == "two")
    assert (user_folder() / "two.safetensors").exists() and "two" in model_names()
    assert window.community.updates.notice.isHidden()


def test_a_new_release_is_told_at_the_start_until_it_is_declined(
    qtbot: QtBot, window: MainWindow, store: Path, settings: QSettings
) -> None:
    settings.setValue("updates/store", str(store))
    window.community.updates.look_at_start()
    qtbot.waitUntil(window.community.updates.notice.isVisible)
    assert "two" in window.community.updates.notice.text()
    qtbot.mouseClick(window.community.updates.notice, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(UpdatesDialog)
    qtbot.waitUntil(dialog.decline_button.isEnabled)
    qtbot.mouseClick(dialog.decline_button, Qt.MouseButton.LeftButton)
    assert window.community.updates.notice.isHidden() and window.community.updates.declined == {"two"}
    window.community.updates.look_at_start()
    qtbot.waitUntil(lambda: window.tasks.current("updates") is None)
    assert window.community.updates.notice.isHidden()


def test_a_damaged_release_is_not_taken(
    qtbot: QtBot, window: MainWindow, dialog: UpdatesDialog, store: Path
) -> None:
    package = store / "releases" / "two.safetensors"
    package.write_bytes(package.read_bytes()[:-1] + b"x")
    qtbot.mouseClick(dialog.take_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.findChildren(QMessageBox)))
    (box,) = dialog.findChildren(QMessageBox)
    assert "checksum" in box.text() and not (user_folder() / "two.safetensors").exists()
    box.close()
    dialog.reject()


def test_an_address_that_leads_nowhere(qtbot: QtBot, window: MainWindow, settings: QSettings) -> None:
    window.actions_by_name["updates"].trigger()
    (dialog,) = window.findChildren(UpdatesDialog)
    dialog.address.setText("nosuch://place")
    qtbot.mouseClick(dialog.look_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.findChildren(QMessageBox)))
    (box,) = dialog.findChildren(QMessageBox)
    assert "no store that can be opened" in box.text()
    box.close()
    dialog.address.setText("")
    qtbot.mouseClick(dialog.look_button, Qt.MouseButton.LeftButton)
    assert window.community.updates.address == "" and settings.value("updates/store") == ""
    dialog.reject()
    window.community.updates.look_at_start()
    assert window.tasks.current("updates") is None
