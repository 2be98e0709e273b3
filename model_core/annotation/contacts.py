"""Which objects touch, along how much of their outline, and how sharp that outline is in the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

_PIXELS = 1 << 22  # looked at together


class Contacts(NamedTuple):
    """a, b: int64 ``(M,)``, pairs of labels that touch, a < b; faces: how many sides of pixels they share.

    outline: int64 ``(N,)`` by label, sides of pixels that lie between the object and anything else.
    rim: how many of these lie at the rim of the image, which is outline too (in a stack: at the four sides).
    """

    a: np.ndarray
    b: np.ndarray
    faces: np.ndarray
    outline: np.ndarray
    rim: np.ndarray


def contacts(labels: np.ndarray) -> Contacts:
    """Of all objects in integers ``(Z, Y, X)``."""
    count = int(labels.max(initial=0)) + 1
    outline, rim = np.zeros(count, np.int64), np.zeros(count, np.int64)
    codes: list[np.ndarray] = []
    numbers: list[np.ndarray] = []
    for first, second in _sides(labels):
        differ = first != second
        one, other = first[differ], second[differ]
        outline += np.bincount(one, minlength=count) + np.bincount(other, minlength=count)
        both = (one > 0) & (other > 0)
        one, other = one[both].astype(np.int64), other[both].astype(np.int64)
        code, number = np.unique(np.minimum(one, other) * count + np.maximum(one, other), return_counts=True)
        codes.append(code)
        numbers.append(number)
    for border in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        rim += np.bincount(border.ravel(), minlength=count)
    outline += rim
    outline[0] = rim[0] = 0
    pairs, place = np.unique(np.concatenate([np.zeros(0, np.int64), *codes]), return_inverse=True)
    faces = np.bincount(place, np.concatenate([np.zeros(0, np.int64), *numbers]), len(pairs)).astype(np.int64)
    return Contacts(pairs // count, pairs % count, faces, outline, rim)


def _sides(labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pixels and their next ones along x, y and z, a band of rows at a time."""
    _, height, width = labels.shape
    rows = max(1, _PIXELS // max(1, width))
    for plane in labels:
        for top in range(0, height, rows):
            band = plane[top : top + rows + 1]
            yield band[:rows, 1:], band[:rows, :-1]
            yield band[1:], band[:-1]
    for below, above in zip(labels[1:], labels[:-1], strict=True):
        for top in range(0, height, rows):
            yield below[top : top + rows], above[top : top + rows]


def neighbour_counts(labels: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """int64, for each of some IDs: how many other objects of ``(Z, Y, X)`` it touches, side to side."""
    if int(labels.max(initial=0)) <= max(labels.size, 1 << 20):
        number = _partners(contacts(labels), max(int(ids.max(initial=0)), int(labels.max(initial=0))) + 1)
        return number[ids]
    present = np.union1d(labels, [0])  # IDs lie too far apart for a table
    number = _partners(contacts(np.searchsorted(present, labels)), len(present))
    at = np.minimum(np.searchsorted(present, ids), len(present) - 1)
    return np.where(present[at] == ids, number[at], 0)


def _partners(touch: Contacts, count: int) -> np.ndarray:
    return np.bincount(touch.a, minlength=count) + np.bincount(touch.b, minlength=count)
