"""The menus and the tool bar, made of the commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMainWindow, QMenu, QToolBar, QWidget

from cellpose_gui.actions import Actions, by_section
from cellpose_gui.project.recent import Recent
from cellpose_gui.project.samples import SAMPLES

MENUS = (
    "&File", "&Edit", "&Tools", "&Cells", "&Review", "&Image", "&Model", "&View", "&Go", "F&older", "&Help",
)  # fmt: skip


def fill_menus(window: QMainWindow, actions: Actions) -> dict[str, QMenu]:
    """Makes the menu bar; the menus by their titles without &. Raises KeyError for an unknown menu."""
    bar = window.menuBar()
    assert bar is not None
    menus: dict[str, QMenu] = {}
    for title in MENUS:
        menu = bar.addMenu(title)
        assert menu is not None
        menu.setToolTipsVisible(True)
        menus[title.replace("&", "")] = menu
    for section in by_section(actions.commands):
        menu = menus[section[0].menu]
        if not menu.isEmpty():
            menu.addSeparator()
        for command in section:
            menu.addAction(actions[command.name])
    return menus


def list_files(
    menu: QMenu,
    before: QAction,
    recent: Recent,
    open_path: Callable[[Path], None],
    open_sample: Callable[[str], None],
) -> None:
    """Two menus with what was opened lately and the sample images, before an action of a menu."""
    recently = QMenu("Open &recent", menu)
    recently.aboutToShow.connect(lambda: _list_recent(recently, recent, open_path))
    samples = QMenu("Open sa&mple", menu)
    for sample in SAMPLES:
        samples.addAction(sample, lambda s=sample: open_sample(s))
    menu.insertMenu(before, recently)
    menu.insertMenu(before, samples)


def make_tool_bar(window: QMainWindow, actions: Actions) -> QToolBar:
    bar = QToolBar("Tools", window)
    bar.setObjectName("tools")
    bar.setIconSize(QSize(22, 22))
    bar.setMovable(False)
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    toggle = bar.toggleViewAction()
    assert toggle is not None
    toggle.setEnabled(False)  # a right click must not make the tools vanish for good
    for section in by_section([command for command in actions if command.in_bar]):
        if bar.actions():
            bar.addSeparator()
        for command in section:
            bar.addAction(actions[command.name])
            button = bar.widgetForAction(actions[command.name])
            assert isinstance(button, QWidget)
            button.setAccessibleName(command.title)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
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
