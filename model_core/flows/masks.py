"""Flows to labels: walk, group, check, tidy up."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.measure import label as label_components

from model_core.flows.dynamics import follow_flows
from model_core.flows.sinks import group_by_sink
from model_core.flows.targets import labels_to_flows

OpenSides = tuple[bool, bool, bool, bool]  # top, bottom, left, right
CLOSED: OpenSides = (False, False, False, False)


def flows_to_labels(
    flows: np.ndarray,
    cellprob: np.ndarray,
    *,
    cellprob_threshold: float = 0.0,
    flow_threshold: float = 0.4,
    min_size: int = 15,
    niter: int | None = None,
    open_sides: OpenSides = CLOSED,
) -> np.ndarray:
    """Labels from the fields that the net predicts.

    Args:
        flows: float32 ``(2, Y, X)`` or ``(3, Z, Y, X)``, order (z,) y, x, about unit length on objects.
        cellprob: float32 ``(Y, X)`` or ``(Z, Y, X)``, logits.
        cellprob_threshold: pixels with a higher logit lie on objects.
        flow_threshold: objects with a larger `flow_errors` are dropped; 0 keeps all.
        min_size: px, smaller objects are dropped.
        niter: most steps that a pixel walks; None suffices for objects of any size.
        open_sides: where the image goes on beyond the fields. Objects that touch such a side are parts of
            objects, whose flows need not fit: they are kept whatever ``flow_threshold`` says.

    Returns:
        uint32 of the shape of ``cellprob``, numbered 1, 2, ... from top to bottom.

    Raises:
        ValueError: shapes do not belong together.
    """
    if flows.ndim != cellprob.ndim + 1 or flows.shape[1:] != cellprob.shape or len(flows) != cellprob.ndim:
        raise ValueError(f"flows {flows.shape} and cellprob {cellprob.shape} do not belong together")
    if cellprob.ndim == 2:
        flows = np.concatenate([np.zeros((1, 1, *cellprob.shape), np.float32), flows[:, None]])
    volume = cellprob.reshape((-1, *cellprob.shape[-2:]))
    foreground = volume > cellprob_threshold
    labels = np.zeros(volume.shape, np.int32)
    start = np.stack(np.nonzero(foreground))
    if start.shape[1]:
        flows = np.ascontiguousarray(np.where(foreground, flows, 0), np.float32)
        ends = follow_flows(flows, start, niter or 200 + 2 * max(volume.shape))
        labels[tuple(start)] = group_by_sink(ends, volume.shape)
        labels = drop_small(labels, min_size)
        if flow_threshold > 0:
            errors = flow_errors(labels, flows)
            bad = errors > flow_threshold
            bad[at_sides(labels, open_sides)] = False
            labels[bad[labels]] = 0
        labels = renumbered(drop_small(fill_holes(labels), min_size))
    return labels.astype(np.uint32).reshape(cellprob.shape)


def at_sides(labels: np.ndarray, sides: OpenSides) -> np.ndarray:
    """Which labels of ``(Z, Y, X)`` touch these sides; 0 may be among them."""
    borders = labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]
    touching = [border.ravel() for border, chosen in zip(borders, sides, strict=True) if chosen]
    return np.unique(np.concatenate(touching)) if touching else np.zeros(0, labels.dtype)


def flow_errors(labels: np.ndarray, flows: np.ndarray) -> np.ndarray:
    """How badly the flows fit the objects: the mean over an object's pixels of |true flow - flow|^2.

    Args:
        labels: integers ``(Z, Y, X)``. flows: float32 ``(3, Z, Y, X)``; of a plane the z component is 0.

    Returns:
        float64 ``(max label + 1,)``; 0 for labels that do not occur.
    """
    true = labels_to_flows(labels if labels.shape[0] > 1 else labels[0]).reshape((-1, *labels.shape))
    error = np.square(true - flows[3 - len(true) :]).sum(0).ravel()
    index = labels.ravel()
    sizes = np.bincount(index)
    return np.bincount(index, error) / np.maximum(sizes, 1) * (np.arange(len(sizes)) > 0)


def drop_small(labels: np.ndarray, min_size: int) -> np.ndarray:
    """Without objects of fewer than ``min_size`` px, and without pieces that small of larger ones."""
    sizes = np.bincount(labels.ravel())
    small = sizes < min_size
    small[0] = False
    labels = np.where(small[labels], 0, labels)
    pieces = label_components(labels, connectivity=labels.ndim)
    sizes = np.bincount(pieces.ravel())
    crumbs = sizes < min_size
    return np.where(crumbs[pieces], 0, labels)


def fill_holes(labels: np.ndarray) -> np.ndarray:
    """Background that one single object encloses, in its plane, becomes part of the object."""
    filled = labels.copy()
    for plane in filled:
        holes, count = ndimage.label(plane == 0)
        lowest = np.full(count + 1, np.iinfo(np.int32).max, np.int32)
        highest = np.zeros(count + 1, np.int32)
        for hole, beside in (
            (holes[1:], plane[:-1]),
            (holes[:-1], plane[1:]),
            (holes[:, 1:], plane[:, :-1]),
            (holes[:, :-1], plane[:, 1:]),
        ):
            at = (hole > 0) & (beside > 0)
            np.minimum.at(lowest, hole[at], beside[at])
            np.maximum.at(highest, hole[at], beside[at])
        enclosed = lowest == highest
        for edge in (holes[0], holes[-1], holes[:, 0], holes[:, -1]):
            enclosed[edge] = False
        enclosed[0] = False
        inside = enclosed[holes]
        plane[inside] = highest[holes[inside]]
    return filled


def renumbered(labels: np.ndarray) -> np.ndarray:
    """int32 labels numbered 1, 2, ... in the order in which they are met, row by row."""
    flat = labels.ravel()
    first = np.full(int(flat.max(initial=0)) + 1, flat.size, np.int64)
    objects = np.flatnonzero(flat)[::-1]
    first[flat[objects]] = objects  # the last assignment, which is the first pixel, stays
    order = np.argsort(first, kind="stable")
    count = int((first < flat.size).sum())
    numbers = np.zeros(len(first), np.int32)
    numbers[order[:count]] = np.arange(1, count + 1)
    return numbers[labels]
