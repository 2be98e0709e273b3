"""How large labelled objects are."""

from __future__ import annotations

import numpy as np


def diameters(labels: np.ndarray) -> np.ndarray:
    """float64 (N,), px: the diameter ``2 * sqrt(area / pi)`` of the circle of equal area, for each object of
    a plane; for each object of a volume the diameter of the ball of equal volume, ``2 * cbrt(3 V / 4 pi)``.
    """
    sizes = np.bincount(labels.ravel())[1:]
    sizes = sizes[sizes > 0]
    if labels.ndim == 3 and labels.shape[0] > 1:
        return 2 * np.cbrt(sizes * 3 / (4 * np.pi))
    return 2 * np.sqrt(sizes / np.pi)


def median_diameter(labels: np.ndarray) -> float:
    """px, the median over the objects; 0 when there are none."""
    found = diameters(labels)
    return float(np.median(found)) if len(found) else 0.0
