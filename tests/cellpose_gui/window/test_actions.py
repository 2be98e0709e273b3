"""Every command has words, a place and a key of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtGui import QAction, QKeySequence, QShortcut
from PyQt6.QtWidgets import QMenu, QToolBar, QWidget
from pytestqt.qtbot import QtBot

from cellpose_gui.actions import Actions, Command
from cellpose_gui.canvas.tools.all_tools import TOOLS
from cellpose_gui.main_window import MainWindow
from tests.cellpose_gui.helpers import open_image, press


def in_menus(window: MainWindow) -> set[QAction]:
    found: set[QAction] = set()

    def walk(actions: list[QAction]) -> None:
        for action in actions:
            menu: QMenu | None = action.menu()
            if menu is not None:
                walk(menu.actions())
            found.add(action)

    bar = window.menuBar()
    assert bar is not None
    walk(bar.actions())
    return found


def test_every_command_has_words_and_is_in_a_menu(window: MainWindow) -> None:
    menus = in_menus(window)
    for command in window.actions_by_name:
        action = window.actions_by_name[command.name]
        assert action.text().strip("&"), command.name
        assert action.toolTip(), command.name
        assert action in menus, f"{command.name} is in no menu"


def test_everything_in_the_tool_bar_has_an_icon(window: MainWindow) -> None:
    bar = window.findChild(QToolBar, "tools")
    assert bar is not None
    actions = [action for action in bar.actions() if not action.isSeparator()]
    assert len(actions) > 8
    assert not [action.text() for action in actions if action.icon().isNull()]


def test_no_key_is_taken_twice(window: MainWindow) -> None:
    keys = [key.toString() for action in window.actions() for key in action.shortcuts()]
    keys += [shortcut.key().toString() for shortcut in window.findChildren(QShortcut)]
    assert len(keys) == len(set(keys))
    assert all(keys), "a key that Qt does not know"


def test_two_commands_cannot_want_the_same_key(qtbot: QtBot, settings: QSettings) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    one = Command("one", "One", "File", lambda: None, keys=("Ctrl+S",))
    two = Command("two", "Two", "File", lambda: None, keys=("S", "ctrl+s"))
    with pytest.raises(ValueError, match="one and two"):
        Actions(widget, widget, [one, two], settings)
    with pytest.raises(ValueError, match="called one"):
        Actions(widget, widget, [one, one], settings)


def test_each_tool_is_chosen_by_its_key_and_shown_as_chosen(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    for tool in TOOLS:
        action = window.actions_by_name[tool.name]
        (key,) = action.shortcuts()
        shift = bool(key[0].keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier)
        press(qtbot, window, Qt.Key(key[0].key()), shift=shift)
        assert window.canvas.tool == tool.name
        checked = [t.name for t in TOOLS if window.actions_by_name[t.name].isChecked()]
        assert checked == [tool.name]


def test_keys_that_every_program_has(window: MainWindow) -> None:
    for name, standard in (
        ("open", QKeySequence.StandardKey.Open),
        ("save", QKeySequence.StandardKey.Save),
        ("undo", QKeySequence.StandardKey.Undo),
        ("redo", QKeySequence.StandardKey.Redo),
        ("select_all", QKeySequence.StandardKey.SelectAll),
    ):
        wanted = {key.toString() for key in QKeySequence.keyBindings(standard)}
        assert wanted & {key.toString() for key in window.actions_by_name[name].shortcuts()}, name


def test_brush_keys_change_the_brush(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    size = window.canvas.brush_size
    press(qtbot, window, Qt.Key.Key_Period)
    press(qtbot, window, Qt.Key.Key_BracketRight)
    assert window.canvas.brush_size == size + 2
    press(qtbot, window, Qt.Key.Key_Comma)
    press(qtbot, window, Qt.Key.Key_BracketLeft)
    assert window.canvas.brush_size == size


def test_closed_panels_come_back_by_the_menu(qtbot: QtBot, window: MainWindow) -> None:
    dock = window.segment_panel.parentWidget()
    assert dock is not None
    dock.close()
    assert not dock.isVisible()
    (action,) = [action for action in in_menus(window) if "Segment”" in action.text()]
    action.trigger()
    assert dock.isVisible()
