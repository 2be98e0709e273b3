"""What the status bar always shows: cursor, cells, saving, device and the running task."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from PyQt6.QtWidgets import QLabel, QMainWindow

from cellpose_gui.canvas.reading import Reading
from cellpose_gui.panels.task_bar import TaskBar
from model_core.images.image import Image

_MOST_VALUES = 6  # of channels; more would push all else out of the bar


class StatusLabels:
    """Labels on the right of a window's status bar."""

    def __init__(self, window: QMainWindow) -> None:
        self.tasks = TaskBar()
        self._reading, self._count, self._saved, self._device = (QLabel() for _ in range(4))
        bar = window.statusBar()
        assert bar is not None
        for widget in (self.tasks, self._reading, self._count, self._saved, self._device):
            bar.addPermanentWidget(widget)
            widget.setContentsMargins(8, 0, 8, 0)
        self._device.setText("Getting ready…")
        self._device.setToolTip(
            "What finds the cells is being loaded; you can open and edit images meanwhile."
        )

    def show_reading(self, reading: Reading | None, image: Image | None, visible: Sequence[int] = ()) -> None:
        """Position (in micrometres too where the pixel size is known), label, values of visible channels."""
        if reading is None:
            self._reading.clear()
            return
        place = f"x {reading.col}, y {reading.row}"
        if image is not None and image.shape[1] > 1:
            place += f", z {reading.plane + 1}"
        if image is not None and image.pixel_size:
            place += f" ({reading.col * image.pixel_size:.1f}, {reading.row * image.pixel_size:.1f} µm)"
        shown = [reading.values[number] for number in visible] or list(reading.values)
        values = ", ".join("…" if isnan(value) else f"{value:g}" for value in shown[:_MOST_VALUES])
        values += ", …" if len(shown) > _MOST_VALUES else ""
        cell = f"   cell {reading.label}" if reading.label else ""
        self._reading.setText(f"{place}   value {values}{cell}")

    def show_count(self, count: int | None) -> None:
        self._count.setText("" if count is None else f"{count:,} cell{'' if count == 1 else 's'}")

    def show_saved(self, words: str) -> None:
        self._saved.setText(words)

    def show_device(self, device: str) -> None:
        """Where the model computes; "" when it cannot."""
        names = {"cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Metal)", "": "No model"}
        self._device.setText(names.get(device, device))
        self._device.setToolTip("Where the model computes" if device else "The model could not be loaded.")
