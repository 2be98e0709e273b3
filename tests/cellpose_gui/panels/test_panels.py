"""Panels: what a click on them changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFont, QFontMetrics, QPixmap
from PyQt6.QtWidgets import QLabel, QSlider
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.image_list_model import Role
from cellpose_gui.panels.image_row import in_two_lines
from cellpose_gui.panels.task_bar import time_in_words
from cellpose_gui.panels.thumbnails import thumbnail
from tests.cellpose_gui.helpers import open_image, press


def test_levels_of_a_channel_change_what_the_canvas_shows(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    qtbot.wait(50)
    before = window.canvas.grab().toImage()
    panel = window.channel_panel
    panel.histogram.levels_dragged.emit(150, 190)  # what dragging its edges does
    assert (panel.black.value(), panel.white.value()) == (150, 190)
    assert (window.canvas.channels[0].black, window.canvas.channels[0].white) == (150, 190)
    qtbot.waitUntil(lambda: window.canvas.grab().toImage() != before)
    qtbot.mouseClick(panel.auto, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.canvas.channels[0].black < 10)


def test_channels_hide_by_click_and_by_key(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    path = images[0].with_name("two.tif")
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 99, (2, 30, 40), dtype=np.uint8))
    open_image(qtbot, window, path)
    press(qtbot, window, Qt.Key.Key_G)
    assert window.canvas.image_style.single == 1
    assert window.channel_panel.single.isChecked() and window.channel_panel.current == 1
    press(qtbot, window, Qt.Key.Key_R)
    assert window.canvas.image_style.single == 0
    press(qtbot, window, Qt.Key.Key_R)
    assert window.canvas.image_style.single is None
    window.channel_panel.list.setFocus()
    press(qtbot, window, Qt.Key.Key_Space)
    assert [channel.visible for channel in window.canvas.channels] == [False, True]


def test_labels_fade_by_their_slider(qtbot: QtBot, window: MainWindow) -> None:
    fill, line = window.overlay_panel.findChildren(QSlider)
    fill.setValue(70)
    line.setValue(20)
    assert (window.canvas.overlay.fill_opacity, window.canvas.overlay.outline_opacity) == (0.7, 0.2)
    press(qtbot, window, Qt.Key.Key_X)
    assert not window.canvas.overlay.visible
    assert not window.overlay_panel.labels.isChecked()


@pytest.mark.parametrize(("axis", "planes", "name"), [("Z", 1, ""), ("Z", 5, "Plane"), ("T", 5, "Time")])
def test_the_plane_bar_is_there_for_stacks_and_time_series(
    qtbot: QtBot, window: MainWindow, images: list[Path], axis: str, planes: int, name: str
) -> None:
    path = images[0].with_name("stack.ome.tif")
    stack = np.random.default_rng(0).integers(0, 99, (planes, 30, 40), dtype=np.uint8)
    tifffile.imwrite(path, stack, metadata={"axes": f"{axis}YX"})
    open_image(qtbot, window, path)
    assert window.planes.isVisible() is (planes > 1)
    press(qtbot, window, Qt.Key.Key_Up)
    assert window.canvas.plane == (1 if planes > 1 else 0)
    if planes > 1:
        window.planes.findChildren(QSlider)[0].setValue(3)
        assert window.canvas.plane == 3
        assert {name, "4 of 5"} <= {label.text() for label in window.planes.findChildren(QLabel)}
        press(qtbot, window, Qt.Key.Key_Down)
        assert window.canvas.plane == 2


def test_thumbnails_show_the_image(tmp_path: Path) -> None:
    halves = np.zeros((50, 100), np.uint8)
    halves[:, 50:] = 200
    tifffile.imwrite(tmp_path / "halves.tif", halves)
    picture = thumbnail(tmp_path / "halves.tif")
    assert picture.width() == 2 * picture.height()
    left, right = (picture.pixelColor(x, picture.height() // 2).lightness() for x in (5, picture.width() - 5))
    assert left < 20 < 230 < right


def test_a_file_that_cannot_be_read_is_crossed_out_and_told(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    bad = images[0].parent / "bad.tif"
    bad.write_bytes(b"no image")
    open_image(qtbot, window, images[0])
    model = window.strip.model
    qtbot.waitUntil(lambda: model.row(bad.name) is not None and bool(model.all_entries[0].image_stamp))
    index = model.index(model.row(bad.name) or 0)

    def picture() -> QPixmap | None:
        return index.data(Qt.ItemDataRole.DecorationRole)

    qtbot.waitUntil(lambda: picture() is not None)
    middle = picture().toImage().pixelColor(44, 44)  # type: ignore[union-attr]
    assert middle.red() > 100 > middle.green()
    assert "bad.tif" in index.data(Role.PROBLEM)


@pytest.mark.parametrize("width", [60, 110, 160, 400])
def test_long_names_of_images_take_two_lines(qtbot: QtBot, width: int) -> None:
    name = "plate B well A08 field 3 channel DAPI.tif"
    metrics = QFontMetrics(QFont())
    lines = in_two_lines(name, metrics, width)
    assert len(lines) == (1 if metrics.horizontalAdvance(name) <= width else 2)
    assert all(metrics.horizontalAdvance(line) <= width for line in lines)
    assert lines[0].startswith("plate") and lines[-1].endswith("tif")


def test_what_lies_under_the_cursor_is_told(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    document = open_image(qtbot, window, images[0])
    pixels = document.image.pixels  # type: ignore[attr-defined]
    window.canvas.hovered.emit(window.canvas._reading(_pointer(7.5, 3.5)))
    bar = window.statusBar()
    assert bar is not None
    texts = [label.text() for label in bar.findChildren(QLabel)]
    assert any(f"x 7, y 3   value {pixels[0, 0, 3, 7]}" in text for text in texts)


def _pointer(x: float, y: float):  # type: ignore[no-untyped-def]
    from cellpose_gui.canvas.pointer import Pointer

    return Pointer(x, y, shift=False, ctrl=False, alt=False)


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (42, "42 s"), (150, "2 min"), (7300, "2 h")])
def test_time_left_is_told_in_words(seconds: float, words: str) -> None:
    assert time_in_words(seconds) == words
