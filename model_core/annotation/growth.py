"""Labels that grow into free pixels or shrink, all at the same pace, on one plane."""

from __future__ import annotations

import numpy as np

from model_core.annotation.proposal import Tick, no_tick

_CROSS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_SQUARE = (*_CROSS, (-1, -1), (-1, 1), (1, -1), (1, 1))


def grow(
    labels: np.ndarray,
    growing: np.ndarray,
    free: np.ndarray,
    steps: int | None = None,
    tick: Tick = no_tick,
    first: int = 0,
) -> np.ndarray:
    """`labels` (Y, X) with those at `growing` wider by `steps` pixels, None for as far as they come.

    They spread over `free` pixels only (bool, like `growing`), around obstacles and never through them, and
    stop where they meet. `first` is the number of the first step, see `_neighbours`.
    """
    grown, front = labels.copy(), np.where(growing, labels, 0)
    step = 0
    while steps is None or step < steps:
        tick(step / steps if steps else 0.0)
        before = front.copy()
        for dy, dx in _SQUARE if steps is None else _neighbours(first + step):
            to, of = _shifted(dy, dx)
            take = free[to] & (front[to] == 0) & (before[of] != 0)
            np.copyto(front[to], before[of], where=take)
            np.copyto(grown[to], before[of], where=take)
        if steps is None and np.array_equal(before, front):
            break
        step += 1
    return grown


def shrink(labels: np.ndarray, shrinking: np.ndarray, steps: int, first: int = 0) -> np.ndarray:
    """`labels` (Y, X) with those at `shrinking` (bool) narrower by `steps` pixels on every side.

    What lies beyond the array counts as more of the same, so a cell does not shrink away from the edge.
    """
    left = labels.copy()
    for step in range(steps):
        rim = np.zeros(labels.shape, bool)
        for dy, dx in _neighbours(first + step):
            to, of = _shifted(dy, dx)
            rim[to] |= left[to] != left[of]
        left[rim & shrinking] = 0
    return left


def _neighbours(step: int) -> tuple[tuple[int, int], ...]:
    """Three steps along the axes to two that are diagonal too go equally far in all eight directions."""
    return _SQUARE if step % 5 in (1, 3) else _CROSS


def _shifted(dy: int, dx: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Indices of pixels and of their neighbours at (dy, dx) before them, as far as both exist."""
    rows, cols = _axis(dy), _axis(dx)
    return (rows[0], cols[0]), (rows[1], cols[1])


def _axis(step: int) -> tuple[slice, slice]:
    if step == 0:
        return slice(None), slice(None)
    return (slice(1, None), slice(None, -1)) if step > 0 else (slice(None, -1), slice(1, None))
