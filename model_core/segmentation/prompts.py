"""Where a cell is when someone points at it: answered from the fields of a run, without a second model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from model_core.annotation.patch import Box
from model_core.annotation.pieces import pieces
from model_core.flows.dynamics import places_of
from model_core.flows.masks import fill_holes
from model_core.flows.sinks import group_by_sink
from model_core.segmentation.basins import enlarged, largest_piece, radius_of, rests, stride_for
from model_core.segmentation.mask import Mask
from model_core.segmentation.segmentation import Segmentation

# Chosen on clicks into the objects of the validation images (tests/benchmarks/prompts.py --data).
_BELOW_PEAK = 2.5  # logits from the brightest part of a faint object down to its rim
_REACH = 3.0  # logits below the click down to which pixels may belong to the object
_NOTHING = -6.0  # logit at and below which the net sees background for sure
_FAINTEST_PEAK = -4.5  # logit that some pixels of an object reach

_WINDOW = 3  # diameters, side of the first window around a click
_SMALLEST_WINDOW = 48  # px, and ...
_DOUBLED = 3  # ... so often it may become twice as large; a basin that reaches further is cut off
_STEP = 0.1  # of its radius, that an object grows in a level; at least 1 px
_MOST_STRETCHED = 1.5  # times the area that an object may gain to hold a click beside it
_MOST_SCATTERED = 0.5  # places of rest a walker: where nothing converges nearly each stays where it is


def object_at(fields: Segmentation, point: tuple[int, int, int], level: int = 0) -> Mask | None:
    """The object whose flow basin holds a point, also where the cell probability is below the threshold.

    All pixels from which the flows lead to the same sink as from the point are its basin; the object is
    the part of the basin above a threshold. That is the threshold of the run, or, for an object that the
    net only suspects, one that lies as far below the highest cell probability in it as rims usually do.
    Only a window around the point is looked at, which grows while the basin touches its border. Fields of
    two components are looked at in the plane of the point, those of three in the volume.

    Args:
        fields: of the image; labels and confidence are not used.
        point: z, y, x, pixels.
        level: grows (> 0) or shrinks (< 0) the object, by a tenth of its radius a level: first by the level
            sets of the cell probability in the basin, by plain dilation or erosion where they end. Each level
            contains all levels below.

    Returns:
        None where no flows converge, and where the point lies well outside the object that it leads to.
    """
    basin = _basin_at(fields, point)
    pixels = None if basin is None else basin.natural()
    if basin is None or pixels is None:
        return None
    step = max(1.0, _STEP * radius_of(pixels))
    for _ in range(abs(level)):
        pixels = basin.grown(pixels, step) if level > 0 else basin.shrunk(pixels, step)
    return _cropped(basin.box, pixels)


@dataclass(frozen=True, eq=False)
class _Basin:
    """The pixels that lead to one sink, in a window of the image.

    box: the window. pixels: bool ``(Z, Y, X)``, of its shape. logits: float32, the cell probability.
    point: in the window. floor: the logit below which no pixel was looked at. spacing: of the axes.
    """

    box: Box
    pixels: np.ndarray
    logits: np.ndarray
    point: tuple[int, int, int]
    threshold: float
    floor: float
    spacing: tuple[float, float, float]

    @property
    def peak(self) -> float:
        """The logit in the middle of the object."""
        return float(np.quantile(self.logits[self.pixels], 0.95))

    def natural(self) -> np.ndarray | None:
        """The object at level 0; None if there is none or it would have to be stretched too far."""
        if self.peak < _FAINTEST_PEAK:
            return None
        threshold = max(min(self.threshold, self.peak - _BELOW_PEAK), self.floor)
        inside = self.pixels & (self.logits > threshold)
        if inside[self.point]:
            return _piece_at(inside, self.point)
        holding = _piece_at(self.pixels & (self.logits >= self.logits[self.point]), self.point)
        return holding if holding.sum() <= _MOST_STRETCHED * largest_piece(inside).sum() else None

    def grown(self, pixels: np.ndarray, step: float) -> np.ndarray:
        """All of ``pixels`` and what makes their radius ``step`` px longer."""
        area = int(pixels.sum())
        rest = self.logits[self.pixels & ~pixels]
        missing = _area_at(radius_of(pixels) + step, pixels) - area
        if 0 < missing <= len(rest):
            limit = np.partition(rest, len(rest) - missing)[len(rest) - missing]
            grown = _piece_at(pixels | (self.pixels & (self.logits >= limit)), self.point)
            if grown.sum() > area:
                return grown
        return pixels | (ndimage.distance_transform_edt(~pixels, sampling=self.spacing) <= step)

    def shrunk(self, pixels: np.ndarray, step: float) -> np.ndarray:
        """What is left of ``pixels``, always something, when their radius becomes ``step`` px shorter."""
        left = max(_area_at(radius_of(pixels) - step, pixels), 1)
        limit = np.sort(self.logits[pixels])[-left]
        kept = pixels & (self.logits >= limit)
        if limit > self.peak - _BELOW_PEAK or kept.sum() == pixels.sum():  # nothing tells rim from middle
            depth = ndimage.distance_transform_edt(pixels, sampling=self.spacing)
            kept = depth > min(step, depth.max() - 0.5)
        return largest_piece(kept)


def _basin_at(fields: Segmentation, point: tuple[int, int, int]) -> _Basin | None:
    """The basin that holds a point; None where nothing converges."""
    z, y, x = point
    volume = len(fields.flows) == 3
    depth, height, width = fields.cellprob.shape
    anisotropy = (fields.options.anisotropy or 1.0) if volume else 1.0
    seen, threshold = float(fields.cellprob[point]), fields.options.cellprob_threshold
    if seen <= _NOTHING:
        return None
    floor = max(min(threshold, seen) - _REACH, _NOTHING)
    stride = stride_for(fields.diameter, volume, anisotropy)
    reach = max(_SMALLEST_WINDOW, _WINDOW * fields.diameter) / 2
    for doubled in range(_DOUBLED + 1):
        box = (
            _around(z, reach * 2**doubled / anisotropy, depth) if volume else slice(z, z + 1),
            _around(y, reach * 2**doubled, height),
            _around(x, reach * 2**doubled, width),
        )
        logits = fields.cellprob[box].astype(np.float32)
        inside = (z - box[0].start, y - box[1].start, x - box[2].start)
        pixels = _same_sink(fields.flows[(slice(None), *box)], logits > floor, inside, stride)
        if pixels is None:
            return None
        if doubled == _DOUBLED or not _cut(pixels, box, fields.cellprob.shape):
            return _Basin(box, pixels, logits, inside, threshold, floor, (anisotropy, 1.0, 1.0))
    raise AssertionError("the last window is always taken")


def _same_sink(
    flows: np.ndarray, where: np.ndarray, point: tuple[int, int, int], stride: tuple[int, int, int]
) -> np.ndarray | None:
    """The pixels that end in the same sink as a point does, among those ``where`` it is true.

    Large objects are walked in strides: their fields have been enlarged from the scale of the net.

    Returns:
        bool, the shape of ``where``; None where the walkers do not come together.
    """
    grid = tuple(slice(None, None, step) for step in stride)
    at = point[0] // stride[0], point[1] // stride[1], point[2] // stride[2]
    coarse = where[grid].copy()
    coarse[at] = True
    start = np.stack(np.nonzero(coarse))
    ends = rests(flows[(slice(None), *grid)], coarse, start, stride)
    sinks = np.zeros(coarse.shape, np.int32)
    sinks[tuple(start)] = group_by_sink(places_of(ends, coarse.shape), coarse.shape)
    mine = sinks == sinks[at]
    places = np.unique(np.rint(ends[:, mine[tuple(start)]]), axis=1).shape[1]
    if places > _MOST_SCATTERED * mine.sum():
        return None
    pixels = enlarged(mine, where.shape, stride) & where
    pixels[point] = True
    return pixels


def _around(at: int, reach: float, length: int) -> slice:
    return slice(max(0, int(at - reach)), min(length, int(at + reach) + 1))


def _cut(pixels: np.ndarray, box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a mask goes up to a side of its box that is not a side of the image."""
    for axis, (part, length) in enumerate(zip(box, shape, strict=True)):
        sides = np.moveaxis(pixels, axis, 0)
        if len(sides) > 1 and (
            (part.start > 0 and sides[0].any()) or (part.stop < length and sides[-1].any())
        ):
            return True
    return False


def _area_at(radius: float, mask: np.ndarray) -> int:
    """Pixels that a mask would have at this radius; the inverse of `radius_of`."""
    radius = max(radius, 0.0)
    return round(np.pi * radius**2 if len(mask) == 1 else 4 / 3 * np.pi * radius**3)


def _piece_at(mask: np.ndarray, point: tuple[int, int, int]) -> np.ndarray:
    """The connected piece that holds a point, holes in its planes filled."""
    numbered, _ = pieces(mask)
    return fill_holes((numbered == numbered[point]).astype(np.int32)) > 0


def _cropped(box: Box, pixels: np.ndarray) -> Mask:
    """As small as the mask allows."""
    (inner,) = ndimage.find_objects(pixels.astype(np.uint8))
    z, y, x = (slice(b.start + i.start, b.start + i.stop) for b, i in zip(box, inner, strict=True))
    return Mask((z, y, x), pixels[inner])
