"""How large the cells of an image are, told from the image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from model_core.errors import Cancelled
from model_core.flows.masks import Fit, at_sides, checked_masks, cut_sides
from model_core.segmentation.scaling import resized
from model_core.segmentation.sizes import diameters
from model_core.segmentation.tiling import STRIDE, Cancel, padded_to, predict_fields

if TYPE_CHECKING:
    from model_core.models.model import Model

LARGEST_ZOOM = 6.0  # objects of 5 px and less are not enlarged further: it costs pixels, shows nothing
_ZOOMS = (4.0, 2.0, 1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32)
_GLANCE = 256  # px, side of what the net looks at in each zoom
_LOOK = 352  # px, side of what is segmented to see whether a diameter fits
_LOOKS = 2  # the second one at the diameter that the first one found, where that is ...
_OFF = 1.25  # ... so many times larger or smaller
_SMALLEST = 15  # px, of objects that count in a look
_MARGIN = 32  # px along its cuts that are not looked at
_SMALLEST_VIEW = 128  # px: images are not shrunk further; in tiny ones anything looks like one big object
_TRUSTED = 0.3  # octaves: how far the size map is believed beside the net's own diameter
_BINS = 8  # an octave
_LOWEST = -1  # log2 px, and ...
_OCTAVES = 12  # ... so many above it
_WORTH_A_LOOK = 0.05  # of the highest peak
# Chosen on the training images that leave a choice: there the right size won by a factor of 5 or more, while
# sums over objects, with any weight of size, picked texture in some images and large dirt in others.
_QUALITY_COUNTS = 8  # power of the mean score of what is found
_AREA_COUNTS = 0.5  # power of the share of the picture that it covers


def estimate_diameter(model: Model, pixels: np.ndarray, cancel: Cancel | None = None) -> float | None:
    """The diameter of the objects in a plane, from a glance at it in several zooms and a closer look.

    In each zoom the net says, pixel by pixel, how large the object there is. It is believed where the
    object appears about as large as the net is used to and where the net is sure of what it sees, which
    shows in flows of full length; so every object is measured in the zoom that suits it.

    Several sizes may stand out so (cells and their clusters, nuclei and cell bodies, texture). A part of
    the plane is segmented at each: the diameter wins whose objects fit their flows best; how much of the
    picture they cover counts less. Of the objects found there it is the median.

    A net without a size map tells the diameter by the style of 512 px of the plane instead. What its size
    model makes of that is refined as Cellpose does it, by the median of the objects found at that diameter.

    Args:
        pixels: float32 ``(I, Y, X)``, normalised. cancel: asked between looks.

    Returns:
        px, or None when the net sees no objects.

    Raises:
        Cancelled: ``cancel`` said so.
    """
    if not model.network.has_size_map:
        rows, columns = busiest_window(pixels, 0.5, _GLANCE)
        diameter = model.style_diameter(_padded(pixels[:, rows, columns]))
        if not model.network.has_size_model:  # the one that it was trained on; Cellpose takes it as it is
            return diameter
        return _looked_closer(model, pixels, diameter, cancel)[1]
    best, estimate = 0.0, None
    for candidate in _candidates(_glances(model, pixels, cancel)):
        weight, diameter = _looked_closer(model, pixels, candidate, cancel)
        if estimate is None or weight > best:
            best, estimate = weight, diameter
    return estimate


def _glances(model: Model, pixels: np.ndarray, cancel: Cancel | None) -> np.ndarray:
    """The share of the plane's pixels that vote for each diameter, float64, `_BINS` an octave."""
    if cancel and cancel():
        raise Cancelled
    zooms = [zoom for zoom in _ZOOMS if zoom >= 1 or max(pixels.shape[1:]) * zoom >= _SMALLEST_VIEW]
    windows = [busiest_window(pixels, zoom, _GLANCE) for zoom in zooms]
    parts = [resized(pixels[:, ys, xs], zoom) for zoom, (ys, xs) in zip(zooms, windows, strict=True)]
    votes = np.zeros(_OCTAVES * _BINS)
    for zoom, window, maps in zip(zooms, windows, _predicted(model, parts), strict=True):
        rows, columns = _whole(window, pixels.shape[1:], maps.shape[1:])
        votes += _votes(maps[:, rows, columns], model.diameter / zoom)
    return votes


def _predicted(model: Model, parts: list[np.ndarray]) -> list[np.ndarray]:
    """Maps float32 ``(4, Y, X)`` of each part; parts of one size are predicted together."""
    tiles = [_padded(part) for part in parts]
    maps = list(parts)
    for shape in {tile.shape for tile in tiles}:
        alike = [n for n, tile in enumerate(tiles) if tile.shape == shape]
        for n, found in zip(alike, model.predict(np.stack([tiles[n] for n in alike])), strict=True):
            maps[n] = found[:, : parts[n].shape[1], : parts[n].shape[2]]
    return maps


