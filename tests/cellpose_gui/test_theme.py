"""Light and dark: text can be read, icons can be seen."""

from __future__ import annotations

from importlib import resources

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtGui import QColor, QIcon, QPalette
from PyQt6.QtWidgets import QAbstractButton, QApplication, QDockWidget
from pytestqt.qtbot import QtBot

from cellpose_gui.clear_style import TINT
from cellpose_gui.main_window import MainWindow
from cellpose_gui.theme import alarm, apply_theme

ROLE = QPalette.ColorRole
PAIRS = [
    (ROLE.WindowText, ROLE.Window),
    (ROLE.Text, ROLE.Base),
    (ROLE.ButtonText, ROLE.Button),
    (ROLE.ToolTipText, ROLE.ToolTipBase),
]


def luminance(colour: QColor) -> float:
    """Relative luminance, WCAG 2.1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out(qapp: QApplication, dark: bool) -> None:
    apply_theme(qapp, dark)
    palette = QApplication.palette()
    for text, ground in PAIRS:
        assert contrast(palette.color(text), palette.color(ground)) >= 4.5, (text, ground)
        disabled = palette.color(QPalette.ColorGroup.Disabled, text)
        assert contrast(disabled, palette.color(ground)) >= 2.5, (text, ground)
    assert (luminance(palette.color(ROLE.Window)) < 0.5) is dark
    assert contrast(palette.color(ROLE.HighlightedText), palette.color(ROLE.Highlight)) >= 4.5
    for ground in (ROLE.Window, ROLE.Base):
        assert contrast(palette.color(ROLE.PlaceholderText), palette.color(ground)) >= 4.5
        assert contrast(palette.color(ROLE.Link), palette.color(ground)) >= 4.5
        assert contrast(alarm(), palette.color(ground)) >= 4.5
        for line in (ROLE.Mid, ROLE.BrightText):  # edges of controls, the focus
            assert contrast(palette.color(line), palette.color(ground)) >= 3


@pytest.mark.parametrize("dark", [False, True])
def test_icons_stand_out_from_the_start(qtbot: QtBot, settings: QSettings, dark: bool) -> None:
    settings.setValue("theme/dark", dark)
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.apply_theme()
    ground = QApplication.palette().color(ROLE.Window)
    for command in window.actions_by_name:
        if command.icon:
            drawn = window.actions_by_name[command.name].icon()
            assert contrast(strongest(drawn, QIcon.Mode.Normal, ground), ground) >= 4.5, command.name
            assert contrast(strongest(drawn, QIcon.Mode.Disabled, ground), ground) < 4.5, command.name


@pytest.mark.parametrize("dark", [False, True])
def test_buttons_of_docks_and_the_chosen_tool_stand_out(
    qtbot: QtBot, settings: QSettings, dark: bool
) -> None:
    settings.setValue("theme/dark", dark)
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.apply_theme()
    palette = QApplication.palette()
    ground = palette.color(ROLE.Window)
    buttons = [button for dock in window.docks.values() for button in title_buttons(dock)]
    assert len(buttons) == 2 * len(window.docks)
    for button in buttons:
        assert contrast(strongest(button.icon(), QIcon.Mode.Normal, ground), ground) >= 4.5
        assert "panel" in button.accessibleName()
    # The tool that is chosen: its edge, and its icon on the tint.
    focus, text = palette.color(ROLE.BrightText), palette.color(ROLE.ButtonText)
    tinted = QColor.fromRgbF(
        *(TINT * a + (1 - TINT) * b for a, b in zip(focus.getRgbF()[:3], ground.getRgbF()[:3], strict=True))
    )
    assert contrast(focus, ground) >= 3 and contrast(text, tinted) >= 4.5


def title_buttons(dock: QDockWidget) -> list[QAbstractButton]:
    return [b for b in dock.findChildren(QAbstractButton) if b.objectName().startswith("qt_dockwidget")]


def strongest(icon: QIcon, mode: QIcon.Mode, ground: QColor) -> QColor:
    image = icon.pixmap(48, 48, mode).toImage()
    colours = [image.pixelColor(x, y) for y in range(image.height()) for x in range(image.width())]
    return max((colour for colour in colours if colour.alpha() == 255), key=lambda c: contrast(c, ground))


def test_the_theme_is_kept(window: MainWindow, settings: QSettings) -> None:
    window.actions_by_name["dark"].trigger()
    chosen = window.dark
    again = MainWindow(settings)
    assert again.dark is chosen
    assert again.actions_by_name["dark"].isChecked() is chosen
    window.actions_by_name["dark"].trigger()
    assert window.dark is not chosen
    again.deleteLater()


def test_every_icon_takes_the_colour_of_the_theme() -> None:
    icons = [icon for icon in (resources.files("resources") / "icons").iterdir() if icon.name != "app.svg"]
    assert len(icons) > 8
    assert not [icon.name for icon in icons if "currentColor" not in icon.read_text(encoding="utf-8")]
