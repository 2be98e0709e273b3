"""The palette, the cheat sheet and the editor of shortcuts, driven by keys."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtWidgets import QKeySequenceEdit, QLineEdit, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from cellpose_gui.canvas.tools.all_tools import TOOLS
from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.cheat_sheet import CheatSheet
from cellpose_gui.panels.shortcut_editor import ShortcutEditor
from tests.cellpose_gui.helpers import open_image, press


def line_of(window: MainWindow) -> QLineEdit:
    (line,) = window.palette_of_commands.findChildren(QLineEdit)
    return line


def listed(window: MainWindow) -> list[str]:
    (tree,) = window.palette_of_commands.findChildren(QTreeWidget)
    return [tree.topLevelItem(row).text(0) for row in range(tree.topLevelItemCount())]  # type: ignore[union-attr]


def test_a_command_is_found_by_letters_and_done_by_return(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_K, ctrl=True)
    assert line_of(window).hasFocus()
    qtbot.keyClicks(line_of(window), "bru")
    assert listed(window)[0] == "Brush"
    qtbot.keyClick(line_of(window), Qt.Key.Key_Return)
    assert window.canvas.tool == "brush"
    assert not window.palette_of_commands.isVisible()
    assert window.canvas.view.hasFocus()


def test_arrows_choose_and_escape_leaves(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    press(qtbot, window, Qt.Key.Key_K, ctrl=True)
    qtbot.keyClicks(line_of(window), "brush")
    second = listed(window)[1]
    before = window.canvas.tool
    qtbot.keyClick(line_of(window), Qt.Key.Key_Down)
    (tree,) = window.palette_of_commands.findChildren(QTreeWidget)
    assert tree.currentItem().text(0) == second  # type: ignore[union-attr]
    qtbot.keyClick(line_of(window), Qt.Key.Key_Escape)
    assert not window.palette_of_commands.isVisible() and window.canvas.tool == before
    assert window.canvas.view.hasFocus()


def test_what_was_used_lately_comes_first_also_tomorrow(
    qtbot: QtBot, window: MainWindow, images: list[Path], settings: QSettings
) -> None:
    open_image(qtbot, window, images[0])
    for letters in ("eraser", "fit image"):
        press(qtbot, window, Qt.Key.Key_K, ctrl=True)
        qtbot.keyClicks(line_of(window), letters)
        qtbot.keyClick(line_of(window), Qt.Key.Key_Return)
    assert [c.title for c in window.palette_of_commands.matches("")[:2]] == ["Fit image", "Eraser"]
    again = MainWindow(settings)
    qtbot.addWidget(again)
    assert [c.title for c in again.palette_of_commands.matches("")[:2]] == ["Fit image", "Eraser"]


def test_what_makes_no_sense_now_is_listed_but_not_done(qtbot: QtBot, window: MainWindow) -> None:
    press(qtbot, window, Qt.Key.Key_K, ctrl=True)
    qtbot.keyClicks(line_of(window), "export again")
    assert listed(window)[0] == "Export again"
    qtbot.keyClick(line_of(window), Qt.Key.Key_Return)
    assert window.palette_of_commands.isVisible()  # nothing was done: there is no image


def test_every_command_is_in_the_palette_and_every_key_on_the_cheat_sheet(
    qtbot: QtBot, window: MainWindow
) -> None:
    names = {command.name for command in window.palette_of_commands.matches("")}
    assert names == {command.name for command in window.actions_by_name} - {"palette"}
    window.show_cheat_sheet()
    (sheet,) = window.findChildren(CheatSheet)
    rows = [row for rows in sheet.sections().values() for row in rows]
    for command in window.actions_by_name:
        keys = window.actions_by_name.keys_shown(command)
        assert not keys or (" or ".join(keys), command.title) in rows
    for tool in TOOLS:
        assert tool.gestures and set(tool.gestures) <= set(rows)
    assert list(sheet.sections("undo")) == ["Edit"]
    sheet.close()


def test_a_key_is_chosen_by_pressing_it_and_works_at_once(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    window.edit_shortcuts()
    (editor,) = window.findChildren(ShortcutEditor)
    choose(editor, "labels")
    (field,) = editor.findChildren(QKeySequenceEdit)
    qtbot.keyClick(field, Qt.Key.Key_J)
    click(qtbot, editor, "Use this key")
    assert window.actions_by_name.shortcuts.keys("labels") == ("J",)
    editor.close()
    window.canvas.setFocus()
    press(qtbot, window, Qt.Key.Key_X)
    assert window.canvas.overlay.visible
    press(qtbot, window, Qt.Key.Key_J)
    assert not window.canvas.overlay.visible


def test_the_editor_says_whose_a_key_is_and_takes_it_only_then(qtbot: QtBot, window: MainWindow) -> None:
    window.edit_shortcuts()
    (editor,) = window.findChildren(ShortcutEditor)
    choose(editor, "labels")
    (field,) = editor.findChildren(QKeySequenceEdit)
    qtbot.keyClick(field, Qt.Key.Key_S)
    assert "Segment" in editor._said.text()
    click(qtbot, editor, "Add this key")
    shortcuts = window.actions_by_name.shortcuts
    assert shortcuts.keys("labels") == ("X", "S") and shortcuts.keys("segment") == ()
    qtbot.keyClick(field, Qt.Key.Key_Space)
    assert not button(editor, "Use this key").isEnabled()
    click(qtbot, editor, "Reset all")
    assert shortcuts.keys("segment") == ("S",) and shortcuts.keys("labels") == ("X",)
    editor.close()


def choose(editor: ShortcutEditor, name: str) -> None:
    (row,) = [row for row in editor._rows() if row.data(0, Qt.ItemDataRole.UserRole) == name]
    editor._list.setCurrentItem(row)


def button(editor: ShortcutEditor, words: str) -> QPushButton:
    (found,) = [b for b in editor.findChildren(QPushButton) if b.text().replace("&", "") == words]
    return found


def click(qtbot: QtBot, editor: ShortcutEditor, words: str) -> None:
    qtbot.mouseClick(button(editor, words), Qt.MouseButton.LeftButton)
