"""A window that keeps out of the person's own settings, and a model whose answer is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from model_core.segmentation.left_out import left_out
from tests.cellpose_gui.helpers import FakeSegmenter


@pytest.fixture(autouse=True)
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples, settings and logs of tests go nowhere else."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def window(qtbot: QtBot, settings: QSettings) -> Iterator[MainWindow]:
    window = MainWindow(settings)
    window.apply_theme()
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    QApplication.processEvents()
    yield window
    window.workbench.close(discard=True)
    assert window.tasks.stop_all()
    window.deleteLater()


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Three images of 60 x 80 in a folder of their own."""
    folder = tmp_path / "images"
    folder.mkdir()
    paths = [folder / f"cells {number}.tif" for number in (1, 2, 10)]
    for number, path in enumerate(paths):
        pixels = np.random.default_rng(number).integers(0, 200, (60, 80), dtype=np.uint8)
        tifffile.imwrite(path, pixels)
    return paths


@pytest.fixture
def small_model(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's model is a tiny net that has learned nothing."""
    import torch

    from cellpose_gui.tasks import work
    from model_core.models.package import Card, save_package
    from model_core.models.registry import user_folder
    from model_core.networks.flow_net import FlowNet, FlowNetOptions

    torch.manual_seed(0)
    options = FlowNetOptions(widths=(16, 16, 16), depths=(1, 1, 1))
    path = user_folder() / "generalist.safetensors"  # a person's own model comes before the bundled one
    path.parent.mkdir(parents=True)
    save_package(path, FlowNet(options), Card("tiny", options=options.as_dict()))
    monkeypatch.setattr(work, "_models", {})
    return path


@pytest.fixture(scope="session")
def compiled() -> None:
    """The engine's loops, which a fresh checkout compiles at their first use: for longer than tests wait."""
    found = FakeSegmenter()(None, None, progress=lambda fraction, text: None, cancel=lambda: False)
    left_out(found)


@pytest.fixture
def segmenter(compiled: None, monkeypatch: pytest.MonkeyPatch) -> FakeSegmenter:
    """Two cells, found as soon as the test allows it."""
    fake = FakeSegmenter()
    monkeypatch.setattr("model_core.segmentation.segmenter.segment", fake)
    monkeypatch.setattr("cellpose_gui.tasks.work.model", lambda name=None: name)
    return fake
