"""Labels to which objects are added as they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np

from model_core.annotation.measure import Extent

Finished = Callable[[tuple[slice, slice, slice], np.ndarray], None]  # box, and a copy of the labels in it


class GrowingLabels:
    """Labels uint32 ``(Z, Y, X)`` to which objects are added, numbered 1, 2, ... as they come.

    An object that is there keeps its number and its pixels.
    """

    def __init__(self, shape: tuple[int, ...], finished: Finished | None = None) -> None:
        """Args: finished: called after each addition with a box that holds it and the labels in the box."""
        self.labels = np.zeros(shape, np.uint32)
        self._finished = finished
        self._scores = [np.zeros(1)]
        self._next = 1

    @property
    def scores(self) -> np.ndarray:
        """float64 by label; of the background 0."""
        return np.concatenate(self._scores)

    def add(
        self,
        z: int,
        rows: slice,
        columns: slice,
        found: np.ndarray,
        extents: dict[int, Extent],
        scores: np.ndarray,
    ) -> None:
        """Adds objects of a window of a plane.

        Args:
            found: labels ``(y, x)`` in the window. extents: those that are added, and where they are in
                the plane. scores: by label.
        """
        there = self.labels[z, rows, columns]
        lost = np.bincount(found[there > 0], minlength=len(scores))
        new = [label for label, extent in extents.items() if lost[label] < extent.area / 2]
        if not new:  # else it is there already
            return
        numbers = np.zeros(len(scores), np.uint32)
        numbers[new] = np.arange(self._next, self._next + len(new))
        np.copyto(there, numbers[found], where=there == 0)
        self._scores.append(scores[new])
        self._next += len(new)
        if self._finished:
            y0, x0 = np.min([extents[label].low[1:] for label in new], axis=0).tolist()
            y1, x1 = np.max([extents[label].high[1:] for label in new], axis=0).tolist()
            self._tell(z, slice(y0, y1), slice(x0, x1))

    def has_most_of(self, z: int, shape: np.ndarray, step: int) -> bool:
        """Whether most of a shape that takes every ``step``-th pixel of a plane lies on objects."""
        return bool((self.labels[z, ::step, ::step][shape] > 0).mean() > 0.5)

    def add_coarse(
        self, z: int, shape: np.ndarray, step: int, score: float, parts: Iterable[tuple[slice, slice]]
    ) -> None:
        """Adds one object, enlarged smoothly where nothing is yet.

        Args:
            shape: bool, every ``step``-th pixel of the plane. parts: rows and columns written at once.
        """
        solid = shape.astype(np.uint8) * np.uint8(255)
        number = self._next
        self._next += 1
        self._scores.append(np.array([score]))
        for rows, columns in parts:
            place = np.array([[1, 0, columns.start], [0, 1, rows.start]]) / step
            size = columns.stop - columns.start, rows.stop - rows.start
            chance = cv2.warpAffine(solid, place, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
            there = self.labels[z, rows, columns]
            free = (chance > 127) & (there == 0)
            if free.any():
                there[free] = number
                self._tell(z, rows, columns)

    def _tell(self, z: int, rows: slice, columns: slice) -> None:
        if self._finished:
            box = slice(z, z + 1), rows, columns
            self._finished(box, self.labels[box].copy())
