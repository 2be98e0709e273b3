"""Flows to labels: walk, group, check, tidy up."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from model_core.flows.dynamics import places_of_rest
from model_core.flows.pieces import connected_pieces, root
from model_core.flows.sections import section_flows
from model_core.flows.sinks import group_by_sink
from model_core.flows.targets import flows_of_pieces

OpenSides = tuple[bool, bool, bool, bool]  # top, bottom, left, right
CLOSED: OpenSides = (False, False, False, False)
_OPEN = -1  # background beside several objects or the border of the image
# Sections that graze an object show little of it, so its flows, the mean over sections, fit less well. On the
# nuclei of two ovules and an embryo (train) AP at 0.5 was .43, .29, .73 with 1, and .60, .36, .72 with 1.5;
# with a score of 0.4 in place of an error of 0.4 .59, .26, .73 and .64, .36, .73.
_GRAZED = 1.5
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
    shape = (-1, *cellprob.shape[-2:])
    labels, _ = checked_masks(
        flows.reshape((len(flows), *shape)),
        cellprob.reshape(shape),
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
    score_threshold: float = 0.0,
    anisotropy: float | None = None,
    open_sides: OpenSides = CLOSED,
    places: np.ndarray | None = None,
) -> tuple[np.ndarray, Fit]:
    """`flows_to_labels`, and how well the fields fit each object.

    Args:
        flows: float32, ``(2, 1, Y, X)`` of a plane, ``(3, Z, Y, X)`` of a volume.
        cellprob: float32 ``(Z, Y, X)``.
        score_threshold: objects with a lower `Fit.score` are dropped.
        anisotropy: as in `flow_fit`; with it the thresholds are `_GRAZED` times as lenient.
        open_sides: where the image goes on beyond the fields. Objects that touch such a side are parts of
            objects, whose flows need not fit: they are kept whatever the thresholds say.
        places: what is known of these flows, and is added to; see `places_of_rest`.

    Returns:
        labels int32 ``(Z, Y, X)``, numbered through, and their `flow_fit`.
    """
    labels = np.zeros(cellprob.shape, np.int32)
    inside = cellprob > cellprob_threshold
    if not inside.any():
        return labels, Fit(*np.zeros((4, 1)))
    # the flows are kept beyond the threshold too: a walker must not stop at a hole in the cell probability
    labels[inside] = group_by_sink(places_of_rest(flows, inside, niter, places), cellprob.shape)
    labels, pieces = _without_crumbs(labels, min_size)
    if cellprob_threshold < 0:
        fit = flow_fit(_likely(labels, cellprob), flows, cellprob, anisotropy)
    else:
        fit = flow_fit(labels, flows, cellprob, anisotropy, pieces)
    grazed = 1.0 if anisotropy is None else _GRAZED
    bad = fit.score < score_threshold / grazed
    if flow_threshold > 0:
        bad |= fit.error > flow_threshold * grazed
    bad[at_sides(labels, open_sides)] = False
    bad[0] = False
    labels[bad[labels]] = 0
    labels = fill_holes(labels)
    numbers = _numbers_in_order(labels)
    old = np.zeros(int(numbers.max()) + 1, np.int64)
    old[numbers] = np.arange(len(numbers))
    old[0] = 0
    return numbers[labels], Fit(*(values[old] for values in fit))


def _likely(labels: np.ndarray, cellprob: np.ndarray) -> np.ndarray:
    """What is likely of each object, all of it where nothing is: wide outlines make it no more doubtful."""
    likely = np.where(cellprob > 0, labels, 0)
    some = np.bincount(likely.ravel(), minlength=int(labels.max(initial=0)) + 1) > 0
    return np.where(some[labels], likely, labels)


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
    """How well fields fit objects; all float64 ``(max label + 1,)``, 0 for labels that do not occur.

    error: sum(|true - flow|^2) / sum(|true|^2) over the object's pixels; 0 is perfect, 1 what no flow has. In
    a plane, where true flows are unit vectors, that is the mean of the squared difference.
    agreement: how far the flows go along the true ones, sum(true . flow) / sum(|true|^2); 1 is perfect. A net
    that is unsure says short flows, so this is also how sure it is.
    probability: the mean cell probability, 0..1.
    length: of the flows over that of the true ones, sum(|flow|) / sum(|true|), at most 1. Which objects are
    right it tells better than the agreement does, which also falls where flows turn soon.
    """

    error: np.ndarray
    agreement: np.ndarray
    probability: np.ndarray
    length: np.ndarray

    @property
    def score(self) -> np.ndarray:
        """float64, 0..1: how much speaks for each object, in its flows and in its cell probability."""
        return np.clip(self.agreement, 0, 1) * self.probability


def flow_fit(
    labels: np.ndarray,
    flows: np.ndarray,
    cellprob: np.ndarray,
    anisotropy: float | None = None,
    pieces: np.ndarray | None = None,
) -> Fit:
    """Compares fields with those of a perfect net, object by object.

    Args:
        labels: integers ``(Z, Y, X)``.
        flows: float32, ``(2, 1, Y, X)`` of a plane, ``(3, Z, Y, X)`` of a volume.
        cellprob: float32 ``(Z, Y, X)``, logits.
        anisotropy: distance of planes over pixel size, of a volume whose fields come from its planes: the
            true flows are then its `section_flows`, and the z component of ``flows``, in voxels, is
            multiplied by it before they are compared. So an error means in a volume what it means in a
            plane. None: the true flows are those of `labels_to_flows`.
        pieces: `connected_pieces` of the labels, where they are known.
    """
    scale = 1.0
    if labels.shape[0] == 1 or anisotropy is None:
        true = flows_of_pieces(connected_pieces(labels) if pieces is None else pieces, 1.0)
    else:
        true, scale = section_flows(labels, anisotropy), anisotropy
    sums = np.zeros((int(labels.max(initial=0)) + 1, 5))
    for axis in range(3 - len(flows), 3):
        factor = scale if axis == 0 else 1.0
        _add_products(labels.ravel(), true[axis].ravel(), flows[axis - 3].ravel(), factor, sums)
    _add_probabilities(labels.ravel(), cellprob.ravel(), sums)
    size, chances, squares, products, errors = sums.T
    size = np.maximum(size, 1)
    squares = np.maximum(squares, _LEAST * size * len(flows))
    lengths = np.zeros((len(sums), 2))
    _add_lengths(labels.ravel(), true.reshape(len(true), -1), flows.reshape(len(flows), -1), scale, lengths)
    length = np.minimum(lengths[:, 1] / np.maximum(lengths[:, 0], _LEAST * size), 1.0)
    return Fit(errors / squares, products / squares, chances / size, length)


@numba.njit(cache=True, nogil=True)
def _add_products(labels, true, flows, factor, sums):  # type: ignore[no-untyped-def]
    """Adds to the sums of each object, from the third on: true^2, true * flow, (true - flow)^2."""
    for n in range(len(labels)):
        label = labels[n]
        if label > 0:
            t, f = true[n], factor * flows[n]
            sums[label, 2] += t * t
            sums[label, 3] += t * f
            sums[label, 4] += (t - f) * (t - f)


@numba.njit(cache=True, nogil=True)
def _add_lengths(labels, true, flows, z_factor, sums):  # type: ignore[no-untyped-def]
    """Adds to the sums of each object: |true|, |flow|, of vectors ``(3, N)`` and ``(2 or 3, N)``."""
    missing = true.shape[0] - flows.shape[0]
    for n in range(len(labels)):
        label = labels[n]
        if label > 0:
            t, f = 0.0, 0.0
            for axis in range(missing, true.shape[0]):
                factor = z_factor if axis == 0 else 1.0
                t += true[axis, n] ** 2
                f += (factor * flows[axis - missing, n]) ** 2
            sums[label, 0] += np.sqrt(t)
            sums[label, 1] += np.sqrt(f)


@numba.njit(cache=True, nogil=True)
def _add_probabilities(labels, cellprob, sums):  # type: ignore[no-untyped-def]
    """Adds to the first sums of each object: 1, the cell probability."""
    for n in range(len(labels)):
        label = labels[n]
        if label > 0:
            sums[label, 0] += 1.0
            sums[label, 1] += 1.0 / (1.0 + np.exp(-cellprob[n]))


def drop_small(labels: np.ndarray, min_size: int) -> np.ndarray:
    """Without objects of fewer than ``min_size`` px, and without pieces that small of larger ones."""
    return _without_crumbs(labels.reshape((-1, *labels.shape[-2:])), min_size)[0].reshape(labels.shape)


def _without_crumbs(labels: np.ndarray, min_size: int) -> tuple[np.ndarray, np.ndarray]:
    """`drop_small` of ``(Z, Y, X)``, and the connected pieces that are left."""
    pieces = connected_pieces(labels)
    solid = np.bincount(pieces.ravel()) >= min_size
    solid[0] = False
    pieces = np.where(solid, solid.cumsum(dtype=np.int32), 0)[pieces]
    return np.where(pieces > 0, labels, 0), pieces


def fill_holes(labels: np.ndarray) -> np.ndarray:
    """Background that one single object encloses, in its plane, becomes part of the object."""
    filled = labels.copy()
    for plane in filled:
        _fill_holes(plane)
    return filled


@numba.njit(cache=True, nogil=True)
def _fill_holes(labels):  # type: ignore[no-untyped-def]
    """Of ``(Y, X)``, in place.

    Pieces of background, without diagonals, are found in two passes as in `connected_pieces`. Of each the
    one label beside it is noted, and `_OPEN` if there are several or the border of the image.
    """
    ny, nx = labels.shape
    pieces = np.zeros((ny, nx), np.int32)
    parent = np.zeros(1024, np.int32)
    beside = np.zeros(1024, np.int64)
    count = 0
    for y in range(ny):
        for x in range(nx):
            if labels[y, x]:
                continue
            above = root(parent, pieces[y - 1, x]) if y and not labels[y - 1, x] else 0
            left = root(parent, pieces[y, x - 1]) if x and not labels[y, x - 1] else 0
            mine = min(above, left) if above and left else max(above, left)
            if mine == 0:
                count += 1
                if count == len(parent):
                    parent = np.append(parent, np.zeros(count, np.int32))
                    beside = np.append(beside, np.zeros(count, np.int64))
                parent[count] = count
                mine = count
            elif above and left and above != left:
                parent[max(above, left)] = mine
                beside[mine] = _both(beside[mine], beside[max(above, left)])
            pieces[y, x] = mine
            if y == 0 or x == 0 or y == ny - 1 or x == nx - 1:
                beside[mine] = _OPEN
                continue
            for other in (labels[y - 1, x], labels[y + 1, x], labels[y, x - 1], labels[y, x + 1]):
                beside[mine] = _both(beside[mine], other)
    for y in range(ny):
        for x in range(nx):
            if pieces[y, x]:
                enclosing = beside[root(parent, pieces[y, x])]
                if enclosing > 0:
                    labels[y, x] = enclosing


@numba.njit(cache=True, nogil=True)
def _both(one, other):  # type: ignore[no-untyped-def]
    """What two parts of a piece of background lie beside; 0 stands for nothing."""
    if one == 0 or other == 0 or one == other:
        return one if other == 0 else other
    return _OPEN


def renumbered(labels: np.ndarray) -> np.ndarray:
    """int32 labels numbered 1, 2, ... in the order in which they are met, row by row."""
    return _numbers_in_order(labels)[labels]


def _numbers_in_order(labels: np.ndarray) -> np.ndarray:
    """int32 by label: its number in `renumbered`, 0 for the background and for those that do not occur."""
    numbers = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    _count_up(labels.ravel(), numbers)
    return numbers


@numba.njit(cache=True, nogil=True)
def _count_up(labels, numbers):  # type: ignore[no-untyped-def]
    count = 0
    for label in labels:
        if label and numbers[label] == 0:
            count += 1
            numbers[label] = count
