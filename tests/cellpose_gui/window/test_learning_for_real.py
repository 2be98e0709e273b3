"""From drawn cells to the model in use, by a real training of a tiny net while the person goes on drawing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.tasks import retrain_work
from cellpose_gui.tasks.retrain_work import Wish
from model_core.annotation.objects import Source
from model_core.models.registry import find_model, model_names
from model_core.training import fine_tuning
from model_core.training.retraining import RetrainOptions
from tests.cellpose_gui.helpers import dialogs, open_image

OPTIONS = RetrainOptions(minutes=2, epochs=1, crops=1, replay=0.0, device="cpu")


def discs() -> np.ndarray:
    """64 cells, (240, 240)."""
    labels = np.zeros((240, 240), np.uint32)
    y, x = np.mgrid[:240, :240]
    for number in range(64):
        middle = 15 + 30 * (number // 8), 15 + 30 * (number % 8)
        labels[np.hypot(y - middle[0], x - middle[1]) < 10] = number + 1
    return labels


def test_drawn_cells_become_the_model_in_use(
    qtbot: QtBot, window: MainWindow, small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fine_tuning, "_SIDES", (64,))
    monkeypatch.setattr(retrain_work, "be_modest", lambda: None)  # nothing of this test need go before it
    folder = tmp_path / "discs"
    folder.mkdir()
    tifffile.imwrite(folder / "a.tif", (40 + 150 * (discs() > 0)).astype(np.uint8))
    document = open_image(qtbot, window, folder / "a.tif")
    whole = tuple(slice(0, size) for size in document.labels.shape)
    document.edit(whole, discs()[None], "Draw", Source.DRAWN)
    training = window.learning.training
    window.learning._start(Wish(folder, options=OPTIONS))
    qtbot.waitUntil(lambda: training.last is not None and training.last.loss is not None, timeout=120_000)
    corner = (slice(0, 1), slice(0, 5), slice(0, 5))
    document.edit(corner, np.full((1, 5, 5), 99, np.uint32), "Draw", Source.DRAWN)  # meanwhile
    qtbot.waitUntil(lambda: not training.running, timeout=120_000)
    assert not dialogs(window) and training.offer is not None
    comparison, card = training.offer.comparison, training.offer.card
    assert len(comparison.cells) >= 10 and not comparison.cross_validated
    assert card.data[-1]["objects"] == 64  # what was drawn meanwhile is for the next time
    training.use()
    qtbot.waitUntil(lambda: card.name in model_names(), timeout=20_000)
    qtbot.waitUntil(lambda: window.segment_panel.model_name == card.name, timeout=20_000)
    assert find_model(card.name).exists() and len(document.objects) == 65
