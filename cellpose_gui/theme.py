"""Light and dark: palettes of the Fusion style, and icons drawn in the palette's text colour."""

from __future__ import annotations

from importlib import resources

from PyQt6.QtCore import QByteArray, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PyQt6.QtSvg import QSvgRenderer
from PyQt6.QtWidgets import QApplication

from cellpose_gui.clear_style import ClearStyle

ACCENT = "#2470bd"  # white on it, and it on the light window, can be read
ACCENT_ON_DARK = "#6db3f2"  # for lines and links on dark ground
_LIGHT = {
    "window": "#f3f4f5",
    "base": "#ffffff",
    "button": "#fbfbfc",
    "text": "#1b1d1f",
    "dim": "#8a8f94",
    "faint": "#5f6469",
    "edge": "#7d8287",
    "focus": ACCENT,
}
_DARK = {
    "window": "#26282b",
    "base": "#1c1d20",
    "button": "#34373b",
    "text": "#e6e7e9",
    "dim": "#7f858b",
    "faint": "#a3a9af",
    "edge": "#8a9097",
    "focus": ACCENT_ON_DARK,
}
_ALARM, _ALARM_ON_DARK = "#b3261e", "#ff8a80"
_ICON_SIZE = 24


def is_system_dark() -> bool:
    """Whether the desktop asks programs to be dark."""
    hints = QApplication.styleHints()
    return hints is not None and hints.colorScheme() == Qt.ColorScheme.Dark


def apply_theme(app: QApplication, dark: bool) -> None:
    """Gives the whole program the light or the dark palette."""
    if not isinstance(app.style(), ClearStyle):
        app.setStyle(ClearStyle())
    app.setPalette(_palette(_DARK if dark else _LIGHT))


def alarm() -> QColor:
    """The colour of words that tell what is wrong, on the ground of the theme."""
    dark = QApplication.palette().color(QPalette.ColorRole.Base).lightness() < 128
    return QColor(_ALARM_ON_DARK if dark else _ALARM)


def _palette(colours: dict[str, str]) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for name, key in (
        (role.Window, "window"),
        (role.Base, "base"),
        (role.AlternateBase, "window"),
        (role.ToolTipBase, "button"),
        (role.Button, "button"),
        (role.WindowText, "text"),
        (role.Text, "text"),
        (role.ButtonText, "text"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "faint"),
    ):
        palette.setColor(name, QColor(colours[key]))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours["dim"]))
    palette.setColor(role.Highlight, QColor(ACCENT))
    palette.setColor(role.HighlightedText, QColor("white"))
    palette.setColor(role.Link, QColor(colours["focus"]))
    palette.setColor(role.BrightText, QColor(colours["focus"]))
    palette.setColor(role.Mid, QColor(colours["edge"]))
    return palette


def icon(name: str) -> QIcon:
    """An icon of ``resources/icons`` in the colour of the theme's text; dimmed when disabled."""
    palette = QApplication.palette()  # a window learns of a new palette only when it is shown
    source = (resources.files("resources") / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    groups = {
        QIcon.Mode.Normal: QPalette.ColorGroup.Active,
        QIcon.Mode.Disabled: QPalette.ColorGroup.Disabled,
    }
    for mode, group in groups.items():
        colour = palette.color(group, QPalette.ColorRole.ButtonText).name()
        renderer = QSvgRenderer(QByteArray(source.replace("currentColor", colour).encode()))
        for scale in (1, 2, 3):
            pixmap = QPixmap(_ICON_SIZE * scale, _ICON_SIZE * scale)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter, QRectF(pixmap.rect()))
            painter.end()
            result.addPixmap(pixmap, mode)
    return result
