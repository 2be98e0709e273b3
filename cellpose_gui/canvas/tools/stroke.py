"""The pixels that a stroke or a shape covers, and the rule by which they change labels."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Protocol

import cv2
import numpy as np

from cellpose_gui.canvas.sampling import take_pixels
from model_core.annotation.objects import ObjectRecord

_ROOM = 128  # spare pixels around a stroke, so that its mask need not grow at every move


class Rule(Protocol):
    """Which labels a stroke may replace."""

    def meet(self, ids: np.ndarray) -> None:
        """Told of all ids that the stroke covers before `allows` is asked about them."""

    def allows(self, ids: np.ndarray) -> np.ndarray:
        """Where ids may be replaced: bool, the shape of `ids`."""


class Only:
    """Replaces one label; 0 paints on background only."""

    def __init__(self, id_: int) -> None:
        self._id = np.uint32(id_)

    def meet(self, ids: np.ndarray) -> None:
        pass

    def allows(self, ids: np.ndarray) -> np.ndarray:
        return ids == self._id


class AllUnlocked:
    """Replaces every label whose object is neither locked nor among those to be `kept`."""

    def __init__(self, objects: Mapping[int, ObjectRecord], kept: frozenset[int] = frozenset()) -> None:
        self._objects = objects
        self._kept = kept
        self._known: set[int] = {0}
        self._locked = np.empty(0, np.uint32)

    def meet(self, ids: np.ndarray) -> None:
        new = set(np.unique(ids).tolist()) - self._known
        self._known |= new
        locked = [
            id_ for id_ in new
            if id_ in self._kept or (id_ in self._objects and self._objects[id_].locked)
        ]  # fmt: skip
        if locked:
            self._locked = np.append(self._locked, np.array(locked, np.uint32))

    def allows(self, ids: np.ndarray) -> np.ndarray:
        return np.isin(ids, self._locked, invert=True) if len(self._locked) else np.ones(ids.shape, bool)


class Stroke:
    """A mask over a growing box of one plane, and the label that its pixels get where the rule allows.

    Nothing is changed here: the overlay shows the stroke on top of the labels (`show_on`) and the finished
    stroke is asked for the new labels (`result`). Both start from the labels as they are then, so a change
    that arrives during the stroke is not lost. Everything beyond the image is clipped.
    """

    def __init__(self, plane: np.ndarray, value: int, rule: Rule) -> None:
        """`plane` (Y, X) uint32 is looked at and not changed."""
        self._plane = plane
        self.value = value
        self._rule = rule
        self._top = self._left = 0
        self._mask = np.zeros((0, 0), np.uint8)
        self._touched: tuple[int, int, int, int] | None = (
            None  # top, bottom, left, right of all pixels so far
        )

    def add_segment(
        self, start: tuple[float, float], end: tuple[float, float], size: float
    ) -> tuple[slice, slice]:
        """Cover the pixels whose centres lie within `size` / 2 of the segment between two (x, y).

        The pixels under the segment itself always belong, so a thin stroke has no gaps. Returns the rows and
        columns that may have changed.
        """
        radius = size / 2
        (x0, y0), (x1, y1) = start, end
        area = self._clipped(
            min(y0, y1) - radius, max(y0, y1) + radius, min(x0, x1) - radius, max(x0, x1) + radius
        )
        mask = self._open(*area)
        if mask.size == 0:
            return slice(0, 0), slice(0, 0)
        top, _, left, _ = area
        y = np.arange(mask.shape[0], dtype=np.float32)[:, None] + np.float32(top + 0.5)
        x = np.arange(mask.shape[1], dtype=np.float32) + np.float32(left + 0.5)
        mask |= _distance_squared(y, x, start, end) <= np.float32(radius**2)
        corner = (int(x0 // 1) - left, int(y0 // 1) - top), (int(x1 // 1) - left, int(y1 // 1) - top)
        cv2.line(mask, corner[0], corner[1], 1)
        return self._noted(area)

    def add_mask(self, top: int, left: int, mask: np.ndarray) -> tuple[slice, slice]:
        """Cover the true pixels of `mask` (Y, X), whose first pixel lies at (top, left) of the plane."""
        area = self._clipped(top, top + mask.shape[0] - 1, left, left + mask.shape[1] - 1)
        part = mask[area[0] - top : area[1] - top, area[2] - left : area[3] - left]
        self._open(*area)[...] |= part.astype(np.uint8)
        return self._noted(area)

    def show_on(self, ids: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> None:
        """Put the new label into sampled `ids` of these rows and columns, in place."""
        if self._touched is None:
            return
        top, bottom, left, right = self._touched
        inside = np.s_[
            np.searchsorted(rows, top) : np.searchsorted(rows, bottom),
            np.searchsorted(cols, left) : np.searchsorted(cols, right),
        ]
        part = ids[inside]
        if not part.size:
            return
        ys, xs = rows[inside[0]] - self._top, cols[inside[1]] - self._left
        covered = take_pixels(self._mask, ys, xs, (ys[-1] - ys[0]) / len(ys)).view(bool)
        part[covered & self._rule.allows(part)] = self.value

    def frozen(self) -> Stroke:
        """As it is now; segments that are added later are not in it."""
        other = copy(self)
        other._mask = self._mask.copy()
        return other

    def result(self) -> tuple[slice, slice, np.ndarray] | None:
        """Rows, columns and the new labels in them; None when nothing was covered."""
        if self._touched is None:
            return None
        top, bottom, left, right = self._touched
        new = self._plane[top:bottom, left:right].copy()
        self._rule.meet(new)
        self.show_on(new, np.arange(top, bottom), np.arange(left, right))
        return slice(top, bottom), slice(left, right), new

    @property
    def empty(self) -> bool:
        """True when it has not covered a pixel of the image."""
        return self._touched is None

    def extent(self) -> tuple[slice, slice]:
        """Rows and columns of everything covered so far."""
        top, bottom, left, right = self._touched or (0, 0, 0, 0)
        return slice(top, bottom), slice(left, right)

    def _clipped(self, top: float, bottom: float, left: float, right: float) -> tuple[int, int, int, int]:
        """The pixels touched by an area, clipped to the plane: top, bottom, left, right, half open."""
        height, width = self._plane.shape
        first_row, first_col = max(0, int(top // 1)), max(0, int(left // 1))
        return (
            first_row,
            max(first_row, min(height, int(bottom // 1) + 1)),
            first_col,
            max(first_col, min(width, int(right // 1) + 1)),
        )

    def _open(self, top: int, bottom: int, left: int, right: int) -> np.ndarray:
        """The part of the mask for this area, to write into; grows the mask where needed."""
        if top >= bottom or left >= right:
            return np.zeros((0, 0), np.uint8)
        height, width = self._mask.shape
        fits = self._top <= top and self._left <= left
        if not (fits and bottom <= self._top + height and right <= self._left + width):
            self._grow(top, bottom, left, right)
        return self._mask[top - self._top : bottom - self._top, left - self._left : right - self._left]

    def _grow(self, top: int, bottom: int, left: int, right: int) -> None:
        if self._touched is not None:
            top, bottom = min(top, self._touched[0]), max(bottom, self._touched[1])
            left, right = min(left, self._touched[2]), max(right, self._touched[3])
        room = _ROOM + (bottom - top + right - left) // 4
        new_top, new_left = max(0, top - room), max(0, left - room)
        new_bottom = min(self._plane.shape[0], bottom + room)
        new_right = min(self._plane.shape[1], right + room)
        mask = np.zeros((new_bottom - new_top, new_right - new_left), np.uint8)
        if self._touched is not None:
            t, b, l, r = self._touched  # noqa: E741
            mask[t - new_top : b - new_top, l - new_left : r - new_left] = self._mask[
                t - self._top : b - self._top, l - self._left : r - self._left
            ]
        self._mask, self._top, self._left = mask, new_top, new_left

    def _noted(self, area: tuple[int, int, int, int]) -> tuple[slice, slice]:
        top, bottom, left, right = area
        if top < bottom and left < right:
            self._rule.meet(self._plane[top:bottom, left:right])
            t, b, l, r = self._touched or area  # noqa: E741
            self._touched = min(t, top), max(b, bottom), min(l, left), max(r, right)
        return slice(top, bottom), slice(left, right)


def _distance_squared(
    y: np.ndarray, x: np.ndarray, start: tuple[float, float], end: tuple[float, float]
) -> np.ndarray:
    """From every grid point to the segment, float32 (len(y), len(x))."""
    (x0, y0), (x1, y1) = start, end
    along_x, along_y = np.float32(x1 - x0), np.float32(y1 - y0)
    length = float(along_x**2 + along_y**2)
    dy, dx = y - np.float32(y0), x - np.float32(x0)
    if length == 0:
        return dy * dy + dx * dx
    share = np.clip((dy * along_y + dx * along_x) * np.float32(1 / length), 0, 1)
    dy = dy - share * along_y
    dx = dx - share * along_x
    return dy * dy + dx * dx
