"""Whether labels can be those of an image, before anybody compares them with what a model finds."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_FEW_PIXELS = 9  # px; no object that can be learned is smaller
_MOST_SPECKS = 0.5  # share of the objects
_MOST_PIECES = 0.3  # share of the objects that lie in pieces
_ONE_OBJECT = 0.9  # share of the image


def complaint_about_labels(labels: np.ndarray) -> str | None:
    """What is wrong with labels ``(Z, Y, X)`` as labels, in words that follow “the labels:”; None if nothing.

    Objects may be cut in two by another, but most are whole; they are larger than specks; one object does
    not fill the image.
    """
    compact = np.unique(np.append(labels.ravel(), 0), return_inverse=True)[1][:-1].reshape(labels.shape)
    areas = np.bincount(compact.ravel())[1:]
    if not len(areas):
        return "no object is labelled"
    if areas.max() > _ONE_OBJECT * labels.size:
        return f"one object fills {areas.max() / labels.size:.0%} of the image"
    specks = np.mean(areas < _FEW_PIXELS)
    if specks > _MOST_SPECKS:
        return f"{specks:.0%} of the objects are smaller than {_FEW_PIXELS} pixels"
    in_pieces = np.mean(_pieces(compact) > 1)
    if in_pieces > _MOST_PIECES:
        return f"{in_pieces:.0%} of the objects lie in several pieces"
    return None


def _pieces(labels: np.ndarray) -> np.ndarray:
    """In how many pieces (of more than one pixel or so) each object 1, 2, ... lies."""
    corners = np.ones((3,) * labels.ndim)
    counts = [
        int((np.bincount(ndimage.label(labels[box] == number, corners)[0].ravel())[1:] >= 2).sum())
        for number, box in enumerate(ndimage.find_objects(labels), 1)
        if box is not None
    ]
    return np.array(counts)
