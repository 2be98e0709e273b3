"""What of an image is shown to the net to learn how large its objects are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from model_core.images.scaled import ScaledImage
from model_core.segmentation.diameter import estimate_diameter
from model_core.segmentation.tiling import Cancel

if TYPE_CHECKING:
    from model_core.models.model import Model

_PLANES = 3  # whose diameters are averaged
_SIDE = 2048  # px of a large plane that are looked at
_LARGE_OBJECTS = _SIDE / 10  # px: there are too few of them in that


def measured_diameter(model: Model, image: ScaledImage, cancel: Cancel | None = None) -> float | None:
    """px: the median of what the planes with the most contrast show; None when the net sees no objects.

    Raises:
        Cancelled: ``cancel`` said so.
    """
    if image.is_constant:
        return None
    planes = range(image.shape[0])
    if len(planes) > _PLANES:
        step = max(1, max(image.shape[1:]) // 512)
        contrast = [image.window(z, slice(None, None, step), slice(None, None, step)).std() for z in planes]
        planes = np.argsort(contrast)[-_PLANES:].tolist()
    look = _in_large_plane if image.is_large else _in_plane
    seen = [diameter for z in planes if (diameter := look(model, image, z, cancel))]
    return float(np.median(seen)) if seen else None


def _in_plane(model: Model, image: ScaledImage, z: int, cancel: Cancel | None) -> float | None:
    return estimate_diameter(model, model.network.arrange(image.window(z)), cancel)


def _in_large_plane(model: Model, image: ScaledImage, z: int, cancel: Cancel | None) -> float | None:
    """The diameter in the part with the most contrast, or, of objects too large for it, in a small copy."""
    factor = math.ceil(max(image.shape[1:]) / _SIDE)
    small = image.shrunk(z, factor)
    window = (factor * start for start in _most_contrast(small, _SIDE // factor))
    rows, columns = (slice(start, start + _SIDE) for start in window)
    near = estimate_diameter(model, model.network.arrange(image.window(z, rows, columns)), cancel)
    if near and near < _LARGE_OBJECTS:
        return near
    far = estimate_diameter(model, model.network.arrange(small), cancel)
    return far * factor if far else near


def _most_contrast(pixels: np.ndarray, side: int) -> tuple[int, int]:
    """Row and column at which the square with the most contrast in ``(C, Y, X)`` begins."""
    steps = np.abs(np.diff(pixels, axis=1, prepend=pixels[:, :1])).sum(0)
    rows, columns = (min(side, length) for length in steps.shape)
    means = cv2.blur(steps, (columns, rows), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    y, x = np.unravel_index(
        means[: steps.shape[0] - rows + 1, : steps.shape[1] - columns + 1].argmax(),
        (steps.shape[0] - rows + 1, steps.shape[1] - columns + 1),
    )
    return int(y), int(x)
