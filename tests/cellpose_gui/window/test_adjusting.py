"""The sliders that show more or fewer cells of what a run has found, without running the model again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QSlider
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from model_core.flows.targets import labels_to_flows
from model_core.segmentation.options import Options
from model_core.segmentation.segmentation import Segmentation
from tests.cellpose_gui.helpers import FakeSegmenter, open_image, press, segmented

SURE, UNSURE = np.s_[0, 15:27, 10:22], np.s_[0, 15:27, 40:52]


@pytest.fixture
def found(qtbot: QtBot, window: MainWindow, images: list[Path], small_model: Path) -> Document:
    """A document into which a run has put one of two cells: the net says short flows of the other."""
    document = open_image(qtbot, window, images[0])
    labels = np.zeros(document.labels.shape, np.uint32)
    labels[SURE], labels[UNSURE] = 1, 2
    flows = labels_to_flows(labels[0]) * np.array([0, 1, 0.3], np.float32)[labels[0]]
    cellprob = np.where(labels > 0, 1.0, -6.0).astype(np.float32)
    kept, scores = np.where(labels == 1, labels, 0), np.array([0, 0.9])
    options = Options(score_threshold=0.4, flow_threshold=0.0)
    run = Segmentation(kept, flows[:, None], cellprob, 12.0, scores, options, "drawn")
    window.workbench.finder.put(document, run, None)
    qtbot.waitUntil(lambda: len(document.objects) == 1, timeout=30_000)
    return document


def sliders(window: MainWindow) -> list[QSlider]:
    return window.segment_panel.findChildren(QSlider)


def test_more_cells_and_back(qtbot: QtBot, window: MainWindow, found: Document) -> None:
    cells, _ = sliders(window)
    cells.setFocus()
    qtbot.keyClick(cells, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: len(found.objects) == 2, timeout=30_000)
    assert found.labels[UNSURE].all() and "2 cells" in window.segment_panel._outcome.text()
    qtbot.mouseDClick(cells, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(found.objects) == 1, timeout=30_000)
    assert cells.value() == 0 and found.labels[SURE].all()
    window.workbench.undo()
    assert len(found.objects) == 2
    window.workbench.undo()
    window.workbench.undo()
    assert not found.labels.any() and found.undo_text is None


def test_a_tight_outline_leaves_nothing_of_an_improbable_cell(
    qtbot: QtBot, window: MainWindow, found: Document
) -> None:
    _, outlines = sliders(window)
    outlines.setValue(-4)
    qtbot.waitUntil(lambda: not found.objects, timeout=30_000)
    assert window.segment_panel.options == {"cellprob_threshold": 1.2}


def test_what_the_sliders_say_counts_in_the_next_run(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[0])
    cells, outlines = sliders(window)
    cells.setValue(5)
    outlines.setValue(-5)
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    assert segmenter.options[-1] == {"score_threshold": 0.2, "cellprob_threshold": 1.5}
