"""Cells in pieces: what becomes of those that a stroke cuts, and how many pieces a mask has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from model_core.annotation.boxes import relative, union
from model_core.annotation.objects import ObjectRecord
from model_core.annotation.patch import Box

CRUMB = 5  # pixels: smaller pieces are slips of the hand


def separate_pieces(
    labels: np.ndarray,
    objects: Mapping[int, ObjectRecord],
    box: Box,
    new: np.ndarray,
    new_id: Callable[[], int],
) -> tuple[Box, np.ndarray]:
    """Make every cell whose pixels change inside `box` one piece again.

    The piece with most of the cell's old pixels keeps the id. Another piece becomes a cell of its own, or
    background if it is a crumb; one that consists of new paint only, beyond a neighbour that the stroke ran
    under, is not painted after all. So one stroke makes or extends one cell. A cell that already was in as
    many pieces before is left as it is. Pixels touch across corners.

    `labels` (Z, Y, X) is the state before, `new` the labels to be put into `box`. Returns a box, which may be
    larger as pieces may lie outside the stroke, and the labels for it.
    """
    old = labels[box]
    changed = old != new
    lost, gained = np.unique(old[changed]), np.unique(new[changed])
    for id_ in np.union1d(lost, gained).tolist():
        if id_ == 0:
            continue
        region = box if id_ in gained else objects[id_].slices
        if id_ in objects:
            region = union(region, objects[id_].slices)
        before = labels[region]
        held = before == id_
        whole_box = union(box, region)
        after = _with_change(labels, whole_box, box, new)
        inner = relative(region, whole_box)
        numbered, count = pieces(after[inner] == id_)
        if count <= 1 or (id_ in objects and count <= pieces(held)[1]):
            continue
        sizes = np.bincount(numbered.ravel(), minlength=count + 1)
        old_sizes = np.bincount(numbered[held], minlength=count + 1)
        keeper = 1 + int((old_sizes if old_sizes[1:].any() else sizes)[1:].argmax())
        fate = np.zeros(count + 1, np.uint32)
        for number in range(1, count + 1):
            if number != keeper and old_sizes[number] and sizes[number] >= CRUMB:
                fate[number] = new_id()
        stray = (numbered != 0) & (numbered != keeper)
        which = numbered[stray]
        after[inner][stray] = np.where(old_sizes[which] == 0, before[stray], fate[which])
        box, new = whole_box, after
    return box, new


def pieces(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Connected pieces of a (Z, Y, X) mask, numbered from 1, and how many there are; corners connect."""
    if mask.shape[0] == 1:
        count, numbered = cv2.connectedComponents(mask[0].view(np.uint8), connectivity=8)
        return numbered[None], count - 1
    from scipy import ndimage  # late: it takes a noticeable part of the program's start

    numbered, count = ndimage.label(mask, np.ones((3, 3, 3)))
    return numbered, count


def _with_change(labels: np.ndarray, whole: Box, box: Box, new: np.ndarray) -> np.ndarray:
    """The labels of `whole` after `new` was put into `box`, which lies inside `whole`."""
    if whole == box:
        return new
    after = labels[whole].copy()
    after[relative(box, whole)] = new
    return after


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """The largest connected piece of a (Y, X) mask; the mask itself if there is only one."""
    count, numbered, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    return numbered == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())


def is_one_piece(mask: np.ndarray) -> bool:
    """Whether the true pixels of a (Y, X) mask are connected."""
    return cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[0] <= 2
