"""A box of an image segmented by itself, at the size of what it holds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from model_core.annotation.patch import Box
from model_core.errors import UserError
from model_core.images.image import Image, image_from_array
from model_core.models.model import Model
from model_core.segmentation.basins import radius_of
from model_core.segmentation.diameter import LARGEST_ZOOM, busiest_window
from model_core.segmentation.scaling import resized
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.segmenter import segment
from model_core.segmentation.tiling import STRIDE, Cancel, widened

_CONTEXT = 16  # px at the scale of the net that it sees around the box, or fewer, down to ...
_LEAST_CONTEXT = 8  # where that saves it a stride
_LOOKS = 3
_LOOK = 152  # px at the scale of the net, side of what a closer look shows
_CLOSER = 3.0  # times, from look to look
_SMALLEST = 6.0  # px, of objects that are looked for
_LARGE = 0.5  # of the size that the net is used to: closer looks show such objects too large
_WELL_SEEN = 0.8  # confidence; on 40 boxes of validation images AP at 0.5 is 0.64, with scores > 0.7 0.63
_FILLED = 0.4  # share of the box that an object covers which the box was drawn for
_TIGHT = 0.6  # share of the box that the bounding box of such an object covers
_MOSTLY_INSIDE = 0.8  # share of such an object that lies in the box
_MOST_OUTSIDE = 0.5  # objects with a larger part beyond the box belong to what lies there


def segment_region(
    image: Image,
    model: Model,
    box: Box,
    *,
    fields: Segmentation | None = None,
    diameter: float | None = None,
    cancel: Cancel | None = None,
    **options: Any,
) -> Segmentation:
    """Finds the objects in a box of one plane.

    First the box is looked at as if it had been drawn around one object. If there is one that fills it, that
    is the answer. Otherwise it is looked at closer and closer, until what is found has about the size that
    the net is used to, unless a run has seen objects of that size there. All but the last look are small, so
    they cost little.

    Args:
        image: what the box lies in. box: z, y, x slices, one plane; clipped to the image.
        fields: of a run over the whole image, if there was one.
        diameter: px, where it is known; None estimates it. cancel: asked between tiles.
        options: of `segment`.

    Returns:
        A `Segmentation` of the box alone, ``(1, height, width)`` of the clipped box. Objects that reach out
        of it are cut there; those of which most lies outside are left out.

    Raises:
        UserError: the box does not lie on the image, or the options make no sense. Cancelled.
    """
    box = clipped(box, image.shape[1:])
    if diameter is None:
        diameter = _diameter_in(image, model, box, fields, cancel, options)
    return _seen(image, model, box, diameter, cancel, options)


def _diameter_in(
    image: Image,
    model: Model,
    box: Box,
    fields: Segmentation | None,
    cancel: Cancel | None,
    options: dict[str, Any],
) -> float:
    """px: of the one object that a box was drawn around, or the median of those in it."""
    best, diameter = 0.0, model.diameter
    seen_as = math.sqrt(math.prod(part.stop - part.start for part in box[1:]))
    for number in range(_LOOKS):
        part = _busiest(image, box, _LOOK * seen_as / model.diameter) if number else box
        labels, confidence, zoom, inner = _glance(image, model, part, seen_as, cancel, options)
        one = _filling(labels, *inner) if number == 0 else None
        if one is not None:
            return 2 * radius_of(labels[None] == one) / zoom
        fit, usual = _usual(labels, confidence, inner)
        if fit > best:
            best, diameter = fit, usual / zoom
        if fit > _WELL_SEEN and usual > _LARGE * model.diameter:
            break
        if number == 0 and fields is not None:
            fit, usual = _usual(fields.labels[box][0], fields.confidence, np.s_[:, :])
            if fit > _WELL_SEEN:
                return usual
        if seen_as / _CLOSER < _SMALLEST:
            break
        seen_as /= _CLOSER
    return diameter


def _usual(labels: np.ndarray, confidence: np.ndarray, box: tuple[slice, slice]) -> tuple[float, float]:
    """Of objects ``(Y, X)`` in a box: the mean confidence, the larger the more it counts, and the median
    diameter (px); zeros without any."""
    inside = np.unique(labels[box])
    inside = inside[inside > 0]
    if not len(inside):
        return 0.0, 0.0
    sizes = 2 * np.sqrt(np.bincount(labels.ravel())[inside] / np.pi)
    return float(np.average(confidence[inside], weights=sizes)), float(np.median(sizes))


def _busiest(image: Image, box: Box, side: float) -> Box:
    """The part of a box of at most this side (px) that has the most contrast."""
    z, *sides = box
    if max(part.stop - part.start for part in sides) <= side:
        return box
    pixels = np.asarray(image.pixels[:, z.start, sides[0], sides[1]]).astype(np.float32)
    rows, columns = (
        slice(part.start + inner.start, part.start + inner.stop)
        for part, inner in zip(sides, busiest_window(pixels, 1.0, round(side)), strict=True)
    )
    return z, rows, columns


def _glance(
    image: Image, model: Model, box: Box, diameter: float, cancel: Cancel | None, options: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray, float, tuple[slice, slice]]:
    """A box seen so small, or so large, that objects of a diameter have the size that the net is used to.

    Returns:
        labels ``(y, x)`` of the box and what surrounds it, confidence by label, the zoom, where the box lies.
    """
    zoom = min(model.diameter / diameter, LARGEST_ZOOM)
    pixels, inner = _surroundings(image, box, zoom)
    small = resized(pixels[:, 0].astype(np.float32), zoom)
    size = model.diameter * model.network.magnified  # is shown as it is
    found = segment(image_from_array(small, "CYX"), model, diameter=size, cancel=cancel, **options)
    rows, columns = (
        slice(round(part.start * length / whole), max(round(part.stop * length / whole), 1))
        for part, length, whole in zip(inner[1:], small.shape[1:], pixels.shape[2:], strict=True)
    )
    return found.labels[0], found.confidence, zoom, (rows, columns)


def clipped(box: Box, shape: tuple[int, ...]) -> Box:
    """The part of a box that lies on an image ``(Z, Y, X)``. Raises UserError if there is none."""
    z, y, x = (slice(max(part.start, 0), min(part.stop, size)) for part, size in zip(box, shape, strict=True))
    if z.stop - z.start != 1 or y.start >= y.stop or x.start >= x.stop:
        raise UserError("The box does not lie on the image.")
    return z, y, x


def _surroundings(image: Image, box: Box, zoom: float) -> tuple[np.ndarray, Box]:
    """The pixels ``(C, 1, Y, X)`` of a box and what is seen around it, and where the box lies in them."""
    z, *sides = box
    around = [
        widened(part, _context(part.stop - part.start, zoom), length)
        for part, length in zip(sides, image.shape[2:], strict=True)
    ]
    rows, columns = (
        slice(part.start - whole.start, part.stop - whole.start)
        for part, whole in zip(sides, around, strict=True)
    )
    return np.asarray(image.pixels[:, z, around[0], around[1]]), (slice(0, 1), rows, columns)


def _context(length: int, zoom: float) -> int:
    """px around the side of a box."""
    tile = (length * zoom + 2 * _CONTEXT) // STRIDE * STRIDE
    spared = (tile / zoom - length) / 2
    return int(spared) if spared * zoom >= _LEAST_CONTEXT else round(_CONTEXT / zoom)


def _seen(
    image: Image,
    model: Model,
    box: Box,
    diameter: float,
    cancel: Cancel | None,
    options: dict[str, Any],
) -> Segmentation:
    """The box with what lies around it, segmented; then without what lies around it."""
    pixels, inner = _surroundings(
        image, box, min(model.network.magnified * model.diameter / diameter, LARGEST_ZOOM)
    )
    found = segment(image_from_array(pixels, "CZYX"), model, diameter=diameter, cancel=cancel, **options)
    sizes = np.bincount(found.labels.ravel())
    inside = np.bincount(found.labels[inner].ravel(), minlength=len(sizes))
    kept = inside >= np.maximum((1 - _MOST_OUTSIDE) * sizes, 1)
    kept[0] = False
    names = np.zeros(len(sizes), np.uint32)
    names[kept] = np.arange(1, kept.sum() + 1)
    fields = (slice(None), *inner)
    return replace(
        found,
        labels=names[found.labels[inner]],
        flows=found.flows[fields],
        cellprob=found.cellprob[inner],
        scores=np.concatenate([[0.0], found.scores[kept]]),
        places=None,
    )


def _filling(labels: np.ndarray, rows: slice, columns: slice) -> int | None:
    """The object ``(Y, X)`` that fills a box as one does around which the box was drawn; None without one."""
    box = labels[rows, columns]
    sizes = np.bincount(box.ravel(), minlength=2)
    largest = int(sizes[1:].argmax()) + 1
    inside = box == largest
    if inside.sum() < max(_FILLED * box.size, _MOSTLY_INSIDE * (labels == largest).sum()):
        return None
    height, width = (int(np.ptp(np.flatnonzero(inside.any(axis)))) + 1 for axis in (1, 0))
    return largest if height * width >= _TIGHT * box.size else None
