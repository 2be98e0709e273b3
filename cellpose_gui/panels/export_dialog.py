"""What is to be exported: formats, which images, where to."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.tasks.exporter import ExportChoice
from model_core.exports.all_formats import WRITABLE
from model_core.exports.sources import base_name
from model_core.images.ome_zarr import is_ome_zarr


class ExportDialog(QDialog):
    """Ticks and two choices; says which files will come of them."""

    chosen = pyqtSignal(object)  # ExportChoice

    def __init__(self, parent: QWidget, choice: ExportChoice, image: Path, images: int) -> None:
        """`images`: how many the folder has."""
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._image = image
        self._folder = choice.folder
        self._formats = [fmt for fmt in WRITABLE if fmt.inside is None or is_ome_zarr(image)]
        self.ticks = {fmt.name: QCheckBox(fmt.title) for fmt in self._formats}
        self.one, self.all = QRadioButton(f"This image ({image.name})"), QRadioButton()
        self.all.setText(f"All images of the folder that have cells (of {images:,})")
        self.beside, self.elsewhere = QRadioButton("Beside the images"), QRadioButton()
        self.choose_folder = QPushButton("Choose…")
        self.choose_folder.setAccessibleName("Choose the folder for the files")
        self.numbered = QCheckBox("Number the cells 1, 2, 3 … without gaps")
        self.files = QLabel()
        self.files.setWordWrap(True)
        self.files.setMinimumSize(QSize(0, 3 * self.fontMetrics().lineSpacing()))
        self.files.setAlignment(Qt.AlignmentFlag.AlignTop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        button = buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        assert button is not None
        self.export_button = button
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self._formats_box())
        layout.addWidget(self._group("Images", self.one, self.all))
        place = QHBoxLayout()
        place.addWidget(self.elsewhere, 1)
        place.addWidget(self.choose_folder)
        layout.addWidget(self._group("Folder", self.beside, place))
        layout.addWidget(self.numbered)
        layout.addWidget(self.files)
        layout.addWidget(buttons)
        self._fill_in(choice, images)
        self._connect()
        self._show_files()

    def choice(self) -> ExportChoice:
        """What is ticked and chosen now."""
        return ExportChoice(
            tuple(name for name, tick in self.ticks.items() if tick.isChecked()),
            self._folder if self.elsewhere.isChecked() else "",
            self.all.isChecked(),
            self.numbered.isChecked(),
        )

    def accept(self) -> None:
        self.chosen.emit(self.choice())
        super().accept()

    def _formats_box(self) -> QGroupBox:
        box = QGroupBox("Formats")
        grid = QGridLayout(box)
        grid.setColumnStretch(1, 1)
        for row, fmt in enumerate(self._formats):
            grid.addWidget(self.ticks[fmt.name], row, 0)
            hint = QLabel(fmt.hint)
            hint.setObjectName("hint")
            self.ticks[fmt.name].setAccessibleDescription(fmt.hint)
            grid.addWidget(hint, row, 1)
        return box

    @staticmethod
    def _group(title: str, *rows: QWidget | QHBoxLayout) -> QGroupBox:
        box = QGroupBox(title)
        layout = QVBoxLayout(box)
        group = QButtonGroup(box)
        for row in rows:
            if isinstance(row, QWidget):
                layout.addWidget(row)
                group.addButton(row)  # type: ignore[arg-type]
            else:
                layout.addLayout(row)
                group.addButton(row.itemAt(0).widget())  # type: ignore[union-attr, arg-type]
        return box

    def _fill_in(self, choice: ExportChoice, images: int) -> None:
        for name, tick in self.ticks.items():
            tick.setChecked(name in choice.formats)
        self.all.setEnabled(images > 1)
        (self.all if choice.whole_folder and images > 1 else self.one).setChecked(True)
        (self.elsewhere if choice.folder else self.beside).setChecked(True)
        self.numbered.setChecked(choice.numbered)

    def _connect(self) -> None:
        for tick in self.ticks.values():
            tick.toggled.connect(self._show_files)
        self.all.toggled.connect(self._show_files)
        self.elsewhere.toggled.connect(self._folder_toggled)
        self.choose_folder.clicked.connect(self._ask_folder)

    def _folder_toggled(self, elsewhere: bool) -> None:
        if elsewhere and not self._folder:
            self._ask_folder()
        self._show_files()

    def _ask_folder(self) -> None:
        start = self._folder or str(self._image.parent)
        if name := QFileDialog.getExistingDirectory(self, "Folder for the files", start):
            self._folder = name
            self.elsewhere.setChecked(True)
        elif not self._folder:
            self.beside.setChecked(True)
        self._show_files()

    def _show_files(self) -> None:
        self.elsewhere.setText(f"In {self._folder}" if self._folder else "In another folder")
        choice = self.choice()
        formats = [fmt for fmt in self._formats if fmt.name in choice.formats]
        self.export_button.setEnabled(bool(formats))
        name = "NAME" if choice.whole_folder else base_name(self._image)
        common = self._image.parent.name if choice.whole_folder else name
        names = [
            f"{fmt.subfolder}{'/' if fmt.subfolder else ''}{name if fmt.write else common}{fmt.ending}"
            for fmt in formats
        ]
        self.files.setText(f"Files: {', '.join(names)}" if names else "Tick at least one format.")
