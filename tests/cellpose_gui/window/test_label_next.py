"""A key leads to the image from which there is most to learn, already segmented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from model_core.annotation.objects import Source
from model_core.segmentation.segmentation import Segmentation
from model_core.training.next_to_label import Interest, Region
from tests.cellpose_gui.helpers import FakeSegmenter, dialogs, open_image, press

REGIONS = [Region(0, (0, 30, 0, 40), 0.9), Region(0, (30, 60, 40, 80), 0.5)]


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch, small_model: Path) -> FakeSegmenter:
    """Images are the more interesting the brighter their first pixel is; two cells are found in each."""
    fake = FakeSegmenter()

    def segment(image, model, **options):  # type: ignore[no-untyped-def]
        quiet = {"diameter": None, "progress": lambda *_: None, "cancel": lambda: False}
        return fake(image, model, **(quiet | options))

    def interest(model: object, pixels: np.ndarray, result: Segmentation) -> Interest:
        score = float(pixels[0, 0, 0, 0])
        return Interest(0.5, 0.0, score, REGIONS)

    monkeypatch.setattr("model_core.segmentation.segmenter.segment", segment)
    monkeypatch.setattr("model_core.training.next_to_label.interest", interest)
    return fake


def go(qtbot: QtBot, window: MainWindow) -> None:
    press(qtbot, window, Qt.Key.Key_N, shift=True)


def arrived(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """Waits until an image is open with its cells."""
    qtbot.waitUntil(lambda: window.workbench.path == path, timeout=20_000)
    document = window.workbench.document
    assert document is not None
    qtbot.waitUntil(lambda: len(document.objects) == 2, timeout=20_000)


def looks_at(window: MainWindow, x: float, y: float) -> bool:
    """Whether a place is in the middle of the view."""
    centre = window.canvas.view.box.viewRect().center()
    return abs(centre.x() - x) + abs(centre.y() - y) < 1


def brightness(path: Path) -> int:
    import tifffile

    return int(tifffile.imread(path)[0, 0])


def test_the_most_interesting_image_comes_first_region_by_region(
    qtbot: QtBot, window: MainWindow, images: list[Path], looked_at: FakeSegmenter
) -> None:
    open_image(qtbot, window, images[0])
    first, second = sorted(images[1:], key=brightness, reverse=True)
    go(qtbot, window)
    arrived(qtbot, window, first)
    qtbot.waitUntil(lambda: looks_at(window, 20, 15))
    go(qtbot, window)
    qtbot.waitUntil(lambda: looks_at(window, 60, 45))
    assert window.workbench.path == first
    go(qtbot, window)
    arrived(qtbot, window, second)
    for _ in REGIONS:
        go(qtbot, window)
    with qtbot.waitSignal(window.learning.next.said) as said:
        go(qtbot, window)
    assert "no other image" in said.args[0] and not dialogs(window)


def test_what_was_drawn_stays(
    qtbot: QtBot, window: MainWindow, images: list[Path], looked_at: FakeSegmenter
) -> None:
    best = max(images[1:], key=brightness)
    document = open_image(qtbot, window, best)
    drawn = np.full((1, 8, 8), document.new_id(), np.uint32)
    document.edit((slice(0, 1), slice(40, 48), slice(40, 48)), drawn, "Draw", Source.DRAWN)
    open_image(qtbot, window, images[0])
    go(qtbot, window)
    qtbot.waitUntil(lambda: window.workbench.path == best, timeout=20_000)
    again = window.workbench.document
    assert again is not None
    qtbot.waitUntil(lambda: len(again.objects) == 3, timeout=20_000)
    assert (again.labels[0, 40:48, 40:48] == drawn).all()
    window.workbench.undo()
    assert len(again.objects) == 1, "the cells that were found are one step"
