"""Volumes with a net that only knows planes: it looks along all three axes, and the fields are averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from model_core.errors import Cancelled
from model_core.segmentation.diameter import LARGEST_ZOOM, estimate_diameter
from model_core.segmentation.scaling import resized_to
from model_core.segmentation.tiling import (
    TILE,
    Cancel,
    Fields,
    padded_to,
    predict_fields,
    spans,
)

if TYPE_CHECKING:
    from model_core.models.model import Model

_LOOKED_AT = 3  # planes whose diameters are averaged


def predict_volume(
    model: Model,
    pixels: np.ndarray,
    diameter: float,
    anisotropy: float,
    *,
    tile: int = TILE,
    batch_size: int = 4,
    augment: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cancel: Cancel | None = None,
) -> Fields:
    """Fields of a volume from its XY, ZX and ZY planes.

    Every plane is scaled to the net's diameter, z by ``anisotropy`` more, and its fields back to voxels. A
    flow component is seen in two of the three directions, the cell probability in all: each is the mean
    of what was seen, so thresholds mean what they mean in a plane. A perfect net gives `section_flows`, the
    first component divided by ``anisotropy``: flows are in voxels, and a step across a thick plane is a
    smaller step.

    Args:
        pixels: float32 ``(I, Z, Y, X)``, normalised. diameter: px in Y and X.
        anisotropy: distance of planes over pixel size.
        tile, batch_size, augment, cancel: as in `predict_fields`.
        progress: called with planes done and planes in all.

    Returns:
        flows float32 ``(3, Z, Y, X)``, cellprob and size float32 ``(Z, Y, X)``.
    """
    shape = pixels.shape[1:]
    flows = np.zeros((3, *shape), np.float32)
    cellprob = np.zeros(shape, np.float32)
    size = np.zeros(shape, np.float32)
    zoom = min(model.diameter / diameter, LARGEST_ZOOM)
    zooms = (zoom * anisotropy, zoom, zoom)
    done, total = 0, sum(shape)
    for axis in range(3):
        rows, columns = (a for a in range(3) if a != axis)
        scaled = tuple(max(1, round(shape[a] * zooms[a])) for a in (rows, columns))
        for planes, maps in _looks(model, pixels, axis, scaled, tile, batch_size, augment, cancel):
            for at, fields in zip(planes, maps, strict=True):
                fields = resized_to(fields, shape[rows], shape[columns])
                here = tuple(at if a == axis else slice(None) for a in range(3))
                flows[rows][here] += fields[0] / 2
                flows[columns][here] += fields[1] / 2
                cellprob[here] += fields[2] / 3
                size[here] += fields[3] / 3
            done += len(planes)
            if progress:
                progress(done, total)
    flows[0] /= anisotropy
    return Fields(flows, cellprob, size)


def _looks(
    model: Model,
    pixels: np.ndarray,
    axis: int,
    scaled: tuple[int, ...],
    tile: int,
    batch_size: int,
    augment: bool,
    cancel: Cancel | None,
) -> Iterator[tuple[range, list[np.ndarray]]]:
    """Planes across an axis, a few at once, and their maps ``(4, *scaled)``.

    Planes that are smaller than a batch of tiles go through the net together, which takes half the time.
    """
    height, width = (spans(length, tile)[-1][1] for length in scaled)
    together = 1
    if max(height, width) <= tile and not augment:
        together = max(1, batch_size * tile * tile // (height * width))
    depth = pixels.shape[axis + 1]
    for first in range(0, depth, together):
        if cancel and cancel():
            raise Cancelled
        planes = range(first, min(first + together, depth))
        looked = [resized_to(np.ascontiguousarray(pixels.take(at, axis=axis + 1)), *scaled) for at in planes]
        if together > 1:
            maps = model.predict(np.stack([padded_to(plane, height, width) for plane in looked]))
            yield planes, list(maps[:, :, : scaled[0], : scaled[1]])
        else:
            fields = predict_fields(
                model, looked[0], tile=tile, batch_size=batch_size, augment=augment, cancel=cancel
            )
            yield planes, [np.concatenate([fields.flows, fields.cellprob[None], fields.size[None]])]


def estimate_volume_diameter(model: Model, pixels: np.ndarray, cancel: Cancel | None = None) -> float | None:
    """px in Y and X: the median of what the XY planes with the most contrast say; None without objects."""
    contrast = pixels.std(axis=(0, 2, 3))
    found = [estimate_diameter(model, pixels[:, z], cancel) for z in np.argsort(-contrast)[:_LOOKED_AT]]
    seen = [diameter for diameter in found if diameter]
    return float(np.median(seen)) if seen else None
