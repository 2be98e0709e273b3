"""How large the cells of an image are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from model_core.errors import Cancelled
from model_core.segmentation.tiling import STRIDE, Cancel, padded_to

if TYPE_CHECKING:
    from model_core.models.model import Model


def diameters(labels: np.ndarray) -> np.ndarray:
    """float64 (N,), px: the diameter ``2 * sqrt(area / pi)`` of the circle of equal area, for each object of
    a plane; for each object of a volume the diameter of the ball of equal volume, ``2 * cbrt(3 V / 4 pi)``.
    """
    highest = int(labels.max(initial=0))
    rows = labels.reshape(-1, labels.shape[-1])
    sizes = np.zeros(highest + 1, np.int64)
    for first in range(0, len(rows), _ROWS):  # bincount makes a copy eight bytes deep
        sizes += np.bincount(rows[first : first + _ROWS].ravel(), minlength=highest + 1)
    sizes = sizes[1:][sizes[1:] > 0]
    if labels.ndim == 3 and labels.shape[0] > 1:
        return 2 * np.cbrt(sizes * 3 / (4 * np.pi))
    return 2 * np.sqrt(sizes / np.pi)


def median_diameter(labels: np.ndarray) -> float:
    """px, the median over the objects; 0 when there are none."""
    found = diameters(labels)
    return float(np.median(found)) if len(found) else 0.0


LARGEST_ZOOM = 6.0  # objects of 5 px and less are not enlarged further: it costs pixels, shows nothing
_ZOOMS = (4.0, 2.0, 1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32)
_WINDOW = 256  # px, side of what the net looks at in each zoom
_MARGIN = 32  # px along its cuts that are not looked at
_SMALLEST_VIEW = 128  # px: images are not shrunk further; in tiny ones anything looks like one big object
_ROWS = 1024  # of labels looked at at once
_TRUSTED = 0.3  # octaves: how far the size map is believed beside the net's own diameter
_BINS = 8  # an octave
_MANY_RATHER_THAN_LARGE = 1.5  # 0: what covers most pixels wins; 2: what there are most of
_LOWEST = -1  # log2 px, and ...
_OCTAVES = 12  # ... so many above it


def estimate_diameter(model: Model, pixels: np.ndarray, cancel: Cancel | None = None) -> float | None:
    """The diameter of the objects in a plane, from one cheap look at it in several zooms.

    In each zoom the net says, pixel by pixel, how large the object there is. It is believed where the
    object appears about as large as the net is used to and where the net is sure of what it sees, which
    shows in flows of full length; so every object is measured in the zoom that suits it. Between several
    sizes (cells and their clusters, nuclei and cell bodies) pixels and numbers of objects decide.

    A net without a size map tells the diameter by the style of 512 px of the plane instead.

    Args:
        pixels: float32 ``(I, Y, X)``, normalised. cancel: asked between looks.

    Returns:
        px, or None when the net sees no objects.

    Raises:
        Cancelled: ``cancel`` said so.
    """
    if not model.network.has_size_map:
        rows, columns = _window(pixels, 0.5) or (slice(None), slice(None))
        return model.style_diameter(_padded(pixels[:, rows, columns]))
    votes = np.zeros(_OCTAVES * _BINS)
    for zoom in _ZOOMS:
        if cancel and cancel():
            raise Cancelled
        window = _window(pixels, zoom)
        if window is not None:
            part = resized(pixels[:, window[0], window[1]], zoom)
            maps = model.predict(_padded(part)[None])[0][:, : part.shape[1], : part.shape[2]]
            rows, columns = _whole(window, pixels.shape[1:], part.shape[1:])
            votes += _votes(maps[:, rows, columns], model.diameter / zoom)
    if votes.sum() < 1e-4:
        return None
    octaves = _LOWEST + (np.arange(len(votes)) + 0.5) / _BINS
    smooth = np.convolve(
        votes / 2 ** (_MANY_RATHER_THAN_LARGE * octaves), np.hanning(2 * _BINS + 3)[1:-1], "same"
    )
    peak = int(smooth.argmax())
    near = slice(max(0, peak - _BINS), peak + _BINS + 1)
    objects = votes[near] / 4 ** octaves[near]  # from pixels
    at = np.searchsorted(np.cumsum(objects), objects.sum() / 2)
    return float(2 ** octaves[near][min(at, len(objects) - 1)])


def _votes(maps: np.ndarray, diameter: float) -> np.ndarray:
    """The trusted share of the pixels that vote for each diameter; ``diameter`` is what size 0 stands for."""
    chance = 1 / (1 + np.exp(-np.clip(maps[2], -30, 30)))
    sure = np.minimum(np.square(maps[:2]).sum(0), 1) ** 4 * np.maximum(2 * chance - 1, 0)
    trust = np.exp(-0.5 * (maps[3] / _TRUSTED) ** 2) * sure
    octaves = np.log2(diameter) + maps[3]
    bins = np.clip(((octaves - _LOWEST) * _BINS).astype(int), 0, _OCTAVES * _BINS - 1)
    # a share of the window, so that zooms that see less of the image weigh the same
    return np.bincount(bins.ravel(), trust.ravel(), minlength=_OCTAVES * _BINS) / trust.size


def _whole(window: tuple[slice, slice], image: tuple[int, ...], part: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns of a part of the image without those along its cuts, where objects are cut too."""
    rows, columns = (
        slice(_MARGIN if cut.start > 0 else 0, side - (_MARGIN if cut.stop < length else 0))
        for cut, length, side in zip(window, image, part, strict=True)
    )
    return rows, columns


def _window(pixels: np.ndarray, zoom: float) -> tuple[slice, slice] | None:
    """The part of the plane with the most contrast that fills the net's window at this zoom."""
    height, width = pixels.shape[1:]
    if zoom < 1 and max(height, width) * zoom < _SMALLEST_VIEW:
        return None
    side = int(np.ceil(_WINDOW / zoom))
    if side >= height and side >= width:
        return slice(0, height), slice(0, width)
    rows, columns = min(side, height), min(side, width)
    step = max(1, int(min(rows, columns) // 64))
    coarse = np.abs(np.diff(pixels[:, ::step, ::step], axis=2)).sum(0)
    sums = np.pad(coarse.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    j, i = max(1, rows // step), max(1, columns // step)
    j, i = min(j, coarse.shape[0]), min(i, coarse.shape[1])
    energy = sums[j:, i:] - sums[:-j, i:] - sums[j:, :-i] + sums[:-j, :-i]
    y, x = np.unravel_index(int(energy.argmax()), energy.shape)
    top, left = min(int(y) * step, height - rows), min(int(x) * step, width - columns)
    return slice(top, top + rows), slice(left, left + columns)


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
    return np.stack([cv2.resize(c, (width, height), interpolation=interpolation) for c in pixels])


def _padded(pixels: np.ndarray) -> np.ndarray:
    height, width = (math.ceil(length / STRIDE) * STRIDE for length in pixels.shape[1:])
    return padded_to(pixels, height, width)
