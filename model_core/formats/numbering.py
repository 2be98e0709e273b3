"""Numbers without gaps, for programs that count on them."""

from __future__ import annotations

import numpy as np


def consecutive(labels: np.ndarray) -> np.ndarray:
    """Labels of the same shape and type with the objects numbered 1, 2, 3 ... in the order of their IDs.

    A copy for export: in a document an ID stays with its object and is never given to another one.
    """
    highest = int(labels.max(initial=0))
    if highest > max(labels.size, 1 << 20):  # IDs too far apart for a table
        present, index = np.unique(labels, return_inverse=True)
        numbers = np.cumsum(present != 0)
        return numbers.astype(labels.dtype)[index].reshape(labels.shape)
    seen = np.zeros(highest + 1, bool)
    seen[labels] = True
    seen[0] = False
    return (np.cumsum(seen) * seen).astype(labels.dtype)[labels]
