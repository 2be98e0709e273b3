"""All keys and what the hand can do on the image, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from cellpose_gui.actions import Actions

Gestures = Sequence[tuple[str, Sequence[tuple[str, str]]]]  # title, (what the hand does, what happens)


class CheatSheet(QDialog):
    """Made of the commands and of the gestures that the canvas and its tools name; a line filters it."""

    def __init__(self, parent: QWidget, actions: Actions, gestures: Gestures) -> None:
        super().__init__(parent)
        self._actions, self._gestures = actions, gestures
        self.setWindowTitle("Keys and gestures")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._line = QLineEdit()
        self._line.setPlaceholderText("Show only…")
        self._line.setAccessibleName("Show only keys and gestures with these words")
        self._line.setClearButtonEnabled(True)
        self._page = QTextBrowser()
        self._page.setAccessibleName("Keys and gestures")
        self._line.textChanged.connect(self._fill)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        for widget in (self._line, self._page, buttons):
            layout.addWidget(widget)
        letter = self.fontMetrics().averageCharWidth()
        room = parent.size()
        self.resize(
            min(130 * letter, room.width() - 40),
            min(46 * self.fontMetrics().lineSpacing(), room.height() - 40),
        )
        self._fill()

    def sections(self, typed: str = "") -> dict[str, list[tuple[str, str]]]:
        """Title to rows of keys or gesture, and what they do; those with the typed words alone."""
        found: dict[str, list[tuple[str, str]]] = {}
        for command in self._actions:
            keys = self._actions.keys_shown(command)
            if keys:
                found.setdefault(command.menu, []).append((" or ".join(keys), command.title))
        for title, rows in self._gestures:
            if rows:
                found[f"Mouse and pen: {title}"] = list(rows)
        words = typed.casefold().split()
        fits = {
            title: [row for row in rows if all(w in f"{title} {' '.join(row)}".casefold() for w in words)]
            for title, rows in found.items()
        }
        return {title: rows for title, rows in fits.items() if rows}

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._fill()  # the ground of the keys is of the old theme

    def _fill(self) -> None:
        sections = list(self.sections(self._line.text()).items())
        half = (sum(len(rows) + 2 for _, rows in sections) + 1) // 2
        columns, height = [""], 0
        for title, rows in sections:
            if height >= half and len(columns) == 1:
                columns.append("")
            columns[-1] += self._section(title, rows)
            height += len(rows) + 2
        cells = "".join(f'<td width="50%" style="padding: 0 12px">{column}</td>' for column in columns)
        self._page.setHtml(
            f'<table width="100%"><tr>{cells}</tr></table>' if sections else "<p>Nothing fits.</p>"
        )

    def _section(self, title: str, rows: Sequence[tuple[str, str]]) -> str:
        ground = self.palette().color(QPalette.ColorRole.Window).name()
        lines = "".join(
            f'<tr><td style="padding: 2px 10px 2px 0"><span style="background-color: {ground}">'
            f"<b>&nbsp;{escape(keys)}&nbsp;</b></span></td>"
            f'<td style="padding: 2px 0">{escape(does)}</td></tr>'
            for keys, does in rows
        )
        return f"<h3>{escape(title)}</h3><table>{lines}</table>"
