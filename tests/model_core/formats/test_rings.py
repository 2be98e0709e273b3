"""Outlines enclose exactly their objects, are valid polygons, and lead back to the same pixels."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import crowd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely.geometry import MultiPolygon, Polygon

from model_core.formats import rings
from model_core.formats.rings import inside, outlines


def filled(labels: np.ndarray) -> np.ndarray:
    """Labels drawn anew from their outlines."""
    again = np.zeros_like(labels)
    for outline in outlines(labels):
        rows, columns, pixels = inside(outline.rings, labels.shape[1:])
        assert not again[outline.plane, rows, columns][pixels].any()
        again[outline.plane, rows, columns][pixels] = outline.id
    return again


@settings(max_examples=150, deadline=None)
@given(
    arrays(np.uint32, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 3))
)
def test_any_labels_come_back_as_valid_polygons(labels: np.ndarray) -> None:
    np.testing.assert_array_equal(filled(labels), labels)
    for outline in outlines(labels):
        shape = MultiPolygon([Polygon(piece[0], piece[1:]) for piece in outline.pieces])
        assert shape.is_valid
        assert shape.area == (labels[outline.plane] == outline.id).sum()


def test_bands_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = crowd(1, (60, 70), 40, 9).astype(np.uint32)[None]
    whole = list(outlines(labels))
    monkeypatch.setattr(rings, "_BAND_PIXELS", 70 * 7)
    for one, other in zip(outlines(labels), whole, strict=True):
        assert one.id == other.id and all(map(np.array_equal, one.rings, other.rings))
    np.testing.assert_array_equal(filled(labels), labels)


def test_a_square_is_four_corners() -> None:
    labels = np.zeros((1, 9, 9), np.uint32)
    labels[0, 2:5, 3:7] = 4_000_000_000
    (outline,) = outlines(labels)
    assert outline.id == 4_000_000_000
    assert outline.pieces[0][0].tolist() == [[3, 2], [7, 2], [7, 5], [3, 5]]


def test_outlines_between_pixels_and_outside_of_the_image() -> None:
    rows, columns, pixels = inside([np.array([[-5.0, 1.6], [3.4, 1.6], [3.4, 40], [-5, 40]])], (6, 7))
    assert (rows, columns) == (slice(2, 6), slice(0, 3)) and pixels.all()
    for ring in ([[20, 20], [30, 20], [30, 30]], [[1, 1], [1, 1], [1, 1]], [[1, 1], [5, 1]]):
        assert inside([np.array(ring, float)], (6, 7))[2].size == 0
    for bad in (np.nan, np.inf, 1e30):
        with pytest.raises(ValueError, match="impossible"):
            inside([np.array([[0, 0], [bad, 0], [4, 4.0]])], (6, 7))
    huge = inside([np.array([[-1e9, -1e9], [1e9, -1e9], [1e9, 1e9], [-1e9, 1e9]])], (6, 7))
    assert huge[2].shape == (6, 7) and huge[2].all()
