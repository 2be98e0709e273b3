"""Matching of two labellings against a search through all possibilities."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from model_core.annotation.matching import average_precision, match, overlaps

LABELS = hnp.arrays(np.uint32, (5, 6), elements=st.integers(0, 4))


def iou_by_definition(first: np.ndarray, second: np.ndarray) -> dict[tuple[int, int], float]:
    found = {}
    for a, b in itertools.product(np.unique(first[first > 0]), np.unique(second[second > 0])):
        both, either = ((first == a) & (second == b)).sum(), ((first == a) | (second == b)).sum()
        if both:
            found[int(a), int(b)] = both / either
    return found


def most_pairs(pairs: dict[tuple[int, int], float], threshold: float) -> tuple[int, float]:
    """The largest number of one-to-one pairs and, of these, the largest sum of IoU: by trying everything."""
    good = [(a, b, iou) for (a, b), iou in pairs.items() if iou >= threshold]
    firsts, seconds = sorted({a for a, _, _ in good}), sorted({b for _, b, _ in good})
    value = {(a, b): iou for a, b, iou in good}
    best = (0, 0.0)
    for choice in itertools.product([None, *seconds], repeat=len(firsts)):
        taken = [b for b in choice if b is not None]
        chosen = [(a, b) for a, b in zip(firsts, choice, strict=True) if b is not None]
        if len(set(taken)) == len(taken) and all(pair in value for pair in chosen):
            best = max(best, (len(chosen), sum(value[pair] for pair in chosen)))
    return best


@settings(max_examples=150, deadline=None)
@given(LABELS, LABELS, st.sampled_from([0.05, 0.2, 0.34, 0.5, 0.75]))
def test_match_is_the_best_there_is(first: np.ndarray, second: np.ndarray, threshold: float) -> None:
    true = iou_by_definition(first, second)
    a, b, iou = overlaps(first, second)
    assert {(int(x), int(y)): v for x, y, v in zip(a, b, iou, strict=True)} == pytest.approx(true)
    a, b, iou = match(first, second, threshold)
    assert len(set(a)) == len(a) and len(set(b)) == len(b)
    count, total = most_pairs(true, threshold)
    assert len(a) == count
    assert iou.sum() == pytest.approx(total)


@settings(max_examples=100, deadline=None)
@given(LABELS, LABELS)
def test_average_precision_counts_what_match_finds(true: np.ndarray, predicted: np.ndarray) -> None:
    thresholds = (0.3, 0.5, 0.9)
    ap, tp, fp, fn = average_precision(true, predicted, thresholds)
    objects, found = (len(np.unique(m[m > 0])) for m in (true, predicted))
    assert tp.tolist() == [len(match(true, predicted, t)[0]) for t in thresholds]
    assert (tp + fn == objects).all() and (tp + fp == found).all()
    assert ap == pytest.approx(
        [t / (t + p + n) if t + p + n else 1 for t, p, n in zip(tp, fp, fn, strict=True)]
    )
    assert (average_precision(true, true, thresholds)[0] == 1).all()
    np.testing.assert_allclose(average_precision(predicted, true, thresholds)[0], ap)


def test_a_cell_split_in_halves_pairs_once() -> None:
    true, halves = np.zeros((10, 10), int), np.zeros((10, 10), int)
    true[:, :] = 1
    halves[:5], halves[5:] = 1, 2
    ap, tp, fp, fn = average_precision(true, halves, (0.5, 0.75))
    assert tp.tolist() == [1, 0] and fp.tolist() == [1, 2] and fn.tolist() == [0, 1]
    assert ap.tolist() == [0.5, 0]


def test_empties() -> None:
    empty, one = np.zeros((4, 4), np.uint32), np.eye(4, dtype=np.uint32)
    assert average_precision(empty, empty)[0].tolist() == [1, 1, 1]
    assert average_precision(empty, one)[0].tolist() == [0, 0, 0]
    assert average_precision(one, empty)[0].tolist() == [0, 0, 0]
    assert average_precision([], [])[0].shape == (0, 3)


def test_lists_give_a_row_an_image() -> None:
    one = np.eye(4, dtype=np.uint16)
    ap, tp, _, _ = average_precision([one, one], [one, 0 * one], (0.5,))
    assert ap.tolist() == [[1], [0]] and tp.tolist() == [[1], [0]]


def test_numbers_of_any_height() -> None:
    """Numbers are never used again in a document, so they grow; a table by number would take gigabytes."""
    small = np.array([[1, 1, 0], [2, 2, 2]], np.uint32)
    high = np.where(small == 2, 4_294_967_295, small).astype(np.uint32)
    assert average_precision(small, high)[0].tolist() == [1, 1, 1]
    a, b, _ = match(small, high, 0.5)
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == {(1, 1), (2, 4_294_967_295)}
    full = np.full((2, 2), 4_000_000_000, np.uint64)  # no background at all
    assert average_precision(full, full)[0].tolist() == [1, 1, 1]


def test_volumes_and_wrong_shapes() -> None:
    volume = np.zeros((3, 4, 4), np.int32)
    volume[:, 1:3, 1:3] = 1
    assert average_precision(volume, volume)[0].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="cannot be compared"):
        average_precision(volume, volume[:2])
    with pytest.raises(ValueError, match="zip"):
        average_precision([volume], [])
