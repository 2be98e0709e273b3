"""An object by itself: where it lies and which pixels are its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from model_core.annotation.patch import Box


class Mask(NamedTuple):
    """The pixels of an object: bool ``(Z, Y, X)`` of the shape of ``box``, slices z, y, x of the image."""

    box: Box
    pixels: np.ndarray
