"""Volumes with a net that only knows planes: it looks along all three axes, and the fields are averaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from model_core.segmentation.diameter import LARGEST_ZOOM, resized_to
from model_core.segmentation.tiling import Cancel, Fields, predict_fields

if TYPE_CHECKING:
    from model_core.models.model import Model


def predict_volume(
    model: Model,
    pixels: np.ndarray,
    diameter: float,
    anisotropy: float,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancel: Cancel | None = None,
    **options: object,
) -> Fields:
    """Fields of a volume from its XY, ZX and ZY planes.

    Every plane is scaled to the net's diameter, z by ``anisotropy`` more, and its fields back to voxels. A
    flow component is seen in two of the three directions, the cell probability in all: each is the mean
    of what was seen, so thresholds mean what they mean in a plane. Flows along z are in voxels: a step
    across a thick plane is a smaller step.

    Args:
        pixels: float32 ``(I, Z, Y, X)``, normalised. diameter: px in Y and X.
        anisotropy: distance of planes over pixel size. options: of `predict_fields`.

    Returns:
        flows float32 ``(3, Z, Y, X)``, cellprob float32 ``(Z, Y, X)``.
    """
    shape = pixels.shape[1:]
    flows = np.zeros((3, *shape), np.float32)
    cellprob = np.zeros(shape, np.float32)
    zoom = min(model.diameter / diameter, LARGEST_ZOOM)
    zooms = (zoom * anisotropy, zoom, zoom)
    done, total = 0, sum(shape)
    for axis in range(3):
        rows, columns = (a for a in range(3) if a != axis)
        height, width = (max(1, round(shape[a] * zooms[a])) for a in (rows, columns))
        for at in range(shape[axis]):
            plane = np.ascontiguousarray(pixels.take(at, axis=axis + 1))
            fields = predict_fields(model, resized_to(plane, height, width), cancel=cancel, **options)  # type: ignore[arg-type]
            maps = np.concatenate([fields.flows, fields.cellprob[None]])
            maps = resized_to(maps, shape[rows], shape[columns])
            here = tuple(at if a == axis else slice(None) for a in range(3))
            flows[rows][here] += maps[0] / 2
            flows[columns][here] += maps[1] / 2
            cellprob[here] += maps[2] / 3
            done += 1
            if progress:
                progress(done, total)
    flows[0] /= anisotropy
    return Fields(flows, cellprob)