def _votes(maps: np.ndarray, diameter: float) -> np.ndarray:
    """The trusted share of the pixels that vote for each diameter; ``diameter`` is what size 0 stands for."""
    chance = 1 / (1 + np.exp(-np.clip(maps[2], -30, 30)))
    sure = np.minimum(np.square(maps[:2]).sum(0), 1) ** 4 * np.maximum(2 * chance - 1, 0)
    trust = np.exp(-0.5 * (maps[3] / _TRUSTED) ** 2) * sure
    octaves = np.log2(diameter) + maps[3]
    bins = np.clip(((octaves - _LOWEST) * _BINS).astype(int), 0, _OCTAVES * _BINS - 1)
    # a share of the window, so that zooms that see less of the image weigh the same
    return np.bincount(bins.ravel(), trust.ravel(), minlength=_OCTAVES * _BINS) / trust.size


def _candidates(votes: np.ndarray) -> list[float]:
    """px: the sizes that stand out, of each the median over objects; empty when nothing was seen."""
    if votes.sum() < 1e-4:
        return []
    octaves = _LOWEST + (np.arange(len(votes)) + 0.5) / _BINS
    smooth = np.convolve(votes / 2**octaves, np.hanning(2 * _BINS + 3)[1:-1], "same")
    inner = smooth[1:-1]
    peaks = 1 + np.flatnonzero(
        (inner >= smooth[:-2]) & (inner > smooth[2:]) & (inner > _WORTH_A_LOOK * smooth.max())
    )
    found = []
    for peak in peaks:
        near = slice(max(0, peak - _BINS), peak + _BINS + 1)
        objects = votes[near] / 4 ** octaves[near]  # from pixels
        at = np.searchsorted(np.cumsum(objects), objects.sum() / 2)
        found.append(float(2 ** octaves[near][min(at, len(objects) - 1)]))
    return found


def _looked_closer(
    model: Model, pixels: np.ndarray, diameter: float, cancel: Cancel | None
) -> tuple[float, float]:
    """Segments a part of the plane at a diameter: how well that goes, and the diameter of what is found."""
    weight = 0.0
    for _ in range(_LOOKS):
        zoom = min(model.diameter / diameter, LARGEST_ZOOM)
        window = busiest_window(pixels, zoom, _LOOK)
        part = resized(pixels[:, window[0], window[1]], zoom)
        fields = predict_fields(model, part, cancel=cancel)
        labels, fit = checked_masks(
            fields.flows[:, None],
            fields.cellprob[None],
            cellprob_threshold=0.0,
            flow_threshold=model.network.flow_threshold,
            score_threshold=model.network.score_threshold,
            min_size=_SMALLEST,
            niter=None,
        )
        whole = _uncut(labels, window, pixels.shape[1:])
        if not whole.any():
            return 0.0, diameter
        found = diameters(labels) / zoom
        scores, found = _fitting(fit)[1:][whole], found[whole]
        covered = np.pi / 4 * float((scores * found**2).sum()) * zoom**2 / part[0].size
        weight = float(np.average(scores, weights=found)) ** _QUALITY_COUNTS * covered**_AREA_COUNTS
        looked_at = diameter
        diameter = float(np.clip(np.median(found), diameter / 2, diameter * 2))
        if 1 / _OFF < diameter / looked_at < _OFF:
            break
    return weight, diameter


def _fitting(fit: Fit) -> np.ndarray:
    """float64, 0..1, by label: at a wrong size flows do not only get shorter, they point elsewhere."""
    return fit.score * np.clip(1 - fit.error, 0, 1)


def _uncut(labels: np.ndarray, window: tuple[slice, slice], image: tuple[int, ...]) -> np.ndarray:
    """bool by object 1..N of ``(1, Y, X)``: those that no cut through the image touches; all, if all do."""
    whole = np.ones(int(labels.max()) + 1, bool)
    whole[at_sides(labels, cut_sides(window, image))] = False
    return whole[1:] if whole[1:].any() else np.ones(len(whole) - 1, bool)


def _whole(window: tuple[slice, slice], image: tuple[int, ...], part: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns of a part of the image without those along its cuts, where objects are cut too."""
    rows, columns = (
        slice(_MARGIN if cut.start > 0 else 0, side - (_MARGIN if cut.stop < length else 0))
        for cut, length, side in zip(window, image, part, strict=True)
    )
    return rows, columns


def busiest_window(pixels: np.ndarray, zoom: float, length: int) -> tuple[slice, slice]:
    """The part of the plane with the most contrast that is ``length`` px wide at this zoom."""
    height, width = pixels.shape[1:]
    side = int(np.ceil(length / zoom))
    if side >= height and side >= width:
        return slice(0, height), slice(0, width)
    rows, columns = min(side, height), min(side, width)
    step = max(1, int(min(rows, columns) // 64))
    coarse = np.abs(np.diff(pixels[:, ::step, ::step], axis=2 if width > 1 else 1)).sum(0)
    sums = np.pad(coarse.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    j, i = max(1, rows // step), max(1, columns // step)
    j, i = min(j, coarse.shape[0]), min(i, coarse.shape[1])
    energy = sums[j:, i:] - sums[:-j, i:] - sums[j:, :-i] + sums[:-j, :-i]
    y, x = np.unravel_index(int(energy.argmax()), energy.shape)
    top, left = min(int(y) * step, height - rows), min(int(x) * step, width - columns)
    return slice(top, top + rows), slice(left, left + columns)


def _padded(pixels: np.ndarray) -> np.ndarray:
    height, width = (math.ceil(length / STRIDE) * STRIDE for length in pixels.shape[1:])
    return padded_to(pixels, height, width)
