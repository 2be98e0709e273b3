"""Every model: what it is, where it comes from, how good it is; and what can be done with it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PyQt6.QtCore import QMimeData, Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QFocusEvent
from PyQt6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.panels.model_words import facts, headline
from cellpose_gui.tasks.model_shelf import ModelShelf
from model_core.models.package import SUFFIX
from model_core.models.shelf import Entry

_ENTRY = Qt.ItemDataRole.UserRole


class ModelsPanel(QWidget):
    """The list above, the card of the chosen one below."""

    files_dropped = pyqtSignal(object)  # list[Path]

    def __init__(self, shelf: ModelShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._chosen = ""  # the model that was in use when the list was shown last
        self._renamed = ""  # the name that a model was given last: its card stays in view
        self.list = ModelList()
        self.list.currentItemChanged.connect(lambda *_: self._show_card())
        self.list.itemActivated.connect(lambda _: self._use())
        self.list.files_dropped.connect(self.files_dropped)
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the model")
        self.name.setToolTip("Return gives the model this name")
        self.name.editingFinished.connect(self._rename)
        self._facts = QLabel()
        self._facts.setWordWrap(True)
        self._facts.setTextFormat(Qt.TextFormat.RichText)
        self._facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self._facts)
        self.notes = Notes()
        self.notes.left.connect(self._annotate)
        self.buttons = {
            "use": _button("Use", "Find the cells with this model from now on", self._use),
            "back": _button("Back to parent", "Use the model that this one was made from", self._back),
            "export": _button("Export…", "Write the model as one file for another machine", self._export),
            "delete": _button("Delete", "Take the model away; that can be taken back", self._delete),
        }
        grid = QGridLayout()
        for place, button in enumerate(self.buttons.values()):
            grid.addWidget(button, place // 2, place % 2)
        self._gone = QLabel()
        self._gone.setWordWrap(True)
        self.bring_back = _button("Bring it back", "Puts the deleted model back", shelf.bring_back)
        gone = QHBoxLayout()
        gone.addWidget(self._gone, 1)
        gone.addWidget(self.bring_back)
        layout = QVBoxLayout(self)
        layout.addWidget(self.list, 2)
        layout.addLayout(gone)
        layout.addWidget(self.name)
        layout.addWidget(scroll, 3)
        layout.addWidget(self.notes, 1)
        layout.addLayout(grid)
        shelf.listed.connect(self._show)
        shelf.deleted.connect(self._show_deleted)
        self._show_deleted("")
        self._show_card()

    @property
    def entry(self) -> Entry | None:
        """The model whose card is shown."""
        item = self.list.currentItem()
        return None if item is None else item.data(_ENTRY)

    def choose(self, name: str) -> None:
        """Shows the card of a model."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item is not None and item.data(_ENTRY).name == name:
                self.list.setCurrentRow(row)

    def _show(self, entries: list[Entry]) -> None:
        before = "" if self.entry is None else self.entry.name
        self.list.show_entries(entries, self._shelf.chosen)
        wanted = [self._shelf.chosen, before, self._renamed]
        if self._shelf.chosen != self._chosen:  # another one is in use now
            self._chosen = self._shelf.chosen
            wanted.append(self._chosen)
        for name in wanted:  # the last of them that there is
            self.choose(name)
        self._show_card()

    def _show_card(self) -> None:
        entry = self.entry
        own = entry is not None and not entry.bundled and entry.card is not None
        self.name.setText("" if entry is None else entry.name)
        self.name.setReadOnly(not own)
        rows = "" if entry is None else "".join(map(_row, facts(entry)))
        self._facts.setText(f"<table cellspacing='0' cellpadding='2'>{rows}</table>")
        if not self.notes.hasFocus():
            self.notes.setPlainText("" if entry is None or entry.card is None else entry.card.notes)
        self.notes.setReadOnly(not own)
        self.notes.setPlaceholderText("Notes: what it is good for…" if own else "")
        chosen = entry is not None and entry.name == self._shelf.chosen
        self.buttons["use"].setEnabled(entry is not None and entry.card is not None and not chosen)
        self.buttons["use"].setText("In use" if chosen else "Use")
        self.buttons["back"].setEnabled(entry is not None and entry.parent is not None)
        self.buttons["export"].setEnabled(entry is not None and entry.card is not None)
        self.buttons["delete"].setEnabled(entry is not None and not entry.bundled)

    def _show_deleted(self, name: str) -> None:
        self._gone.setText(f"“{name}” was deleted.")
        self._gone.setVisible(bool(name))
        self.bring_back.setVisible(bool(name))

    def _use(self) -> None:
        if self.entry is not None and self.entry.card is not None:
            self._shelf.use(self.entry.name)

    def _back(self) -> None:
        if self.entry is not None:
            self._shelf.roll_back(self.entry.name)

    def _rename(self) -> None:
        entry, new = self.entry, self.name.text().strip()
        if entry is not None and not self.name.isReadOnly() and new != entry.name:
            self._renamed = new
            self._shelf.rename(entry.name, new)

    def _annotate(self, notes: str) -> None:
        entry = self.entry
        if entry is not None and entry.card is not None and not entry.bundled and notes != entry.card.notes:
            self._shelf.annotate(entry.name, notes)

    def _export(self) -> None:
        if self.entry is None:
            return
        name, _ = QFileDialog.getSaveFileName(
            self, "Export the model", str(Path.home() / f"{self.entry.name}{SUFFIX}"), f"Models (*{SUFFIX})"
        )
        if name:
            target = Path(name) if name.lower().endswith(SUFFIX) else Path(f"{name}{SUFFIX}")
            self._shelf.export(self.entry.name, target)

    def _delete(self) -> None:
        if self.entry is not None:
            self._shelf.delete(self.entry.name)


