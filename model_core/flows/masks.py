"""Flows to labels: walk, group, check, tidy up."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from scipy import ndimage

from model_core.flows.dynamics import follow_flows
from model_core.flows.pieces import connected_pieces
from model_core.flows.sections import section_flows
from model_core.flows.sinks import group_by_sink
from model_core.flows.targets import labels_to_flows

OpenSides = tuple[bool, bool, bool, bool]  # top, bottom, left, right
CLOSED: OpenSides = (False, False, False, False)
_LEAST = 0.1  # mean square of a component of true flows; only objects of a few pixels have less


def flows_to_labels(
    flows: np.ndarray,
    cellprob: np.ndarray,
    *,
    cellprob_threshold: float = 0.0,
    flow_threshold: float = 0.4,
    min_size: int = 15,
    niter: int | None = None,
) -> np.ndarray:
    """Labels from the fields that the net predicts.

    Args:
        flows: float32 ``(2, Y, X)`` or ``(3, Z, Y, X)``, order (z,) y, x, about unit length on objects.
        cellprob: float32 ``(Y, X)`` or ``(Z, Y, X)``, logits.
        cellprob_threshold: pixels with a higher logit lie on objects.
        flow_threshold: objects with a larger error of `flow_fit` are dropped; 0 keeps all.
        min_size: px, smaller objects are dropped.
        niter: most steps that a pixel walks; None suffices for objects of any size.

    Returns:
        uint32 of the shape of ``cellprob``, numbered 1, 2, ... from top to bottom.

    Raises:
        ValueError: shapes do not belong together.
    """
    if flows.ndim != cellprob.ndim + 1 or flows.shape[1:] != cellprob.shape or len(flows) != cellprob.ndim:
        raise ValueError(f"flows {flows.shape} and cellprob {cellprob.shape} do not belong together")
    if cellprob.ndim == 2:
        flows = np.concatenate([np.zeros((1, 1, *cellprob.shape), np.float32), flows[:, None]])
    labels, _ = checked_masks(
        flows,
        cellprob.reshape((-1, *cellprob.shape[-2:])),
        cellprob_threshold=cellprob_threshold,
        flow_threshold=flow_threshold,
        min_size=min_size,
        niter=niter,
    )
    return labels.astype(np.uint32).reshape(cellprob.shape)


def checked_masks(
    flows: np.ndarray,
    cellprob: np.ndarray,
    *,
    cellprob_threshold: float,
    flow_threshold: float,
    min_size: int,
    niter: int | None,
    anisotropy: float | None = None,
    open_sides: OpenSides = CLOSED,
) -> tuple[np.ndarray, Fit]:
    """`flows_to_labels`, and how well the fields fit each object.

    Args:
        flows: float32 ``(3, Z, Y, X)``; of a plane the z component is 0. cellprob: float32 ``(Z, Y, X)``.
        anisotropy: as in `flow_fit`.
        open_sides: where the image goes on beyond the fields. Objects that touch such a side are parts of
            objects, whose flows need not fit: they are kept whatever ``flow_threshold`` says.

    Returns:
        labels int32 ``(Z, Y, X)``, numbered through, and their `flow_fit`.
    """
    labels = np.zeros(cellprob.shape, np.int32)
    start = np.stack(np.nonzero(cellprob > cellprob_threshold))
    if not start.shape[1]:
        return labels, Fit(np.zeros(1), np.zeros(1))
    # the flows are kept beyond the threshold too: a walker must not stop at a hole in the cell probability
    walked = np.ascontiguousarray(flows, np.float32)
    ends = follow_flows(walked, start, niter or 200 + 2 * max(cellprob.shape))
    labels[tuple(start)] = group_by_sink(ends, cellprob.shape)
    labels = drop_small(labels, min_size)
    fit = flow_fit(labels, flows, anisotropy)
    if flow_threshold > 0:
        bad = fit.error > flow_threshold
        bad[at_sides(labels, open_sides)] = False
        labels[bad[labels]] = 0
    before = fill_holes(labels)
    labels = renumbered(before)
    number = np.zeros(len(fit.error), np.int32)
    number[before] = labels
    found = np.flatnonzero(number)
    old = np.zeros(int(labels.max()) + 1, np.int64)
    old[number[found]] = found
    return labels, Fit(fit.error[old], fit.agreement[old])


def cut_sides(part: tuple[slice, slice], plane: tuple[int, ...]) -> OpenSides:
    """Where a plane ``(Y, X)`` goes on beyond some rows and columns of it."""
    (rows, columns), (height, width) = part, plane
    return rows.start > 0, rows.stop < height, columns.start > 0, columns.stop < width


def at_sides(labels: np.ndarray, sides: OpenSides) -> np.ndarray:
    """Which labels of ``(Z, Y, X)`` touch these sides; 0 may be among them."""
    borders = labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]
    touching = [border.ravel() for border, chosen in zip(borders, sides, strict=True) if chosen]
    return np.unique(np.concatenate(touching)) if touching else np.zeros(0, labels.dtype)


class Fit(NamedTuple):
    """How well flows fit objects; both float64 ``(max label + 1,)``, 0 for labels that do not occur.

    error: sum(|true - flow|^2) / sum(|true|^2) over the object's pixels; 0 is perfect, 1 what no flow has. In
    a plane, where true flows are unit vectors, that is the mean of the squared difference.
    agreement: how far the flows go along the true ones, sum(true . flow) / sum(|true|^2); 1 is perfect. A net
    that is unsure says short flows, so this is also how sure it is.
    """

    error: np.ndarray
    agreement: np.ndarray


def flow_fit(labels: np.ndarray, flows: np.ndarray, anisotropy: float | None = None) -> Fit:
    """Compares flows with those of a perfect net, object by object.

    Args:
        labels: integers ``(Z, Y, X)``. flows: float32 ``(3, Z, Y, X)``; of a plane the z component is 0.
        anisotropy: distance of planes over pixel size, of a volume whose fields come from its planes: the
            true flows are then its `section_flows`, and the z component of ``flows``, in voxels, is
            multiplied by it before they are compared. So an error means in a volume what it means in a
            plane. None: the true flows are those of `labels_to_flows`.
    """
    scale = 1.0
    if labels.shape[0] == 1:
        true = labels_to_flows(labels[0])[:, None]
    elif anisotropy is None:
        true = labels_to_flows(labels)
    else:
        true, scale = section_flows(labels, anisotropy), anisotropy
    sums = np.zeros((int(labels.max(initial=0)) + 1, 4))
    for axis in range(3 - len(true), 3):
        factor = scale if axis == 0 else 1.0
        _add_products(labels.ravel(), true[axis - 3].ravel(), flows[axis].ravel(), factor, sums)
    size, squares, products, errors = sums.T
    squares = np.maximum(squares, _LEAST * np.maximum(size, 1))
    return Fit(errors / squares, products / squares)


@numba.njit(cache=True, nogil=True)
def _add_products(labels, true, flows, factor, sums):  # type: ignore[no-untyped-def]
    """Adds to the sums of each object: 1, true^2, true * flow, (true - flow)^2 of one component."""
    for n in range(len(labels)):
        label = labels[n]
        if label > 0:
            t, f = true[n], factor * flows[n]
            sums[label, 0] += 1.0
            sums[label, 1] += t * t
            sums[label, 2] += t * f
            sums[label, 3] += (t - f) * (t - f)


def drop_small(labels: np.ndarray, min_size: int) -> np.ndarray:
    """Without objects of fewer than ``min_size`` px, and without pieces that small of larger ones."""
    pieces = connected_pieces(labels.reshape((-1, *labels.shape[-2:]))).reshape(labels.shape)
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
