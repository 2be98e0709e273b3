"""Large planes in blocks: memory follows the block, time the area, and objects come as blocks are done.

A plane is cut into cores. The objects of a core are outlined in a window that reaches beyond it by a halo
on every side, from fields that are the same for every window that sees them. An object belongs to the core
that holds its centroid and is taken from that core's window, so it is found once and is the one that the
whole plane would have given. A window that does not hold all of an object that reaches into its core
grows; what no window holds is outlined on a coarse copy of the plane, at last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from model_core.annotation.measure import Extent, measure
from model_core.errors import Cancelled
from model_core.flows.masks import CLOSED, OpenSides, at_sides, cut_sides
from model_core.images.scaled import is_large
from model_core.segmentation.confidence import joined_scores
from model_core.segmentation.growing_labels import Finished, GrowingLabels
from model_core.segmentation.options import Options
from model_core.segmentation.outline import outline
from model_core.segmentation.stitching import stitch_planes
from model_core.segmentation.tiling import Cancel, Fields, cut, widened

_CORE = 1536  # px, longest side of a core
_HALO_STEP = 64  # px
_COARSE = 2048  # px, longest side of the copy for the largest objects


class Core(NamedTuple):
    """A part of a plane, and how many cores are predicted when the fields of all its neighbours are known."""

    rows: slice
    columns: slice
    known: int


class Halos(NamedTuple):
    """px that a window reaches beyond its core: at first, and at most."""

    first: int
    widest: int


def in_blocks(options: Options, shape: tuple[int, ...]) -> bool:
    """Whether a segmentation of this shape ``(Z, Y, X)`` is made, and made again, in blocks."""
    return is_large(shape) and not options.do_3D


def cores(height: int, width: int, side: int) -> list[Core]:
    """The plane cut into about equal parts with sides of at most ``side`` px, row by row."""
    rows, columns = (cut(slice(0, length), side) for length in (height, width))
    return [
        Core(ys, xs, min(j + 1, len(rows) - 1) * len(columns) + min(i + 1, len(columns) - 1) + 1)
        for j, ys in enumerate(rows)
        for i, xs in enumerate(columns)
    ]


def outline_in_blocks(
    fields: Fields,
    options: Options,
    diameter: float,
    *,
    predict: Callable[[int, Core], None] | None = None,
    finished: Finished | None = None,
    progress: Callable[[float], None] | None = None,
    cancel: Cancel | None = None,
    side: int = _CORE,
) -> tuple[np.ndarray, np.ndarray]:
    """The objects of planes, core by core.

    Args:
        fields: flows ``(2, Z, Y, X)`` and cellprob ``(Z, Y, X)``, float16 or float32.
        diameter: px, about that of the objects; only time depends on it.
        predict: called with a plane and a core of it before anything asks for the fields there.
        finished: called with a box and the labels in it whenever objects are final. Planes that are to be
            stitched are all finished at the end.
        progress: called with the fraction done. cancel: asked before every core.
        side: px, the longest side of a core.

    Returns:
        labels uint32 ``(Z, Y, X)``, numbered core by core, and scores float64 by label, as `outline`.

    Raises:
        Cancelled: ``cancel`` said so.
    """
    shape = fields.cellprob.shape
    labels = GrowingLabels(shape, None if options.stitch_threshold else finished)
    parts = cores(shape[1], shape[2], side)
    # a part is longer than half a side where a plane is cut, so a core's neighbours hold all of its window
    widest = side // 2
    halos = Halos(min(widest, _HALO_STEP * math.ceil(2 * diameter / _HALO_STEP)), widest)
    for z in range(shape[0]):
        plane = Fields(fields.flows[:, z], fields.cellprob[z])
        all_held = True
        for done, core in enumerate(parts, 1):
            if cancel and cancel():
                raise Cancelled
            if predict:
                predict(z, core)
            for ready in parts[:done]:
                if ready.known == done:
                    all_held &= _outline_core(plane, z, ready, options, halos, labels)
            if progress:
                progress((z + done / len(parts)) / shape[0])
        if not all_held:
            _outline_largest(plane, z, parts, options, widest, labels)
    found, scores = labels.labels, labels.scores
    if options.stitch_threshold:
        stitched = stitch_planes(found, options.stitch_threshold)
        found, scores = stitched.astype(np.uint32), joined_scores(found, stitched, scores)
        if finished:
            finished(whole_box(shape), found)
    return found, scores


def whole_box(shape: tuple[int, ...]) -> tuple[slice, slice, slice]:
    """All of an image ``(Z, Y, X)``."""
    z, y, x = shape
    return slice(0, z), slice(0, y), slice(0, x)


def _outline_core(
    plane: Fields, z: int, core: Core, options: Options, halos: Halos, labels: GrowingLabels
) -> bool:
    """Writes the objects whose centroid lies in the core.

    Returns:
        False when an object reaches from the core beyond the largest window.
    """
    height, width = plane.cellprob.shape
    halo = halos.first
    while True:
        rows, columns = widened(core.rows, halo, height), widened(core.columns, halo, width)
        sides = cut_sides((rows, columns), (height, width))
        objects = _outlined(plane, rows, columns, options, sides)
        if objects is None:
            return True
        found, scores = objects
        extents = measure(found, (z, rows.start, columns.start))
        cut_off = set(at_sides(found, sides).tolist()) - {0}
        reaching = [extents[label].length for label in cut_off if _touches(extents[label], core)]
        if not reaching or halo == halos.widest:
            break
        halo = min(halos.widest, halo + max(reaching))
    mine = {n: e for n, e in extents.items() if n not in cut_off and _holds_centre(core, e)}
    labels.add(z, rows, columns, found[0], mine, scores)
    return not reaching


def _outlined(
    plane: Fields, rows: slice, columns: slice, options: Options, open_sides: OpenSides = CLOSED
) -> tuple[np.ndarray, np.ndarray] | None:
    """Objects of a part of a plane and their scores; None at once where nothing is foreground."""
    cellprob = plane.cellprob[rows, columns]
    if not (cellprob > options.cellprob_threshold).any():
        return None
    flows = plane.flows[:, None, rows, columns].astype(np.float32)
    return outline(flows, cellprob[None].astype(np.float32), options, open_sides)


def _touches(extent: Extent, core: Core) -> bool:
    """Whether the box of an object overlaps the core."""
    return all(
        low < part.stop and high > part.start
        for low, high, part in zip(extent.low[1:], extent.high[1:], core[:2], strict=True)
    )


def _holds_centre(core: Core, extent: Extent) -> bool:
    """In whole numbers, so that it is the same in every window."""
    return all(
        part.start <= total // extent.area < part.stop
        for total, part in zip(extent.total[1:], core[:2], strict=True)
    )


def _outline_largest(
    plane: Fields, z: int, parts: list[Core], options: Options, widest: int, labels: GrowingLabels
) -> None:
    """Writes the objects that were too large for every window, as a coarse copy of the plane has them."""
    step = math.ceil(max(plane.cellprob.shape) / _COARSE)
    every = slice(None, None, step)
    objects = _outlined(plane, every, every, replace(options, min_size=options.min_size // step**2))
    if objects is None:
        return
    found, scores = objects
    for label, extent in measure(found).items():
        shape = found[0] == label
        if extent.length * step > widest and not labels.has_most_of(z, shape, step):
            labels.add_coarse(z, shape, step, float(scores[label]), [core[:2] for core in parts])
