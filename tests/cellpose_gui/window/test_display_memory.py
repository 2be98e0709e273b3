"""How an image is shown survives restarts, image by image."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from cellpose_gui.canvas.channel_display import ChannelDisplay
from cellpose_gui.canvas.display_settings import Display, ImageStyle, from_setting, to_setting
from cellpose_gui.main_window import MainWindow
from tests.cellpose_gui.helpers import open_image

DISPLAY = Display(
    (ChannelDisplay(3, 70, 1.5, "magma", False, "DAPI"), ChannelDisplay(0, 9.5, colour=(1, 2, 3))),
    ImageStyle(1, True),
)


@pytest.fixture
def restart(qtbot: QtBot, window: MainWindow, settings: QSettings) -> Iterator[Callable[[], MainWindow]]:
    """Closes the window as a person does, and starts the program again."""
    made: list[MainWindow] = []

    def start_again() -> MainWindow:
        for old in (window, *made):
            old.close()
        made.append(MainWindow(settings))
        return made[-1]

    yield start_again
    for each in made:
        each.workbench.close(discard=True)
        assert each.tasks.stop_all()
        each.deleteLater()


def change(window: MainWindow, **changes: object) -> None:
    first, *others = window.canvas.channels
    window.canvas.channels = (replace(first, **changes), *others)  # type: ignore[arg-type]


@pytest.mark.parametrize("work", [False, True], ids=["only looked at", "worked on"])
def test_image_looks_as_it_was_left(
    qtbot: QtBot, window: MainWindow, images: list[Path], restart: Callable[[], MainWindow], work: bool
) -> None:
    document = open_image(qtbot, window, images[0])
    usual = window.canvas.channels
    if work:
        document.edit((slice(0, 1), slice(0, 3), slice(0, 3)), document.labels[:, :3, :3] + 1, "Draw")
    change(window, black=11.0, white=22.0, gamma=0.5, colour="cyan", name="nuclei")
    window.canvas.image_style = ImageStyle(inverted=True)
    changed = window.canvas.channels
    open_image(qtbot, window, images[1])
    assert window.canvas.channels != changed and window.canvas.image_style == ImageStyle()
    again = restart()
    open_image(qtbot, again, images[0])
    assert again.canvas.channels == changed != usual
    assert again.canvas.image_style == ImageStyle(inverted=True)
    assert again.channel_panel.inverted.isChecked()


def test_drawing_of_cells_looks_as_it_was_left(window: MainWindow, restart: Callable[[], MainWindow]) -> None:
    window.canvas.overlay = replace(
        window.canvas.overlay, fill_opacity=0.6, outlines=False, palette="Light", visible=False
    )
    overlay = restart().canvas.overlay
    assert overlay.fill_opacity == 0.6 and not overlay.outlines and overlay.palette == "Light"
    assert overlay.visible  # who starts anew wants to see cells


def test_settings_go_round() -> None:
    assert from_setting(json.loads(json.dumps(to_setting(DISPLAY))), 2) == DISPLAY


@pytest.mark.parametrize(
    "damage",
    [
        {"single": 2},
        {"single": "a"},
        {"channels": 5},
        {"channels": [{}, {}]},
        {"channels": [{**to_setting(DISPLAY)["channels"][0], "white": float("nan")}] * 2},
        {"channels": [{**to_setting(DISPLAY)["channels"][0], "gamma": 0}] * 2},
        {"channels": [{**to_setting(DISPLAY)["channels"][0], "colour": "mud"}] * 2},
        {"channels": [{**to_setting(DISPLAY)["channels"][0], "colour": [1, 2]}] * 2},
        {"channels": [{**to_setting(DISPLAY)["channels"][0], "black": 1e999}] * 2},
    ],
    ids=str,
)
def test_nonsense_is_no_display(damage: dict) -> None:
    assert from_setting({**to_setting(DISPLAY), **damage}, 2) is None
    assert from_setting(to_setting(DISPLAY), 3) is None
    assert from_setting(None, 1) is None


def test_settings_that_somebody_edited(settings: QSettings, restart: Callable[[], MainWindow]) -> None:
    for text in ("nonsense", "[]", '{"fill_opacity": "much", "palette": [], "outlines": 3}'):
        settings.setValue("overlay", text)
        settings.setValue("display", text)
        assert restart().canvas.overlay.outlines
