"""The sample images."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.project.samples import SAMPLES, sample_folder, write_sample
from model_core.errors import UserError
from model_core.images.readers import read_image
from tests.cellpose_gui.helpers import dialogs

SHAPES = [(1, 1, 303, 384), (3, 1, 512, 512), (2, 1, 512, 512), (1, 24, 192, 192)]


@pytest.mark.parametrize(("title", "shape"), list(zip(SAMPLES, SHAPES, strict=True)))
def test_each_sample_opens_from_the_welcome_card(
    qtbot: QtBot, window: MainWindow, title: str, shape: tuple[int, ...]
) -> None:
    window.welcome.sample_asked.emit(title)
    qtbot.waitUntil(lambda: window.workbench.document is not None, timeout=20_000)
    assert window.workbench.path is not None
    assert window.workbench.path.parent == sample_folder()
    assert window.workbench.image is not None and window.workbench.image.shape == shape
    assert not dialogs(window)


def test_a_sample_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = write_sample("Coins (grey)", tmp_path)
    path.write_bytes(b"changed by the person")
    assert write_sample("Coins (grey)", tmp_path) == path
    assert path.read_bytes() == b"changed by the person"


def test_samples_are_the_same_everywhere(tmp_path: Path) -> None:
    one, other = (write_sample("Stack (3D, rendered)", tmp_path / name) for name in "ab")
    assert (read_image(one).pixels == read_image(other).pixels).all()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file"):
        write_sample("Coins (grey)", tmp_path / "file" / "samples")
