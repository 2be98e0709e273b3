"""Everything can be reached and named without a mouse and without sight."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.focus import FocusEdge
from tests.cellpose_gui.helpers import open_image, press

CONTROLS = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit)


def controls(window: QWidget) -> list[QWidget]:
    """What a person can act upon; parts of other controls are not counted."""
    return [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, CONTROLS)
        and not isinstance(widget, (QScrollBar, QHeaderView))
        and not widget.objectName().startswith("qt_")
        and not within_a_control(widget)
    ]


def within_a_control(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    return parent is not None and (isinstance(parent, CONTROLS) or within_a_control(parent))


def name_of(widget: QWidget) -> str:
    labels = [label.text() for label in widget.window().findChildren(QLabel) if label.buddy() is widget]
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or text or "".join(labels)


def test_every_control_has_a_name(qtbot: QtBot, window: MainWindow, images: list[Path]) -> None:
    open_image(qtbot, window, images[0])
    nameless = [w for w in controls(window) if not name_of(w).strip()]
    described = [f"{type(w).__name__} in {type(w.parentWidget()).__name__}" for w in nameless]
    assert not [words for words in described if "DockWidget" not in words]


def test_controls_of_the_panels_are_reached_by_tab(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    panels = (window.segment_panel, window.overlay_panel, window.channel_panel)
    for panel in panels:
        for control in controls(panel):
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, name_of(control)


def test_f6_goes_from_panel_to_panel_and_back_to_the_image(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    window.canvas.setFocus()
    been = []
    for _ in range(len(window.docks) + 1):
        press(qtbot, window, Qt.Key.Key_F6)
        here = QApplication.focusWidget()
        assert here is not None
        been += [title for title, dock in window.docks.items() if dock.isAncestorOf(here)]
        if window.canvas.view.hasFocus():
            break
    assert window.canvas.view.hasFocus()
    assert {"Segment", "Labels", "Channels", "Images"} <= set(been) and len(been) == len(set(been))


def test_the_canvas_shows_that_it_has_the_keyboard(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    open_image(qtbot, window, images[0])
    (edge,) = window.findChildren(FocusEdge)
    window.canvas.setFocus()
    QApplication.processEvents()
    assert edge.isVisible() and edge.geometry() == window.canvas.view.rect()
    window.overlay_panel.labels.setFocus()
    assert not edge.isVisible()


def test_text_follows_the_size_that_the_system_asks_for(qtbot: QtBot, window: MainWindow) -> None:
    font = QApplication.font()
    large = QApplication.font()
    large.setPointSizeF(2 * font.pointSizeF())
    try:
        QApplication.setFont(large)
        QApplication.processEvents()
        sizes = {label.font().pointSizeF() for label in window.segment_panel.findChildren(QLabel)}
        assert sizes == {large.pointSizeF()}
        assert window.history_panel.fontMetrics().height() > 25
    finally:
        QApplication.setFont(font)
