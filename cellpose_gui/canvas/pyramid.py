"""Halved, area-averaged copies of an image plane, so that zoomed-out images neither alias nor lag."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

SMALLEST = 256  # a copy whose longer side is at most this is the last
_STRIP = 512  # rows halved at a time: bounds scratch memory and the wait after a cancel


def build_pyramid(plane: np.ndarray, cancelled: Callable[[], bool] = lambda: False) -> list[np.ndarray]:
    """Copies of a (C, Y, X) plane at 1/2, 1/4, ... of its size, in its dtype (others than those below:
    float32).

    Every pixel of a copy is the mean of 2 x 2 pixels of the one before; NaN and infinity are left out of a
    mean where they can be. A last odd row or column is dropped. Stops early and returns what is there when
    `cancelled()` turns true.
    """
    levels: list[np.ndarray] = []
    while max(plane.shape[1:]) > SMALLEST and min(plane.shape[1:]) >= 2:
        half = _halved(plane, cancelled)
        if half is None:
            break
        levels.append(half)
        plane = half
    return levels


def _halved(plane: np.ndarray, cancelled: Callable[[], bool]) -> np.ndarray | None:
    channels, height, width = plane.shape
    half = np.empty((channels, height // 2, width // 2), halved_type(plane.dtype))
    for channel in range(channels):
        for top in range(0, height // 2, _STRIP):
            if cancelled():
                return None
            bottom = min(top + _STRIP, height // 2)
            strip = np.asarray(plane[channel, 2 * top : 2 * bottom, : width // 2 * 2]).astype(
                half.dtype, copy=False
            )
            half[channel, top:bottom] = mean2x2(strip)
    return half


def halved_type(dtype: np.dtype) -> np.dtype:
    """The type of the copies of an image."""
    return dtype if dtype in (np.uint8, np.uint16, np.int16, np.float32) else np.dtype(np.float32)


def mean2x2(strip: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels of an array (Y, X) with even sides, of a type that `halved_type` gives."""
    size = (strip.shape[1] // 2, strip.shape[0] // 2)
    if strip.dtype == np.float32 and not np.isfinite(strip).all():
        finite = np.isfinite(strip)
        total = cv2.resize(np.where(finite, strip, 0), size, interpolation=cv2.INTER_AREA)
        share = cv2.resize(finite.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return np.divide(total, share, out=strip[::2, ::2].copy(), where=share > 0)
    return cv2.resize(np.ascontiguousarray(strip), size, interpolation=cv2.INTER_AREA)
