"""In what way a labelling is wrong, beyond how many of its objects match."""

from __future__ import annotations

import cv2
import numpy as np

from model_core.annotation.matching import shared_pixels

_MOST = 0.5  # of an object's pixels: then it lies in the other one
_TOLERANCE = 2.0  # px


def split_and_merged(true: np.ndarray, predicted: np.ndarray) -> tuple[int, int]:
    """How many true objects were cut into several, and how many predicted ones hold several.

    An object lies in another when at least half of its pixels do. A true object is split when two or more
    predicted ones lie in it, a predicted one is merged when two or more true ones lie in it.

    Args:
        true, predicted: label images of equal shape.
    """
    shared = shared_pixels(true, predicted)
    of_predicted = shared.pixels >= _MOST * shared.size_b
    of_true = shared.pixels >= _MOST * shared.size_a
    return _several(shared.a[of_predicted]), _several(shared.b[of_true])


def _several(labels: np.ndarray) -> int:
    """How many numbers occur twice or more."""
    return int((np.unique(labels, return_counts=True)[1] > 1).sum())


def boundary_f(true: np.ndarray, predicted: np.ndarray, tolerance: float = _TOLERANCE) -> float:
    """Boundary F-measure: the harmonic mean of the shares of either boundary that lie near the other one.

    (Csurka et al., What is a good evaluation measure for semantic segmentation?, BMVC 2013; here on the
    outlines of all objects, plane by plane.)

    Args:
        true, predicted: label images ``(Y, X)`` or ``(Z, Y, X)`` of equal shape.
        tolerance: px, what counts as near.

    Returns:
        0..1; 1 without objects on either side.
    """
    shape = (-1, *true.shape[-2:])
    near, count = np.zeros(2), np.zeros(2)
    for planes in zip(true.reshape(shape), predicted.reshape(shape), strict=True):
        edges = [outlines(plane) for plane in planes]
        for n, (mine, theirs) in enumerate((edges, edges[::-1])):
            count[n] += mine.sum()
            if theirs.any():
                distance = cv2.distanceTransform(
                    (~theirs).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
                )
                near[n] += (distance[mine] <= tolerance).sum()
    if not count.any():
        return 1.0
    recall, precision = near / np.maximum(count, 1)
    return float(2 * recall * precision / max(recall + precision, 1e-12))


def outlines(plane: np.ndarray) -> np.ndarray:
    """bool: pixels of objects beside a pixel of something else."""
    outline = np.zeros(plane.shape, bool)
    for axis in (0, 1):
        differs = np.diff(plane.astype(np.int64), axis=axis) != 0
        before, after = [slice(None)] * 2, [slice(None)] * 2
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        outline[tuple(before)] |= differs
        outline[tuple(after)] |= differs
    return outline & (plane > 0)
