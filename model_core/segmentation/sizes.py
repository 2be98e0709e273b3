"""How large labelled objects are."""

from __future__ import annotations

import numpy as np

_ROWS = 1024  # counted at once, as numpy makes a copy eight bytes deep of what it counts


def diameters(labels: np.ndarray) -> np.ndarray:
    """float64 (N,), px: the diameter ``2 * sqrt(area / pi)`` of the circle of equal area, for each object of
    a plane; for each object of a volume the diameter of the ball of equal volume, ``2 * cbrt(3 V / 4 pi)``.
    """
    highest = int(labels.max(initial=0))
    rows = labels.reshape(-1, labels.shape[-1])
    sizes = np.zeros(highest + 1, np.int64)
    for first in range(0, len(rows), _ROWS):
        sizes += np.bincount(rows[first : first + _ROWS].ravel(), minlength=highest + 1)
    sizes = sizes[1:][sizes[1:] > 0]
    if labels.ndim == 3 and labels.shape[0] > 1:
        return 2 * np.cbrt(sizes * 3 / (4 * np.pi))
    return 2 * np.sqrt(sizes / np.pi)


def median_diameter(labels: np.ndarray) -> float:
    """px, the median over the objects; 0 when there are none."""
    found = diameters(labels)
    return float(np.median(found)) if len(found) else 0.0
