"""Outlines among sampled labels."""

from __future__ import annotations

import cv2
import numpy as np

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def edges_of(ids: np.ndarray) -> np.ndarray:
    """Where an id other than 0 has another id above, below, left or right of it: bool, the shape of `ids`."""
    edges = np.zeros(ids.shape, bool)
    differs = ids[:, 1:] != ids[:, :-1]
    edges[:, 1:] = differs
    edges[:, :-1] |= differs
    differs = ids[1:] != ids[:-1]
    edges[1:] |= differs
    edges[:-1] |= differs
    edges &= ids != 0
    return edges


def widened(edges: np.ndarray, ids: np.ndarray, width: int) -> np.ndarray:
    """Edges that are `width` pixels wide and still lie inside labels."""
    if width <= 1:
        return edges
    # Beside an edge pixel lies its own label, background, or the edge of a neighbour: widening stays inside
    # labels.
    wide = cv2.dilate(edges.view(np.uint8), CROSS, iterations=width - 1).view(bool)
    return wide & (ids != 0)