class ModelList(QListWidget):
    """A row dragged out of the window copies the model's file. Files dropped here are imported."""

    files_dropped = pyqtSignal(object)  # list[Path]

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Models")
        self.setToolTip("A double click uses a model. Drop model files here to import them.")
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QListWidget.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setWordWrap(True)
        self.setSpacing(2)

    def show_entries(self, entries: list[Entry], chosen: str) -> None:
        self.clear()
        for entry in entries:
            mark = "● " if entry.name == chosen else ""
            item = QListWidgetItem(f"{mark}{entry.name}\n{headline(entry)}")
            item.setData(_ENTRY, entry)
            item.setToolTip(f"{entry.name}: in use" if mark else f"{entry.name}: a double click uses it")
            font = item.font()
            font.setBold(entry.name == chosen)
            item.setFont(font)
            self.addItem(item)

    def mimeData(self, items: object) -> QMimeData:
        data = QMimeData()
        entries = [item.data(_ENTRY) for item in self.selectedItems()]
        data.setUrls([QUrl.fromLocalFile(str(entry.path)) for entry in entries])
        return data

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        self._accept(event)

    def dragMoveEvent(self, event: QDragMoveEvent | None) -> None:
        self._accept(event)

    def dropEvent(self, event: QDropEvent | None) -> None:
        assert event is not None
        if paths := _files(event):
            event.acceptProposedAction()
            self.files_dropped.emit(paths)

    def _accept(self, event: QDropEvent | None) -> None:
        assert event is not None
        if event.source() is not self and _files(event):
            event.acceptProposedAction()
        else:
            event.ignore()


class Notes(QPlainTextEdit):
    """Free text; tells what it says when the keyboard goes elsewhere."""

    left = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Notes about the model")
        self.setTabChangesFocus(True)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        super().focusOutEvent(event)
        self.left.emit(self.toPlainText())


def _files(event: QDropEvent) -> list[Path]:
    data = event.mimeData()
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data is not None else []


def _row(fact: tuple[str, str]) -> str:
    title, words = map(escape, fact)
    return f"<tr><td><b>{title}</b>&nbsp;&nbsp;</td><td>{words}</td></tr>"


def _button(text: str, tip: str, do: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(do)  # type: ignore[arg-type]
    leave_keys_to_canvas(button)
    return button
