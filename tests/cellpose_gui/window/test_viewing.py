"""Looking at an image and its cells by keys: zoom, single channels, second outline, full screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from tests.cellpose_gui.helpers import FakeSegmenter, open_image, press, segmented


def test_zoom_by_keys(qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter) -> None:
    document = open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    view = window.canvas.view
    fitted = view.scale_factor
    press(qtbot, window, Qt.Key.Key_Plus)
    assert view.scale_factor == pytest.approx(1.25 * fitted)
    press(qtbot, window, Qt.Key.Key_Minus)
    assert view.scale_factor == pytest.approx(fitted)
    assert not window.actions_by_name["zoom_selection"].isEnabled()
    document.select([2])
    window.actions_by_name["zoom_selection"].trigger()
    assert view.box.viewRect().contains(QRectF(30, 10, 10, 10)) and view.box.viewRect().height() < 25
    press(qtbot, window, Qt.Key.Key_F)
    assert view.fitted


def test_the_result_before_the_last_run_is_compared(
    qtbot: QtBot, window: MainWindow, images: list[Path], segmenter: FakeSegmenter
) -> None:
    document = open_image(qtbot, window, images[0])
    with qtbot.waitSignal(window.workbench.said, check_params_cb=lambda text: "not run" in text):
        window.actions_by_name["previous_result"].trigger()
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    first = document.labels.copy()
    segmenter.cells = np.roll(segmenter.cells, 20, axis=1)
    press(qtbot, window, Qt.Key.Key_S)
    segmented(qtbot, window)
    box = window.overlay_panel.comparison
    box.click()
    qtbot.waitUntil(lambda: window.canvas.guides.comparison)
    assert box.isChecked() and window.actions_by_name["previous_result"].isChecked()
    np.testing.assert_array_equal(window.canvas.guides._comparison._labels, first)
    QTest.keyClick(window.canvas.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ShiftModifier)
    assert not window.canvas.guides.comparison and not box.isChecked()


def test_sixteen_channels_open_and_are_listed(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    path = images[0].with_name("many.ome.tif")
    pixels = np.random.default_rng(0).integers(0, 4000, (16, 40, 50), dtype=np.uint16)
    tifffile.imwrite(path, pixels, metadata={"axes": "CYX"})
    open_image(qtbot, window, path)
    panel = window.channel_panel
    assert panel.list.topLevelItemCount() == 16
    panel.solo(9)
    assert window.canvas.image_style.single == 9 and panel.current == 9
    item = panel.list.topLevelItem(9)
    assert item is not None
    item.setText(0, "DAPI")
    panel.gamma.setValue(2.0)
    assert (window.canvas.channels[9].name, window.canvas.channels[9].gamma) == ("DAPI", 2.0)
    panel.black.setValue(3000)
    panel.white.setValue(100)
    panel.black.editingFinished.emit()
    shown = window.canvas.channels[9]
    assert shown.black < shown.white, "levels that cross are not taken"


def test_inverted_exchanges_dark_and_bright(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    before = window.canvas._image.picture(40)
    press(qtbot, window, Qt.Key.Key_I)
    after = window.canvas._image.picture(40)
    assert before is not None and after is not None
    np.testing.assert_array_equal(after, before ^ np.uint32(0x00FFFFFF))


def test_full_screen_and_back(qtbot: QtBot, window: MainWindow) -> None:
    press(qtbot, window, Qt.Key.Key_F11)
    assert window.isFullScreen() and window.actions_by_name["full_screen"].isChecked()
    press(qtbot, window, Qt.Key.Key_F11)
    assert not window.isFullScreen()
