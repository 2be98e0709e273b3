"""Two cells that were found as one: a stroke parts them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from model_core.annotation.cutting import cut_apart, drawn
from model_core.annotation.objects import ObjectRecord
from model_core.annotation.patch import Box
from model_core.annotation.splitting import Parting
from model_core.flows.dynamics import places_of
from model_core.flows.sinks import group_by_sink
from model_core.segmentation.basins import enlarged, largest_piece, radius_of, rests, stride_for
from model_core.segmentation.mask import Mask
from model_core.segmentation.segmentation import Segmentation

_TAIL = 8.0  # px of a stroke that tell the direction in which it ends
_AGREEMENT = 0.5  # overlap over union of what the sinks and what the stroke make of a part


def split(fields: Segmentation | None, mask: Mask, stroke: np.ndarray) -> np.ndarray | None:
    """An object cut in two or more by a stroke across it.

    The stroke says how the object falls apart, the sinks say where: each pixel goes to the side on which its
    flows end. Where there is no sink on a side, or where the sinks would cut somewhere else than the stroke,
    the stroke itself is the cut.

    Args:
        fields: of the image; None cuts along the stroke.
        mask: the object; of a volume it is cut in all its planes.
        stroke: float ``(N, 2)``, y and x of the image, pixel centres at whole numbers. An end that lies
            inside the object is drawn on in its direction to the border.

    Returns:
        int32 of the shape of ``mask.pixels``: 0 outside the object, 1, 2, ... its parts, the largest first;
        None when the stroke does not divide the object.
    """
    sides = _sides(mask, stroke)
    if sides is None:
        return None
    parts = sides if fields is None else _by_sink(fields, mask, sides)
    sizes = np.bincount(parts.ravel())
    order = np.argsort(-sizes[1:], kind="stable") + 1
    names = np.zeros(len(sizes), np.int32)
    names[order] = np.arange(1, len(sizes))
    return names[parts]


def by_sinks(fields: Segmentation) -> Parting:
    """The `Parting` that asks the fields of the image; see `split`."""

    def part(
        labels: np.ndarray, record: ObjectRecord, plane: int, points: np.ndarray
    ) -> tuple[Box, np.ndarray | None]:
        box = record.slices
        return box, split(fields, Mask(box, labels[box] == record.id), points[:, ::-1] - 0.5)

    return part


def _sides(mask: Mask, stroke: np.ndarray) -> np.ndarray | None:
    """int32, the shape of the mask: the pieces into which a line cuts it; None if it stays in one."""
    outline = np.asarray(mask.pixels.any(0))
    points = np.asarray(stroke, np.float64) - (mask.box[1].start, mask.box[2].start)
    far = 2.0 * max(outline.shape)
    ends = [_drawn_on(points, outline, far), _drawn_on(points[::-1], outline, far)]
    path = np.concatenate([*ends[:1], points, *ends[1:]])[:, ::-1] + 0.5
    return cut_apart(mask.pixels, drawn(path, outline.shape))


def _drawn_on(points: np.ndarray, outline: np.ndarray, far: float) -> np.ndarray:
    """A point beyond the first one, in the direction in which the stroke came; none if that lies outside."""
    row, column = np.rint(points[0]).astype(int)
    height, width = outline.shape
    if not (0 <= row < height and 0 <= column < width and outline[row, column]):
        return np.empty((0, 2))
    apart = np.hypot(*(points - points[0]).T)
    away = np.flatnonzero(apart >= min(_TAIL, apart.max()))[0]
    if apart[away] == 0:
        return np.empty((0, 2))
    return points[:1] + far * (points[0] - points[away]) / apart[away]


def _by_sink(fields: Segmentation, mask: Mask, sides: np.ndarray) -> np.ndarray:
    """The parts by the sinks where they agree with the sides of the stroke, else the sides themselves."""
    flows = fields.flows[(slice(None), *mask.box)]
    stride = stride_for(min(2 * radius_of(mask.pixels), 4 * fields.diameter), mask.pixels.shape[0] > 1, 1.0)
    grid = tuple(slice(None, None, step) for step in stride)
    where = mask.pixels[grid]
    start = np.stack(np.nonzero(where))
    if not start.shape[1]:
        return sides
    ends = rests(flows[(slice(None), *grid)], where, start, stride)
    sinks = group_by_sink(places_of(ends, where.shape), where.shape)
    places = np.rint(ends * np.array(stride)[:, None]).astype(np.int64)
    places = np.minimum(places, np.array(sides.shape)[:, None] - 1)
    nearest = _spread(sides, np.ones_like(mask.pixels))  # walkers may come to rest just outside
    votes = np.zeros((sinks.max() + 1, sides.max() + 1))
    np.add.at(votes, (sinks, nearest[tuple(places)]), 1)
    coarse = np.zeros(where.shape, np.int32)
    coarse[tuple(start)] = votes.argmax(1)[sinks]
    parts = np.zeros_like(sides)
    for side in range(1, int(sides.max()) + 1):
        part = enlarged(coarse == side, sides.shape, stride) & mask.pixels & (parts == 0)
        part = largest_piece(part) if part.any() else part
        both = part & (sides == side)
        if both.sum() < _AGREEMENT * (part | (sides == side)).sum():
            return sides
        parts[part] = side
    return _spread(parts, mask.pixels)


def _spread(labels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The labels, and in the rest of the mask the nearest label."""
    nearest = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    return np.where(mask, labels[tuple(nearest)], 0)
