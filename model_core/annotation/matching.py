"""Which object of one labelling is which object of another, and how well they agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def overlaps(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of objects that share pixels.

    Args:
        first, second: non-negative integers of equal shape, 0 = background.

    Returns:
        ``(a, b, iou)``: labels in ``first`` and ``second``, int64, and their intersection
        over union, float64.

    Raises:
        ValueError: the shapes differ.
    """
    shared = shared_pixels(first, second)
    return shared.a, shared.b, shared.pixels / (shared.size_a + shared.size_b - shared.pixels)


class Shared(NamedTuple):
    """Pairs of objects that share pixels: int64 labels, number of shared pixels, and of each one's own."""

    a: np.ndarray
    b: np.ndarray
    pixels: np.ndarray
    size_a: np.ndarray
    size_b: np.ndarray


def shared_pixels(first: np.ndarray, second: np.ndarray) -> Shared:
    """The pairs of objects of two label images that share pixels; `ValueError` if their shapes differ."""
    if first.shape != second.shape:
        raise ValueError(
            f"labels of shape {first.shape} cannot be compared with labels of shape {second.shape}"
        )
    first, ids_first = _countable(first)
    second, ids_second = _countable(second)
    sizes_first, sizes_second = np.bincount(first), np.bincount(second)
    both = (first > 0) & (second > 0)
    codes, pixels = np.unique(first[both] * len(sizes_second) + second[both], return_counts=True)
    a, b = codes // len(sizes_second), codes % len(sizes_second)
    return Shared(ids_first[a], ids_second[b], pixels, sizes_first[a], sizes_second[b])


def _countable(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels, flat and int64, and the number that each stands for; wild numbers are replaced."""
    flat = labels.ravel()
    highest = int(flat.max(initial=0))
    if highest <= flat.size:
        return flat.astype(np.int64), np.arange(highest + 1)
    ids, index = np.unique(np.append(flat, 0), return_inverse=True)  # background stays 0
    return index[:-1], ids.astype(np.int64)


def match(
    first: np.ndarray, second: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One-to-one pairs with an IoU of at least ``threshold``, as many as possible and of these the best.

    Returns:
        ``(a, b, iou)`` as in `overlaps`.
    """
    return _one_to_one(*overlaps(first, second), threshold)


def _one_to_one(
    a: np.ndarray, b: np.ndarray, iou: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    good = iou >= threshold
    a, b, iou = a[good], b[good], iou[good]
    if threshold > 0.5 or len(a) == 0:  # above one half no object can have two partners
        return a, b, iou
    chosen = np.zeros(len(a), bool)
    ids_a, rows = np.unique(a, return_inverse=True)
    ids_b, columns = np.unique(b, return_inverse=True)
    graph = coo_matrix((np.ones(len(a)), (rows, columns + len(ids_a))), shape=(len(ids_a) + len(ids_b),) * 2)
    _, group = connected_components(graph, directed=False)
    single = np.bincount(group[rows])[group[rows]] == 1
    chosen[single] = True
    for number in np.unique(group[rows[~single]]):  # the few objects that could pair in more than one way
        edges = np.flatnonzero(group[rows] == number)
        _, local_rows = np.unique(rows[edges], return_inverse=True)
        _, local_columns = np.unique(columns[edges], return_inverse=True)
        value = np.zeros((local_rows.max() + 1, local_columns.max() + 1))
        value[local_rows, local_columns] = 1 + iou[edges] / (2 * len(edges))
        best = linear_sum_assignment(value, maximize=True)
        picked = set(zip(*(axis.tolist() for axis in best), strict=True))
        keep = [(r, c) in picked for r, c in zip(local_rows.tolist(), local_columns.tolist(), strict=True)]
        chosen[edges[keep]] = True
    return a[chosen], b[chosen], iou[chosen]


def average_precision(
    true: np.ndarray | Sequence[np.ndarray],
    predicted: np.ndarray | Sequence[np.ndarray],
    thresholds: Sequence[float] = (0.5, 0.75, 0.9),
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """AP = TP / (TP + FP + FN) of each image, with one-to-one matching (Stringer et al., 2021).

    Args:
        true, predicted: label images of equal shape, or lists of them.
        thresholds: of the IoU from which on a pair counts.

    Returns:
        ``(ap, tp, fp, fn)``, float64 and int64 of shape ``(len(thresholds),)``, for lists
        ``(images, len(thresholds))``. Without objects on either side AP is 1.

    Raises:
        ValueError: shapes or lengths differ.
    """
    if isinstance(true, np.ndarray) and isinstance(predicted, np.ndarray):
        ap, tp, fp, fn = average_precision([true], [predicted], thresholds)
        return ap[0], tp[0], fp[0], fn[0]
    counts = np.array(
        [_counts(t, p, thresholds) for t, p in zip(true, predicted, strict=True)], np.int64
    ).reshape(-1, len(thresholds), 3)
    tp, fp, fn = np.moveaxis(counts, 2, 0)
    total = tp + fp + fn
    return np.where(total > 0, tp / np.maximum(total, 1), 1.0), tp, fp, fn


def _counts(true: np.ndarray, predicted: np.ndarray, thresholds: Sequence[float]) -> list[list[int]]:
    """True positives, false positives and false negatives at every threshold."""
    pairs = overlaps(true, predicted)
    n_true, n_predicted = _number(true), _number(predicted)
    hits = [len(_one_to_one(*pairs, threshold)[0]) for threshold in thresholds]
    return [[tp, n_predicted - tp, n_true - tp] for tp in hits]


def _number(labels: np.ndarray) -> int:
    """How many objects there are."""
    return int(np.count_nonzero(np.bincount(_countable(labels)[0])[1:]))
