"""The panel of models: what their cards say, and what can be done with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.model_words import facts, headline
from cellpose_gui.panels.models_panel import ModelsPanel
from model_core.models.package import Card, read_card, rewrite_card
from model_core.models.registry import bundled_folder, find_model, model_names
from model_core.models.shelf import Entry, put_on_shelf
from tests.cellpose_gui.helpers import the_dialog


@pytest.fixture
def panel(qtbot: QtBot, window: MainWindow, small_model: Path) -> ModelsPanel:
    """With the program's model and “mine”, which was made from it."""
    put_on_shelf("mine", lambda path: path.write_bytes(small_model.read_bytes()))
    card = read_card(find_model("mine"))
    card.name, card.parent, card.rounds = (
        "mine",
        "generalist",
        [{"ap_before": 0.6, "ap_after": 0.8, "cells": 40}],
    )
    rewrite_card(find_model("mine"), card)
    window.docks.show("Models")
    window.workbench.list_models()
    panel = window.learning.models_panel
    qtbot.waitUntil(lambda: panel.list.count() == 2, timeout=10_000)
    return panel


def click(qtbot: QtBot, panel: ModelsPanel, name: str) -> None:
    assert panel.buttons[name].isEnabled()
    qtbot.mouseClick(panel.buttons[name], Qt.MouseButton.LeftButton)


def test_use_and_back_to_the_parent(qtbot: QtBot, window: MainWindow, panel: ModelsPanel) -> None:
    panel.choose("mine")
    click(qtbot, panel, "use")
    qtbot.waitUntil(lambda: window.segment_panel.model == "mine")
    qtbot.waitUntil(lambda: panel.buttons["use"].text() == "In use")
    assert window.settings.value("model") == "mine"
    click(qtbot, panel, "back")
    qtbot.waitUntil(lambda: window.segment_panel.model is None)
    assert model_names() == ["generalist", "mine"]
    panel.choose("mine")
    window.actions_by_name["roll_back"].trigger()
    assert window.segment_panel.model is None, "the bundled one has no parent"


def test_rename_and_notes_are_kept_in_the_file(qtbot: QtBot, window: MainWindow, panel: ModelsPanel) -> None:
    panel.choose("mine")
    click(qtbot, panel, "use")
    qtbot.waitUntil(lambda: window.segment_panel.model == "mine")
    panel.name.setText("yeast")
    qtbot.keyClick(panel.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.segment_panel.model == "yeast")
    qtbot.waitUntil(lambda: panel.entry is not None and panel.entry.name == "yeast")
    panel.notes.setPlainText("Only phase contrast")
    panel.notes.left.emit(panel.notes.toPlainText())
    qtbot.waitUntil(lambda: read_card(find_model("yeast")).notes == "Only phase contrast")


def test_a_name_that_is_taken_is_refused_in_words(
    qtbot: QtBot, window: MainWindow, panel: ModelsPanel
) -> None:
    panel.choose("mine")
    panel.name.setText("generalist")
    qtbot.keyClick(panel.name, Qt.Key.Key_Return)
    box = the_dialog(qtbot, window)
    assert "already" in box.text()
    box.close()
    assert model_names() == ["generalist", "mine"]


def test_delete_and_bring_back(qtbot: QtBot, window: MainWindow, panel: ModelsPanel) -> None:
    panel.choose("mine")
    click(qtbot, panel, "use")
    qtbot.waitUntil(lambda: window.segment_panel.model == "mine")
    click(qtbot, panel, "delete")
    qtbot.waitUntil(lambda: model_names() == ["generalist"])
    qtbot.waitUntil(lambda: window.segment_panel.model is None)
    qtbot.waitUntil(lambda: panel.bring_back.isVisible())
    qtbot.mouseClick(panel.bring_back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: model_names() == ["generalist", "mine"])
    qtbot.waitUntil(lambda: not panel.bring_back.isVisible())


def test_export_writes_one_file(
    qtbot: QtBot, panel: ModelsPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "for you"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    panel.choose("mine")
    click(qtbot, panel, "export")
    written = target.with_suffix(".safetensors")
    qtbot.waitUntil(written.exists)
    assert written.read_bytes() == find_model("mine").read_bytes()


def test_a_row_dragged_out_carries_the_file(panel: ModelsPanel) -> None:
    panel.choose("mine")
    (url,) = panel.list.mimeData([]).urls()
    assert Path(url.toLocalFile()) == find_model("mine")


def test_words_of_cards() -> None:
    path = bundled_folder() / "generalist.safetensors"
    bundled = Entry("generalist", path, read_card(path), True)
    said = dict(facts(bundled))
    assert said["Origin"] == "Comes with the program"
    assert "images with" in said["Learned from"] and "data sets" in said["AP at IoU 0.5"]
    card = Card("Mine", parent="Old", rounds=[{"ap_before": 0.5, "ap_after": 0.75, "cells": 1}])
    mine = Entry("Mine", path, card, False)
    said = dict(facts(mine))
    assert said["Origin"] == "Learned here from “Old”, which is not here any more"
    assert said["Last round"] == "AP 0.50 → 0.75, 1 corrected cell"
    assert headline(mine).startswith("learned here from “Old” · AP 0.75")
    odd = Card(
        "Odd", data=[{"images": "many", "objects": -3}], rounds=[{"ap_after": "good"}], scores={"mean": 3}
    )
    assert headline(Entry("Odd", path, odd, False)) and facts(Entry("Odd", path, odd, False))
    broken = Entry("x", path, None, False, problem="It is damaged.")
    assert facts(broken) == [("Problem", "It is damaged.")] and "cannot be read" in headline(broken)
