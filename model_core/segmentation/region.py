"""A box of an image segmented by itself, at the size of what it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from model_core.errors import UserError
from model_core.images.image import Image, image_from_array
from model_core.models.model import Model
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.segmenter import segment
from model_core.segmentation.tiling import Cancel

Box = tuple[slice, slice, slice]

_CONTEXT = 32  # px at the scale of the net that it sees around the box
_LEAST_CONTEXT = 8  # px of the image
_FILLED = 0.4  # share of the box that an object covers which the box was drawn for
_TIGHT = 0.6  # share of the box that the bounding box of such an object covers
_MOST_OUTSIDE = 0.5  # objects with a larger part beyond the box belong to what lies there


def segment_region(
    image: Image,
    model: Model,
    box: Box,
    *,
    diameter: float | None = None,
    cancel: Cancel | None = None,
    **options: Any,
) -> Segmentation:
    """Finds the objects in a box of one plane.

    First the box is looked at as if it had been drawn around one object, which costs next to nothing. If
    there is one that fills it, that is the answer. Otherwise the diameter is estimated from the box.

    Args:
        image: what the box lies in. box: z, y, x slices, one plane; clipped to the image.
        diameter: px, where it is known; None estimates it. cancel: asked between tiles.
        options: of `segment`.

    Returns:
        A `Segmentation` of the box alone, ``(1, height, width)`` of the clipped box. Objects that reach out
        of it are cut there; those of which most lies outside are left out.

    Raises:
        UserError: the box does not lie on the image, or the options make no sense. Cancelled.
    """
    box = clipped(box, image.shape[1:])
    height, width = box[1].stop - box[1].start, box[2].stop - box[2].start
    if diameter is None:
        whole = float(np.sqrt(height * width))
        alone = _seen(image, model, box, whole, whole, cancel, options)
        if _is_one(alone.labels[0]):
            return alone
    return _seen(image, model, box, diameter, diameter or model.diameter, cancel, options)


def clipped(box: Box, shape: tuple[int, ...]) -> Box:
    """The part of a box that lies on an image ``(Z, Y, X)``. Raises UserError if there is none."""
    z, y, x = (slice(max(part.start, 0), min(part.stop, size)) for part, size in zip(box, shape, strict=True))
    if z.stop - z.start != 1 or y.start >= y.stop or x.start >= x.stop:
        raise UserError("The box does not lie on the image.")
    return z, y, x


def _seen(
    image: Image,
    model: Model,
    box: Box,
    diameter: float | None,
    scale: float,
    cancel: Cancel | None,
    options: dict[str, Any],
) -> Segmentation:
    """The box with what lies around it, segmented; then without what lies around it."""
    context = max(_LEAST_CONTEXT, round(_CONTEXT * scale / model.diameter))
    z, y, x = box
    rows = slice(max(0, y.start - context), min(image.shape[2], y.stop + context))
    columns = slice(max(0, x.start - context), min(image.shape[3], x.stop + context))
    part = image_from_array(np.asarray(image.pixels[:, z, rows, columns]), "CZYX")
    found = segment(part, model, diameter=diameter, cancel=cancel, **options)
    inner = (slice(0, 1), *(slice(b.start - w.start, b.stop - w.start) for b, w in ((y, rows), (x, columns))))
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
        confidence=np.concatenate([[0.0], found.confidence[kept]]),
    )


def _is_one(labels: np.ndarray) -> bool:
    """Whether one object fills a box ``(Y, X)`` as one does around which the box was drawn."""
    sizes = np.bincount(labels.ravel(), minlength=2)
    largest = int(sizes[1:].argmax()) + 1
    if sizes[largest] < _FILLED * labels.size:
        return False
    mask = labels == largest
    height, width = (int(np.ptp(np.flatnonzero(mask.any(axis)))) + 1 for axis in (1, 0))
    return height * width >= _TIGHT * labels.size
