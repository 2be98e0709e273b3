"""Channels at another size."""

from __future__ import annotations

import cv2
import numpy as np


def resized(pixels: np.ndarray, zoom: float) -> np.ndarray:
    """Channels ``(C, Y, X)`` float32 scaled by ``zoom``, averaged when they shrink."""
    height, width = (max(1, round(length * zoom)) for length in pixels.shape[1:])
    return resized_to(pixels, height, width)


def resized_to(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Channels ``(C, Y, X)`` float32 at another size, averaged when they shrink, linear when they grow."""
    if pixels.shape[1:] == (height, width):
        return pixels
    shrinks = height * width < pixels.shape[1] * pixels.shape[2]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    try:
        return np.stack([cv2.resize(c, (width, height), interpolation=interpolation) for c in pixels])
    except cv2.error as error:
        if error.code != cv2.Error.StsNoMem:
            raise
        raise MemoryError(f"not enough memory for {height} x {width} px") from error
