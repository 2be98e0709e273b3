"""Where the picture of a plane comes from: an array with halved copies of it, or tiles as they are needed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
from PyQt6.QtCore import QObject, QRectF, pyqtSignal

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.pyramid import build_pyramid
from cellpose_gui.canvas.sampling import take_pixels

LookUp = Callable[[np.ndarray], np.ndarray]  # pixels -> uint32 colours
Draw = Callable[[LookUp], np.ndarray]


class PlaneSource(QObject):
    """Pixels of one plane of an image at any zoom; what is not there yet comes later, and is told."""

    changed = pyqtSignal(QRectF)  # this part of the image can be shown better now
    settled = pyqtSignal()  # the picture of the whole plane is better now
    failed = pyqtSignal(object)  # a UserError: some pixels can't be read

    @abstractmethod
    def set_plane(self, plane: int) -> None:
        """Show another plane of the stack."""

    @abstractmethod
    def prepare(self, channel: int, rows: np.ndarray, cols: np.ndarray, step: float) -> Draw:
        """What gives the colours of the pixels at these rows and columns of the image, in any thread.

        Both are ascending and inside the image; `step` image pixels lie between two of them.
        """

    @abstractmethod
    def values_at(self, row: int, col: int) -> tuple[float, ...]:
        """One a channel; NaN where the pixel is not read yet, `changed` tells when it is."""

    @abstractmethod
    def stop(self) -> None:
        """Nothing more is read."""


class WholePlane(PlaneSource):
    """An array in memory. Zoomed out, pixels are taken from copies that are made in a thread.

    Until those are there every n-th pixel of the plane itself is shown.
    """

    def __init__(self, pixels: np.ndarray, plane: int) -> None:
        """`pixels`: (C, Z, Y, X)."""
        super().__init__()
        self._pixels = pixels
        self._pyramid: list[np.ndarray] = []
        self._background = Background(self._built)
        self.set_plane(plane)

    def set_plane(self, plane: int) -> None:
        self._plane = self._pixels[:, plane]
        self._pyramid = []
        shown = self._plane
        self._background.start(lambda cancelled: build_pyramid(shown, cancelled))

    def prepare(self, channel: int, rows: np.ndarray, cols: np.ndarray, step: float) -> Draw:
        level = min(int(np.log2(max(step, 1))), len(self._pyramid))
        source = self._pyramid[level - 1][channel] if level else self._plane[channel]
        rows = np.minimum(rows >> level, source.shape[0] - 1)
        cols = np.minimum(cols >> level, source.shape[1] - 1)
        return lambda look_up: take_pixels(source, rows, cols, step / 2**level, look_up)

    def values_at(self, row: int, col: int) -> tuple[float, ...]:
        return tuple(self._plane[:, row, col].astype(float).tolist())

    def stop(self) -> None:
        self._background.cancel()

    def _built(self, pyramid: object) -> None:
        assert isinstance(pyramid, list)
        self._pyramid = pyramid
        height, width = self._plane.shape[1:]
        self.changed.emit(QRectF(0, 0, width, height))
        self.settled.emit()
