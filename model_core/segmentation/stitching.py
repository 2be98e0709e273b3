"""Planes segmented one by one become a volume: what overlaps from plane to plane is one object."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from model_core.annotation.matching import overlaps


def stitch_planes(labels: np.ndarray, threshold: float) -> np.ndarray:
    """Gives objects of neighbouring planes one number where their IoU is at least ``threshold``.

    Pairs are made from the highest IoU downwards, each object in one pair at most: a cell that drifts over
    the place of another keeps its number, and one that divides goes on in the half that is more like it.
    An object that a plane misses is compared where it was last seen, one plane further back, at the same
    time; the missed plane is filled with the shape halfway between, where no other object is. After two
    missed planes it is a new object.

    Args:
        labels: integers ``(Z, Y, X)``, numbered plane by plane.

    Returns:
        int32 of the same shape, numbered through.
    """
    stitched = np.zeros(labels.shape, np.int32)
    highest = 0
    for z, plane in enumerate(labels):
        numbers = np.zeros(int(plane.max()) + 1, np.int32)
        bridged = _continue(plane, stitched[max(0, z - 2) : z], threshold, numbers)
        objects = np.flatnonzero(np.bincount(plane.ravel()))
        new = objects[(numbers[objects] == 0) & (objects > 0)]
        numbers[new] = np.arange(highest + 1, highest + 1 + len(new))
        highest += len(new)
        stitched[z] = numbers[plane]
        if bridged:
            _fill(stitched[z - 2], stitched[z - 1], stitched[z], bridged)
    return stitched


def _continue(plane: np.ndarray, earlier: np.ndarray, threshold: float, numbers: np.ndarray) -> list[int]:
    """Sets the ``numbers`` of objects that go on from the planes before; returns those that skipped one."""
    if not len(earlier):
        return []
    mine, theirs, iou = overlaps(plane, earlier[-1])
    skipped = np.zeros(len(mine), bool)
    if len(earlier) > 1:
        further = overlaps(plane, earlier[-2])
        lost = ~np.isin(further[1], earlier[-1])
        mine, theirs, iou = (
            np.append(near, far[lost]) for near, far in zip((mine, theirs, iou), further, strict=True)
        )
        skipped = np.append(skipped, np.ones(int(lost.sum()), bool))
    bridged, taken = [], set()
    for pair in np.argsort(-iou, kind="stable"):
        if iou[pair] < threshold:
            break
        number = int(theirs[pair])
        if numbers[mine[pair]] == 0 and number not in taken:
            numbers[mine[pair]] = number
            taken.add(number)
            if skipped[pair]:
                bridged.append(number)
    return bridged


def _fill(before: np.ndarray, missed: np.ndarray, after: np.ndarray, bridged: list[int]) -> None:
    """Draws objects into the background of a plane, halfway between their shapes in the planes beside it.

    Halfway is where the mean of the two signed distances to the outline is positive (Raya and Udupa, IEEE
    Transactions on Medical Imaging 1990).
    """
    boxes_before, boxes_after = ndimage.find_objects(before), ndimage.find_objects(after)
    for number in bridged:
        box = tuple(
            slice(min(a.start, b.start), max(a.stop, b.stop))
            for a, b in zip(boxes_before[number - 1], boxes_after[number - 1], strict=True)
        )
        depth = _depth(before[box] == number) + _depth(after[box] == number)
        missed[box][(depth > 0) & (missed[box] == 0)] = number


def _depth(mask: np.ndarray) -> np.ndarray:
    """px to the outline, positive inside; what lies beyond the box is outside."""
    inside = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return inside - ndimage.distance_transform_edt(~mask)
