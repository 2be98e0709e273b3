"""Planes segmented one by one become a volume: what overlaps from plane to plane is one object."""

from __future__ import annotations

import numpy as np

from model_core.annotation.matching import match


def stitch_planes(labels: np.ndarray, threshold: float) -> np.ndarray:
    """Gives objects of neighbouring planes one number where their IoU is at least ``threshold``.

    An object that has no partner in the plane before is looked for in the one before that, so a single
    missed plane does not cut a cell in two (the missed plane itself stays empty there).

    Args:
        labels: integers ``(Z, Y, X)``, numbered plane by plane.

    Returns:
        int32 of the same shape, numbered through.
    """
    stitched = np.zeros(labels.shape, np.int32)
    highest = 0
    for z, plane in enumerate(labels):
        numbers = np.zeros(int(plane.max()) + 1, np.int32)
        taken = np.zeros(highest + 1, bool)
        for before in (z - 1, z - 2):
            if before < 0:
                continue
            mine, theirs, _ = match(plane, stitched[before], threshold)
            fits = (numbers[mine] == 0) & ~taken[theirs]
            numbers[mine[fits]] = theirs[fits]
            taken[theirs[fits]] = True
        new = np.flatnonzero((numbers == 0) & (np.bincount(plane.ravel(), minlength=len(numbers)) > 0))
        new = new[new > 0]
        numbers[new] = np.arange(highest + 1, highest + 1 + len(new))
        highest += len(new)
        stitched[z] = numbers[plane]
    return stitched
