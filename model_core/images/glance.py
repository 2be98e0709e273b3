"""Some pixels of a plane, quickly read, that tell which intensities there are."""

from __future__ import annotations

import numpy as np

from model_core.images.image import Image
from model_core.images.lazy import LazyPixels, Pixels

_SIDE = 256  # px of the patches that are read where the file has no small copy
_PATCHES = 3  # along each axis
_SMALL = 512  # px: copies whose longer side has fewer tell too little


def glance(image: Image, plane: int) -> Pixels:
    """``(C, y, x)``: all pixels of a plane, those of a small copy or, where there is none, of some patches.

    Nothing is read yet unless patches are.
    """
    pixels = image.coarse(_SMALL)
    height, width = pixels.shape[2:]
    if not isinstance(pixels, LazyPixels) or height * width <= (2 * _SIDE * _PATCHES) ** 2:
        return pixels[:, plane]
    rows, columns = (
        [
            slice(start, start + _SIDE)
            for start in np.linspace(0, length - _SIDE, _PATCHES).astype(int).clip(0)
        ]
        for length in (height, width)
    )
    bands = [np.concatenate([np.asarray(pixels[:, plane, ys, xs]) for xs in columns], axis=2) for ys in rows]
    return np.concatenate(bands, axis=1)
