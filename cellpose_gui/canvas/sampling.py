"""Which image pixels lie under which device pixels, and how to fetch them quickly."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QTransform

_SAME_STEP = 1e-9


@dataclass(frozen=True, slots=True)
class PixelGrid:
    """A rectangle of device pixels and the image rows and columns below their centres.

    `left`, `top`: the first device pixel. `rows`, `cols`: ascending image indices (intp), one per device row
    and column; they may point outside the image where a margin was asked for. `step`: image pixels per device
    pixel. `ratio`: device pixels per logical pixel.
    """

    left: int
    top: int
    rows: np.ndarray
    cols: np.ndarray
    step: float
    ratio: float

    def size(self, margin: int) -> tuple[int, int]:
        """Height and width without a margin."""
        return len(self.rows) - 2 * margin, len(self.cols) - 2 * margin

    def same_zoom(self, other: PixelGrid) -> bool:
        """Whether device pixels lie as far apart in the image."""
        return abs(other.step / self.step - 1) <= _SAME_STEP and other.ratio == self.ratio

    def part(self, ys: slice, xs: slice, margin: int) -> PixelGrid:
        """The grid of some rows and columns, which are counted without the margin; it has that margin too."""
        return replace(
            self,
            left=self.left + xs.start,
            top=self.top + ys.start,
            rows=self.rows[ys.start : ys.stop + 2 * margin],
            cols=self.cols[xs.start : xs.stop + 2 * margin],
        )

    def on_image(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows and columns, those beyond the border of the image moved onto it."""
        return np.clip(self.rows, 0, height - 1), np.clip(self.cols, 0, width - 1)

    def clear_beyond(self, ids: np.ndarray, height: int, width: int) -> None:
        """Beyond the border of the image lies background, which closes the outlines there."""
        ids[(self.rows < 0) | (self.rows >= height)] = 0
        ids[:, (self.cols < 0) | (self.cols >= width)] = 0

    def stripes(self, length: float, margin: int) -> np.ndarray:
        """bool, without the margin: diagonal stripes, which lie still in the image when the view moves.

        `length` along rows and columns: logical pixels, at least one pixel of the image.
        """
        pixels = max(1, round(length * self.ratio * self.step))
        inner = slice(margin, -margin)
        return (self.rows[inner, None] + self.cols[inner]) // pixels % 2 == 1


def pixel_grid(
    view: QTransform, ratio: float, exposed: QRectF, height: int, width: int, margin: int
) -> PixelGrid | None:
    """The grid of the device pixels of `exposed` (image coordinates) whose centres lie on the image.

    `view` maps image coordinates to logical pixels, `ratio` is device pixels per logical pixel. Image pixel
    (0, 0) covers [0, 1] x [0, 1]. The grid is `margin` device pixels larger on every side. None where nothing
    is visible.
    """
    left, cols = _axis(view.m11() * ratio, view.dx() * ratio, exposed.left(), exposed.right(), width, margin)
    top, rows = _axis(view.m22() * ratio, view.dy() * ratio, exposed.top(), exposed.bottom(), height, margin)
    if len(rows) <= 2 * margin or len(cols) <= 2 * margin:
        return None
    # Rounded: what depends on a step must not change to and fro while the view is only moved.
    return PixelGrid(left, top, rows, cols, round(1 / (view.m11() * ratio), 9), ratio)


def _axis(
    scale: float, offset: float, low: float, high: float, size: int, margin: int
) -> tuple[int, np.ndarray]:
    first = max(math.floor(low * scale + offset), math.ceil(offset - 0.5)) - margin
    last = min(math.ceil(high * scale + offset), math.ceil(size * scale + offset - 0.5)) + margin
    device = np.arange(first, max(first, last))
    return first, np.floor((device + (0.5 - offset)) / scale).astype(np.intp)


def take_pixels(
    plane: np.ndarray,
    rows: np.ndarray,
    cols: np.ndarray,
    step: float,
    look_up: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels,
) -> np.ndarray:
    """`look_up(plane[rows][:, cols])` of a (Y, X) array; ascending indices inside the plane.

    Zoomed in, columns are spread over the few rows that exist and whole rows are copied after that; zoomed
    out, the few rows that are hit are copied before columns are picked. Both orders touch memory in runs.
    `look_up` gets as few pixels as possible.
    """
    across = cols - cols[0]
    if step <= 1:
        block = look_up(plane[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1])
        return block.take(across, axis=1, mode="clip").take(rows - rows[0], axis=0, mode="clip")
    return look_up(plane[rows, cols[0] : cols[-1] + 1].take(across, axis=1, mode="clip"))
