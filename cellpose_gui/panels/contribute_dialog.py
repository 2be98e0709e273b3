"""*Contribute these labels*: what is given, by whom, under which licence, to where; then what would leave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PyQt6.QtCore import QSettings, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QIcon, QPixmap
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.messages import show_problem
from cellpose_gui.panels.pictures import outlined
from cellpose_gui.panels.task_bar import TaskBar
from cellpose_gui.tasks.contributing import Offer, Prepared, known_kinds, prepare, send
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.community.manifest import LICENCES, consent_text
from model_core.images.image import Image

_SLOT = "contribute"
_PICTURE = QSize(120, 120)


class ContributeDialog(QDialog):
    """Nothing leaves this computer before the person has seen it on the second page and pressed “Send”."""

    sent = pyqtSignal(str)  # what to say of it

    def __init__(
        self,
        window: QWidget,
        tasks: TaskRunner,
        settings: QSettings,
        here: tuple[Image, np.ndarray],
        labelled: list[Path],
    ) -> None:
        """here: the open image and its labels. labelled: all images of its folder that have labels."""
        super().__init__(window)
        self.setWindowTitle("Contribute these labels")
        self._tasks, self._settings, self._here = tasks, settings, here
        assert here[0].path is not None
        self._all = list(dict.fromkeys([here[0].path, *labelled]))
        self._prepared: Prepared | None = None
        self.pages = QStackedWidget()
        self.pages.addWidget(self._form_page())
        self.pages.addWidget(self._preview_page())
        self.progress = TaskBar()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.back_button = self._button("&Back", QDialogButtonBox.ButtonRole.ActionRole)
        self.preview_button = self._button("&Show what would leave", QDialogButtonBox.ButtonRole.ActionRole)
        self.send_button = self._button("&Send", QDialogButtonBox.ButtonRole.ActionRole)
        self.back_button.clicked.connect(self._go_back)
        self.preview_button.clicked.connect(self._prepare)
        self.send_button.clicked.connect(self._send)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.progress)
        layout.addWidget(self._buttons)
        self.resize(720, 600)
        self._fill_in()
        self._refresh()
        self.kind.setFocus()

    def _button(self, text: str, role: QDialogButtonBox.ButtonRole) -> QPushButton:
        button = self._buttons.addButton(text, role)
        assert button is not None
        return button

    # ------------------------------------------------------------------ the first page

    def _form_page(self) -> QWidget:
        page = QWidget()
        about = QLabel(
            "Your images and labels help the model that everybody uses to get better. Nothing leaves this "
            "computer before you have seen it on the next page and pressed “Send”."
        )
        about.setWordWrap(True)
        self.only_this = QRadioButton(f"This image: {self._all[0].name}")
        self.whole_folder = QRadioButton(f"All {len(self._all)} images of this folder that have labels")
        self.only_this.setChecked(True)
        self.whole_folder.setEnabled(len(self._all) > 1)
        self.kind = QComboBox()
        self.kind.setEditable(True)
        self.kind.addItems(["", *known_kinds()])
        editor = self.kind.lineEdit()
        assert editor is not None
        editor.setPlaceholderText("what the images show, as in “yeast, phase contrast”")
        self.by = QLineEdit()
        self.by.setPlaceholderText("your name, or one that you make up")
        self.licence = QComboBox()
        for licence, meaning in LICENCES.items():
            self.licence.addItem(f"{licence}: {meaning}", licence)
        self.licence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.store = QLineEdit()
        self.store.setPlaceholderText(
            "a folder, or an address such as s3://bucket/store or sftp://host/store"
        )
        browse = QPushButton("&Folder…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        place = QHBoxLayout()
        place.addWidget(self.store, 1)
        place.addWidget(browse)
        self.consent = QLabel()
        self.consent.setWordWrap(True)
        self.consent.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.agreed = QCheckBox("I &agree to this")
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Kind of image", self.kind)
        form.addRow("&Name", self.by)
        form.addRow("&Licence", self.licence)
        store_label = QLabel("S&tore")
        store_label.setBuddy(self.store)
        form.addRow(store_label, place)
        for field, name in ((self.kind, "Kind of image"), (self.by, "Name of the contributor")):
            field.setAccessibleName(name)
        self.licence.setAccessibleName("Licence")
        self.store.setAccessibleName("Address of the store")
        layout = QVBoxLayout(page)
        for widget in (about, self.only_this, self.whole_folder):
            layout.addWidget(widget)
        layout.addLayout(form)
        layout.addWidget(self.consent)
        layout.addWidget(self.agreed)
        layout.addStretch(1)
        self.kind.editTextChanged.connect(self._refresh)
        for line in (self.by, self.store):
            line.textChanged.connect(self._refresh)
        self.licence.currentIndexChanged.connect(self._licence_changed)
        self.agreed.toggled.connect(self._refresh)
        return page

    def _fill_in(self) -> None:
        """With what was given last time; but to agree is asked each time."""
        self.kind.setEditText(str(self._settings.value("contribute/kind", "")))
        self.by.setText(str(self._settings.value("contribute/by", "")))
        self.store.setText(str(self._settings.value("contribute/store", "")))
        at = self.licence.findData(self._settings.value("contribute/licence", ""))
        self.licence.setCurrentIndex(max(at, 0))
        self._licence_changed()

    def _remember(self) -> None:
        self._settings.setValue("contribute/kind", self.kind.currentText())
        self._settings.setValue("contribute/by", self.by.text())
        self._settings.setValue("contribute/store", self.store.text().strip())
        self._settings.setValue("contribute/licence", self.licence.currentData())

    def _browse(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Folder of the store", self.store.text()):
            self.store.setText(folder)

    def _licence_changed(self) -> None:
        self.consent.setText(consent_text(self.licence.currentData()))
        self.agreed.setChecked(False)

    # ------------------------------------------------------------------ the second page

    def _preview_page(self) -> QWidget:
        page = QWidget()
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.list = QTreeWidget()
        self.list.setRootIsDecorated(False)
        self.list.setIconSize(_PICTURE)
        self.list.setHeaderLabels(["In the contribution", "Cells", "Pixels", "Pixel size", "Made of"])
        self.list.setAccessibleName("What would leave this computer")
        self.stays = QLabel()
        self.stays.setWordWrap(True)
        self.stays.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(page)
        layout.addWidget(self.summary)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.stays)
        return page

    def _show_prepared(self, prepared: Prepared) -> None:
        self._prepared = prepared
        manifest = prepared.manifest
        self.list.clear()
        for item, shown in zip(manifest.items, prepared.shown, strict=True):
            channels, planes, height, width = item.shape
            size = f"{width} x {height}"
            size += f", {planes} planes" if planes > 1 else ""
            size += f", {channels} channels" if channels > 1 else ""
            pixel_size = "not known" if item.pixel_size is None else f"{item.pixel_size:g} µm"
            row = QTreeWidgetItem(
                [item.files[0], f"{item.objects:,}", f"{size}\n{item.dtype}", pixel_size, shown.made_of]
            )
            row.setIcon(0, QIcon(QPixmap.fromImage(shown.picture)))
            self.list.addTopLevelItem(row)
        for column in range(self.list.columnCount()):
            self.list.resizeColumnToContents(column)
        count, cells = len(manifest.items), sum(item.objects for item in manifest.items)
        self.summary.setText(
            f"<b>This would leave</b>: {count} image{'' if count == 1 else 's'}, {cells:,} labelled cells, "
            f"{max(prepared.size / 2**20, 0.1):,.1f} MB, as “{manifest.kind}” by “{manifest.by}” under "
            f"{manifest.licence}, to {self.store.text().strip()}."
        )
        found = dict.fromkeys(line for shown in prepared.shown for line in shown.left_behind)
        left = "names and dates of your files"
        if found:
            left += "; and what they say of themselves: " + "; ".join(list(found)[:6])
            left += f"; and {len(found) - 6} more entries" if len(found) > 6 else ""
        self.stays.setTextFormat(Qt.TextFormat.PlainText)
        self.stays.setText(
            f"This stays here: {left}.\n"
            "Text that is written into the pixels would go along: look at the pictures."
        )
        self.pages.setCurrentIndex(1)
        self._refresh()
        self.send_button.setFocus()

    # ------------------------------------------------------------------ what happens

    def _offer(self) -> Offer:
        images = self._all if self.whole_folder.isChecked() else self._all[:1]
        return Offer(images, self.by.text(), self.kind.currentText(), self.licence.currentData(), self._here)

    def _prepare(self) -> None:
        self._remember()
        self._discard()
        offer = self._offer()
        task = self._tasks.run(
            "Making the contribution",
            lambda progress, cancel: prepare(offer, outlined, progress, cancel),
            self._show_prepared,
            slot=_SLOT,
            failed=lambda error: self._failed("Nothing can be contributed yet", error),
            cancelled=self._refresh,
            dropped=lambda prepared: prepared.folder.cleanup(),
        )
        self.progress.watch(task)
        self._refresh()

    def _send(self) -> None:
        prepared, address = self._prepared, self.store.text().strip()
        if prepared is None:
            return
        task = self._tasks.run(
            "Sending the contribution",
            lambda progress, cancel: send(prepared, address, progress, cancel),
            self._finish,
            slot=_SLOT,
            failed=lambda error: self._failed("Nothing was sent", error),
            cancelled=self._refresh,
        )
        self.progress.watch(task)
        self._refresh()

    def _finish(self, id_: str) -> None:
        self.sent.emit(f"Thank you. The contribution was sent as {id_}.")
        self.accept()

    def _failed(self, title: str, error: Exception) -> None:
        self._refresh()
        show_problem(self, title, error)

    def _go_back(self) -> None:
        self.pages.setCurrentIndex(0)
        self._refresh()

    def _refresh(self) -> None:
        """Which buttons make sense now."""
        busy = self._tasks.current(_SLOT) is not None
        first = self.pages.currentIndex() == 0
        given = all(text.strip() for text in (self.kind.currentText(), self.by.text(), self.store.text()))
        self.pages.setEnabled(not busy)
        self.preview_button.setVisible(first)
        self.preview_button.setEnabled(given and self.agreed.isChecked() and not busy)
        self.preview_button.setToolTip("" if given else "Fill in all lines and agree first")
        for button in (self.back_button, self.send_button):
            button.setVisible(not first)
            button.setEnabled(not busy)

    def _discard(self) -> None:
        if self._prepared is not None:
            self._prepared.folder.cleanup()
            self._prepared = None

    def done(self, result: int) -> None:
        task = self._tasks.current(_SLOT)
        self._tasks.cancel(_SLOT)
        if task is None:
            self._discard()
            self.deleteLater()
        else:  # it may still read the bundle, and tell how far it is
            task.finished.connect(self._discard)
            task.finished.connect(self.deleteLater)
        super().done(result)
