"""Which objects touch, and along how much of their outline."""

from __future__ import annotations

import numpy as np

from model_core.annotation.contacts import contacts, neighbour_counts


def three() -> np.ndarray:
    """1 and 2 share a side of 4 px, 3 touches 2 at a corner only and lies at the rim."""
    labels = np.zeros((1, 12, 12), np.uint32)
    labels[0, 2:6, 2:6], labels[0, 2:6, 6:10], labels[0, 6:12, 10:12] = 1, 2, 3
    return labels


def test_faces_outlines_and_rims_are_counted() -> None:
    found = contacts(three())
    assert found.a.tolist() == [1] and found.b.tolist() == [2] and found.faces.tolist() == [4]
    assert found.outline.tolist() == [0, 16, 16, 16]
    assert found.rim.tolist() == [0, 0, 0, 8]


def test_planes_touch_too_but_the_first_and_last_plane_are_no_rim() -> None:
    labels = np.zeros((2, 6, 6), np.uint32)
    labels[0, 2:4, 2:4], labels[1, 2:4, 3:5] = 5, 7
    found = contacts(labels)
    assert found.a.tolist() == [5] and found.b.tolist() == [7] and found.faces.tolist() == [2]
    assert not found.rim.any()


def test_bands_do_not_change_the_answer(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(0, 9, (1, 20, 15)), np.ones((1, 3, 4), int)).astype(np.uint32)
    whole = contacts(labels)
    monkeypatch.setattr("model_core.annotation.contacts._PIXELS", 7 * 60)
    for one, other in zip(contacts(labels), whole, strict=True):
        assert np.array_equal(one, other)


def test_neighbours_of_some_also_where_numbers_lie_far_apart() -> None:
    labels = three()
    assert neighbour_counts(labels, np.array([1, 2, 3, 9])).tolist() == [1, 1, 0, 0]
    wild = np.where(labels == 2, 4_000_000_000, labels).astype(np.uint32)
    assert neighbour_counts(wild, np.array([1, 4_000_000_000, 5])).tolist() == [1, 1, 0]
    assert neighbour_counts(np.zeros((1, 3, 3), np.uint32), np.array([1])).tolist() == [0]
