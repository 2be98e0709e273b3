"""The channels of the image: name, colour, on or off; levels and gamma of the chosen one."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PyQt6.QtCore import QSignalBlocker, QSize, Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.channel_display import COLOURS, TABLES, ChannelDisplay
from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.panels.histogram import Histogram, HistogramView, histogram_of
from model_core.images.glance import glance
from model_core.images.image import Image

_ROWS = 3  # channels in view at least; more where there is room, the others scroll
_WIDE = 1e12


class ChannelPanel(QWidget):
    """A row a channel; what stands below the list belongs to the row that is chosen.

    The canvas holds what is shown; this panel follows it, whoever changes it.
    """

    def __init__(self, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._histogram: Histogram | None = None
        self._reading = Background(self._show_histogram)
        self._auto_waits = False
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setAccessibleName("Channels")
        self.list.setToolTip("Tick to show a channel; F2 or a double click renames it")
        header = self.list.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.currentItemChanged.connect(self._choose)
        self.list.itemChanged.connect(self._row_changed)
        self.single = QCheckBox("One at a time")
        self.single.setToolTip("Show only the chosen channel, in grey")
        self.single.toggled.connect(lambda on: self.solo(self.current if on else None))
        self.inverted = QCheckBox("Inverted")
        self.inverted.setToolTip("Dark turns bright and bright turns dark")
        self.inverted.toggled.connect(lambda on: self._style(inverted=on))
        self.histogram = HistogramView()
        self.histogram.levels_dragged.connect(lambda black, white: self._change(black=black, white=white))
        self.black = self._number("Black: values up to here are shown black", -_WIDE, _WIDE)
        self.white = self._number("White: values from here on are shown white", -_WIDE, _WIDE)
        self.gamma = self._number("Gamma: above 1 brightens what is dim", 0.1, 10.0)
        self.gamma.setSingleStep(0.1)
        for box in (self.black, self.white):
            box.editingFinished.connect(self._levels_typed)
        self.gamma.valueChanged.connect(lambda gamma: self._change(gamma=gamma))
        self.auto = QPushButton("&Auto contrast")
        self.auto.setToolTip("Set black and white from the plane that is shown")
        self.auto.clicked.connect(self.auto_contrast)
        leave_keys_to_canvas(self.single, self.inverted, self.auto)
        self._lay_out()
        canvas.channels_changed.connect(self._follow)
        canvas.plane_changed.connect(self._read)
        self.rebuild()

    def _lay_out(self) -> None:
        levels = QGridLayout()
        for row, (text, box) in enumerate(
            (("&Black", self.black), ("&White", self.white), ("&Gamma", self.gamma))
        ):
            label = QLabel(text)
            label.setBuddy(box)
            levels.addWidget(label, row, 0)
            levels.addWidget(box, row, 1)
        levels.addWidget(self.auto, 3, 0, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.list, 1)
        switches = QGridLayout()
        switches.addWidget(self.single, 0, 0)
        switches.addWidget(self.inverted, 0, 1)
        layout.addLayout(switches)
        layout.addWidget(self.histogram)
        layout.addLayout(levels)
        layout.addStretch()

    def _number(self, name: str, low: float, high: float) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(low, high)
        box.setDecimals(2)
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setMinimumWidth(60)
        box.setKeyboardTracking(False)
        return box

    @property
    def current(self) -> int:
        """The chosen channel."""
        item = self.list.currentItem()
        return 0 if item is None else max(0, self.list.indexOfTopLevelItem(item))

    def rebuild(self) -> None:
        """Makes the rows anew for the document that the canvas shows."""
        document = self._canvas.document
        channels = self._canvas.channels if document is not None else ()
        with QSignalBlocker(self.list):
            self.list.clear()
            for index in range(len(channels)):
                item = QTreeWidgetItem()
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable)
                self.list.addTopLevelItem(item)
                self.list.setItemWidget(item, 1, self._colour_box(index))
            self.list.setCurrentItem(self.list.topLevelItem(0))
        row = max(self.list.sizeHintForRow(0), self.fontMetrics().lineSpacing() + 8)
        rows = max(len(channels), 1)
        self.list.setMinimumHeight(row * min(rows, _ROWS) + 6)
        self.list.setMaximumHeight(row * rows + 6)
        self.setEnabled(document is not None)
        self.single.setVisible(len(channels) > 1)
        self._follow()
        self._read()

    def _colour_box(self, index: int) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(f"Colour of channel {index + 1}")
        box.addItems([*COLOURS, *TABLES])
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(7)
        box.currentTextChanged.connect(lambda name: self._change(index, colour=name))
        leave_keys_to_canvas(box)
        return box

    def solo(self, index: int | None) -> None:
        """Shows one channel alone, None all that are ticked; an image of one channel always shows it."""
        if index is None:
            self._style(single=None)
        elif index < len(self._canvas.channels) > 1:
            with QSignalBlocker(self.list):
                self.list.setCurrentItem(self.list.topLevelItem(index))
            self._style(single=index)
            self._read()

    def toggle_solo(self, index: int) -> None:
        """As the keys R, G and B do: one channel alone, and at the second time all again."""
        self.solo(None if self._canvas.image_style.single == index else index)

    def auto_contrast(self) -> None:
        """Black and white of the chosen channel from what the plane holds; when it has been read."""
        if self._histogram is None:
            self._auto_waits = True
        else:
            black, white = self._histogram.auto
            self._change(black=black, white=white)

    def _choose(self) -> None:
        if self._canvas.image_style.single is not None:
            self._style(single=self.current)
        self._follow()
        self._read()

    def _row_changed(self, item: QTreeWidgetItem, column: int) -> None:
        index = self.list.indexOfTopLevelItem(item)
        name = item.text(0).strip()
        visible = item.checkState(0) == Qt.CheckState.Checked
        self._change(index, visible=visible, name="" if name == f"Channel {index + 1}" else name)

    def _levels_typed(self) -> None:
        black, white = self.black.value(), self.white.value()
        if black < white:
            self._change(black=black, white=white)
        else:
            self._follow()

    def _change(self, index: int | None = None, **changes: object) -> None:
        index = self.current if index is None else index
        channels = list(self._canvas.channels)
        if index < len(channels):
            changed: ChannelDisplay = replace(channels[index], **changes)  # type: ignore[arg-type]
            if changed != channels[index]:
                channels[index] = changed
                self._canvas.channels = tuple(channels)

    def _style(self, **changes: object) -> None:
        self._canvas.image_style = replace(self._canvas.image_style, **changes)  # type: ignore[arg-type]

    def _follow(self) -> None:
        """Shows what the canvas shows."""
        channels, style = self._canvas.channels, self._canvas.image_style
        if self._canvas.document is None or self.list.topLevelItemCount() != len(channels):
            return
        with QSignalBlocker(self.list):
            for index, channel in enumerate(channels):
                item = self.list.topLevelItem(index)
                assert item is not None
                item.setText(0, channel.name or f"Channel {index + 1}")
                item.setCheckState(0, Qt.CheckState.Checked if channel.visible else Qt.CheckState.Unchecked)
                box = self.list.itemWidget(item, 1)
                assert isinstance(box, QComboBox)
                with QSignalBlocker(box):
                    box.setCurrentText(str(channel.colour))
        shown = channels[self.current]
        self.histogram.show_levels(shown.black, shown.white)
        for widget, value in (
            (self.black, shown.black),
            (self.white, shown.white),
            (self.gamma, shown.gamma),
        ):
            with QSignalBlocker(widget):
                widget.setValue(value)
        for check, on in ((self.single, style.single is not None), (self.inverted, style.inverted)):
            with QSignalBlocker(check):
                check.setChecked(on)

    def _read(self) -> None:
        """Has the chosen channel of the plane that is shown counted in a thread."""
        self._histogram = None
        document = self._canvas.document
        if document is None:
            self._reading.cancel()
            self.histogram.show_histogram(None)
            return
        image, channel, plane = cast(Image, document.image), self.current, self._canvas.plane
        whole = image.dtype.kind in "iub"
        step = 1.0 if whole else max(1e-2, (self.white.value() - self.black.value()) / 100)
        for box in (self.black, self.white):
            box.setDecimals(0 if whole else 4)
            box.setSingleStep(step)
        self._reading.start(lambda cancelled: histogram_of(glance(image, plane)[channel]))

    def _show_histogram(self, histogram: object) -> None:
        assert isinstance(histogram, Histogram)
        self._histogram = histogram
        self.histogram.show_histogram(histogram)
        if self._auto_waits:
            self._auto_waits = False
            self.auto_contrast()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, super().minimumSizeHint().height())
