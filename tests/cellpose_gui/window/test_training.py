"""Retraining in the window: one key, the person goes on, an offer with before and after, the answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QPushButton, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.offer_view import counts, headline
from cellpose_gui.panels.retrain_options import RetrainOptionsDialog
from model_core.annotation.objects import Review, Source
from model_core.errors import UserError
from model_core.models.package import read_card
from model_core.models.registry import find_model, model_names
from model_core.training.retraining import Interrupted, RetrainResult
from tests.cellpose_gui.canvas.hand import two_cells
from tests.cellpose_gui.helpers import FakeSegmenter, dialogs, open_image, press, the_dialog
from tests.cellpose_gui.window.retrainer import FakeRetraining


@pytest.fixture
def retraining(monkeypatch: pytest.MonkeyPatch, small_model: Path) -> FakeRetraining:
    fake = FakeRetraining()
    monkeypatch.setattr("model_core.training.retraining.retrain", fake)
    return fake


@pytest.fixture
def labelled(qtbot: QtBot, window: MainWindow, images: list[Path]) -> Document:
    """Two cells that were drawn."""
    document = open_image(qtbot, window, images[0])
    whole = (slice(0, 1), slice(0, 60), slice(0, 80))
    document.edit(whole, two_cells()[None], "Draw", Source.DRAWN)
    return document


def wait_for_offer(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.learning.training.running, timeout=20_000)
    assert not [box.text() + box.detailedText() for box in dialogs(window)]
    assert window.learning.training.offer is not None


def button(window: MainWindow, name: str) -> QPushButton:
    return getattr(window.learning.training_panel.offer, f"{name}_button")


def click(qtbot: QtBot, widget: QPushButton) -> None:
    assert widget.isVisible() and widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def train(qtbot: QtBot, window: MainWindow, retraining: FakeRetraining) -> None:
    press(qtbot, window, Qt.Key.Key_T, ctrl=True)
    qtbot.waitUntil(retraining.started.is_set, timeout=20_000)


def test_one_key_trains_while_the_person_goes_on_and_the_better_model_is_the_default(
    qtbot: QtBot, window: MainWindow, labelled: Document, retraining: FakeRetraining
) -> None:
    train(qtbot, window, retraining)
    panel = window.learning.training_panel
    assert not window.docks["Training"].isHidden()
    qtbot.waitUntil(lambda: "AP 0.60" in panel.words)
    assert "42 s left" in panel.words and "CPU" in panel.words and "80 cells" in panel.words
    before = len(labelled.store.history.steps)
    labelled.edit((slice(0, 1), slice(40, 45), slice(40, 45)), np.full((1, 5, 5), 9), "Draw", Source.DRAWN)
    assert len(labelled.store.history.steps) == before + 1
    (request,) = retraining.requests
    assert [image.path for image in request.images] == [labelled.image.path]
    assert request.images[0].cells == 2, "as it was when the key was pressed"
    assert request.name == "images" and request.start is None
    retraining.finish.set()
    wait_for_offer(qtbot, window)
    assert button(window, "use").isDefault() and not button(window, "keep").isDefault()
    assert model_names() == ["generalist"], "nothing is used before the person says so"
    click(qtbot, button(window, "use"))
    qtbot.waitUntil(lambda: window.segment_panel.model_name == "images", timeout=20_000)
    card = read_card(find_model("images"))
    assert card.parent == "tiny" and card.name == "images"
    assert window.learning.training.offer is None and not dialogs(window)
    assert "“images” has learned" in panel.words and "Press S" in panel.words, "what to do next"


def test_a_worse_model_is_not_the_default_and_can_be_brought_back(
    qtbot: QtBot, window: MainWindow, labelled: Document, retraining: FakeRetraining
) -> None:
    retraining.after = 0.5
    retraining.finish.set()
    train(qtbot, window, retraining)
    wait_for_offer(qtbot, window)
    assert button(window, "keep").isDefault() and not button(window, "use").isDefault()
    press(qtbot, window, Qt.Key.Key_T, ctrl=True)
    assert len(retraining.requests) == 1, "the question comes first"
    click(qtbot, button(window, "keep"))
    qtbot.waitUntil(lambda: window.learning.training.offer is None, timeout=20_000)
    assert model_names() == ["generalist"] and window.segment_panel.model is None
    window.docks.show("Models")
    click(qtbot, window.learning.models_panel.bring_back)
    qtbot.waitUntil(lambda: model_names() == ["generalist", "images"], timeout=20_000)
    assert window.segment_panel.model is None


def test_stopping_keeps_the_best_and_pausing_computes_nothing(
    qtbot: QtBot, window: MainWindow, labelled: Document, retraining: FakeRetraining
) -> None:
    retraining.best = 0.7
    train(qtbot, window, retraining)
    panel = window.learning.training_panel
    click(qtbot, panel.pause_button)
    qtbot.waitUntil(retraining.paused_seen.is_set)
    assert panel.pause_button.text() == "Go on" and "Paused" in panel.words
    click(qtbot, panel.stop_button)
    wait_for_offer(qtbot, window)
    offer = window.learning.training.offer
    assert offer is not None and offer.comparison.ap_after == 0.7


def test_stopping_before_there_is_anything_changes_nothing(
    qtbot: QtBot, window: MainWindow, labelled: Document, retraining: FakeRetraining
) -> None:
    train(qtbot, window, retraining)
    window.actions_by_name["stop_training"].trigger()
    qtbot.waitUntil(lambda: not window.learning.training.running)
    assert window.learning.training.offer is None and not dialogs(window)
    assert model_names() == ["generalist"]


def test_a_second_training_waits_for_the_first(
    qtbot: QtBot, window: MainWindow, labelled: Document, retraining: FakeRetraining
) -> None:
    train(qtbot, window, retraining)
    with qtbot.waitSignal(window.learning.training.said) as said:
        press(qtbot, window, Qt.Key.Key_T, ctrl=True)
    assert "going on already" in said.args[0] and len(retraining.requests) == 1
    window.learning.training.stop()
    qtbot.waitUntil(lambda: not window.learning.training.running)


def test_what_goes_wrong_is_said_and_the_old_model_stays(
    qtbot: QtBot, window: MainWindow, labelled: Document, retraining: FakeRetraining
) -> None:
    retraining.error = UserError("The loss is not a number.")
    retraining.finish.set()
    train(qtbot, window, retraining)
    box = the_dialog(qtbot, window)
    assert "not a number" in box.text()
    box.close()
    assert model_names() == ["generalist"] and not window.learning.training.running


def test_without_any_reviewed_cell_there_is_nothing_to_learn_from(
    qtbot: QtBot, window: MainWindow, images: list[Path], retraining: FakeRetraining
) -> None:
    document = open_image(qtbot, window, images[0])
    document.edit((slice(0, 1), slice(0, 60), slice(0, 80)), two_cells()[None], "Segment", Source.MODEL)
    press(qtbot, window, Qt.Key.Key_T, ctrl=True)
    box = the_dialog(qtbot, window)
    assert "nothing to learn from" in box.text() and "Shift+T" in box.text()
    assert not retraining.requests
    box.close()


def test_cells_of_the_offer_are_listed_and_lead_to_the_canvas(
    qtbot: QtBot, window: MainWindow, images: list[Path], labelled: Document, retraining: FakeRetraining
) -> None:
    retraining.finish.set()
    train(qtbot, window, retraining)
    wait_for_offer(qtbot, window)
    offer = window.learning.training.offer
    assert offer is not None
    assert headline(offer.comparison) == "The new model is better: AP 0.60 → 0.80"
    assert "2 held-out cells" in counts(offer.comparison) and "1 broken, 1 fixed" in counts(offer.comparison)
    tree = window.learning.training_panel.offer.list
    rows = _all_rows(tree.topLevelItem(0))
    assert [row.text(0) for row in rows] == [
        "cells 1.tif", "1 broken", "cell 1", "1 fixed", "cell 2", "found where nothing is",
    ]  # fmt: skip
    open_image(qtbot, window, images[1])
    tree.itemClicked.emit(rows[4], 0)
    qtbot.waitUntil(lambda: window.workbench.path == images[0], timeout=20_000)
    qtbot.waitUntil(lambda: window.canvas.document is not None and window.canvas.document.selected == {2})
    assert window.canvas.guides.comparison, "what the new model finds, as a second outline"
    middle = window.canvas.view.box.viewRect().center()
    assert abs(middle.x() - 35) < 1 and abs(middle.y() - 15) < 1


def test_a_full_disk_loses_nothing(
    qtbot: QtBot,
    window: MainWindow,
    labelled: Document,
    retraining: FakeRetraining,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    retraining.finish.set()
    train(qtbot, window, retraining)
    wait_for_offer(qtbot, window)
    with monkeypatch.context() as full:
        full.setattr(RetrainResult, "save", _no_room)
        click(qtbot, button(window, "use"))
        box = the_dialog(qtbot, window)
    assert "disk is full" in box.text()
    box.close()
    assert window.learning.training.offer is not None and model_names() == ["generalist"]
    click(qtbot, button(window, "use"))
    qtbot.waitUntil(lambda: window.segment_panel.model_name == "images", timeout=20_000)


def _no_room(result: RetrainResult, path: Path) -> None:
    raise UserError("The disk is full.")


def test_compare_on_this_image_changes_nothing(
    qtbot: QtBot,
    window: MainWindow,
    labelled: Document,
    retraining: FakeRetraining,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("model_core.segmentation.segmenter.segment", FakeSegmenter())
    retraining.finish.set()
    train(qtbot, window, retraining)
    wait_for_offer(qtbot, window)
    steps = len(labelled.store.history.steps)
    click(qtbot, button(window, "compare"))
    qtbot.waitUntil(lambda: window.canvas.guides.comparison, timeout=30_000)
    assert len(labelled.store.history.steps) == steps


def test_a_training_that_was_interrupted_is_offered_again(
    qtbot: QtBot,
    window: MainWindow,
    images: list[Path],
    labelled: Document,
    retraining: FakeRetraining,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "model_core.training.retraining_state.interrupted",
        lambda work: Interrupted("yeast", "", "2026-01-02T03:04:05", 2.0, 30.0, 0.61, 0.72),
    )
    window.learning.training.look_for_interrupted(images[0].parent)
    panel = window.learning.training_panel
    qtbot.waitUntil(lambda: panel.resume_button.isVisible())
    assert "yeast" in panel.words and "0.72" in panel.words
    click(qtbot, panel.resume_button)
    qtbot.waitUntil(retraining.started.is_set, timeout=20_000)
    assert retraining.requests[0].resume
    retraining.finish.set()
    wait_for_offer(qtbot, window)


def test_options_start_from_what_the_data_suggest(
    qtbot: QtBot, window: MainWindow, labelled: Document, retraining: FakeRetraining
) -> None:
    window.actions_by_name["retrain_options"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(RetrainOptionsDialog)), timeout=20_000)
    (dialog,) = window.findChildren(RetrainOptionsDialog)
    assert dialog.images.count() == 1 and "2 cells" in dialog.images.item(0).text()
    assert dialog.wish().options is not None and dialog.wish().options.minutes is None
    assert [b.text() for b in dialog.findChildren(QPushButton) if b.isDefault()] == ["Retrain"]
    dialog.minutes.setValue(7)
    dialog.name.setText("my yeast")
    dialog.accept()
    qtbot.waitUntil(retraining.started.is_set, timeout=20_000)
    (request,) = retraining.requests
    assert request.name == "my yeast" and request.options.minutes == 7
    assert request.options.learning_rate is None, "what was left as proposed comes from the data"
    retraining.finish.set()
    wait_for_offer(qtbot, window)


def test_accepted_cells_count(
    qtbot: QtBot, window: MainWindow, images: list[Path], retraining: FakeRetraining
) -> None:
    document = open_image(qtbot, window, images[0])
    document.edit((slice(0, 1), slice(0, 60), slice(0, 80)), two_cells()[None], "Segment", Source.MODEL)
    document.select([2])
    press(qtbot, window, Qt.Key.Key_T, shift=True)
    assert document.objects[2].review is Review.ACCEPTED
    train(qtbot, window, retraining)
    assert retraining.requests[0].images[0].cells == 1
    retraining.finish.set()
    wait_for_offer(qtbot, window)


def _all_rows(item: QTreeWidgetItem | None) -> list[QTreeWidgetItem]:
    assert item is not None
    rows = [item]
    for place in range(item.childCount()):
        rows += _all_rows(item.child(place))
    return rows
