"""The menus and the tool bar: where each command is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QMenu, QToolBar

from cellpose_gui.project.recent import Recent
from cellpose_gui.project.samples import SAMPLES

_MENUS = {
    "&File": "open open_folder | save export | quit",
    "&Edit": "undo redo | select_all delete_selected",
    "&Tools": "select lasso | brush eraser outline polygon reshape fill | split delete | pan | "
    "larger smaller",
    "&Cells": "segment | merge expand shrink resize smooth convex fill_holes | lock unlock solo | "
    "copy_up copy_down interpolate | delete_rule",
    "&View": "fit actual_size | labels outlines | red green blue | plane_up plane_down | dark",
    "&Go": "previous next",
    "&Help": "about",
}
_BAR = (
    "open save | undo redo | select lasso | brush eraser outline polygon reshape fill | split merge delete | "
    "expand shrink lock unlock | pan fit | segment"
)


def fill_menus(
    window: QMainWindow,
    actions: dict[str, QAction],
    recent: Recent,
    open_path: Callable[[Path], None],
    open_sample: Callable[[str], None],
) -> dict[str, QMenu]:
    """Makes the menu bar; the menus by their titles."""
    bar = window.menuBar()
    assert bar is not None
    menus: dict[str, QMenu] = {}
    for title, names in _MENUS.items():
        menu = bar.addMenu(title)
        assert menu is not None
        menus[title] = menu
        for name in names.split():
            if name == "|":
                menu.addSeparator()
            else:
                menu.addAction(actions[name])
    recently = QMenu("Open &recent", window)
    recently.aboutToShow.connect(lambda: _list_recent(recently, recent, open_path))
    samples = QMenu("Open sa&mple", window)
    for sample in SAMPLES:
        samples.addAction(sample, lambda s=sample: open_sample(s))
    before = menus["&File"].actions()[2]  # the line below the two that open
    menus["&File"].insertMenu(before, recently)
    menus["&File"].insertMenu(before, samples)
    return menus


def list_docks(menu: QMenu, docks: list[QDockWidget]) -> None:
    """Panels that were closed come back by the menu."""
    menu.addSeparator()
    for dock in docks:
        action = dock.toggleViewAction()
        assert action is not None
        action.setText(f"Panel “{dock.windowTitle()}”")
        menu.addAction(action)


def make_tool_bar(window: QMainWindow, actions: dict[str, QAction]) -> QToolBar:
    bar = QToolBar("Tools", window)
    bar.setObjectName("tools")
    bar.setIconSize(QSize(22, 22))
    bar.setMovable(False)
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    toggle = bar.toggleViewAction()
    assert toggle is not None
    toggle.setEnabled(False)  # a right click must not make the tools vanish for good
    for name in _BAR.split():
        if name == "|":
            bar.addSeparator()
        else:
            bar.addAction(actions[name])
    window.addToolBar(bar)
    return bar


def _list_recent(menu: QMenu, recent: Recent, open_path: Callable[[Path], None]) -> None:
    menu.clear()
    for path in recent.paths():
        menu.addAction(str(path).replace("&", "&&"), lambda p=path: open_path(p))
    if menu.isEmpty():
        action = menu.addAction("Nothing opened yet")
        assert action is not None
        action.setEnabled(False)
