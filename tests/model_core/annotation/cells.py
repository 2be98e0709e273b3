"""Cells to operate on, and what must hold after any operation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from skimage.measure import regionprops

from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Source
from model_core.annotation.proposal import Proposal


def store_of(labels: np.ndarray, source: Source = Source.DRAWN) -> LabelStore:
    """A store with these labels, (Y, X) or (Z, Y, X), entered as one edit."""
    labels = np.asarray(labels, np.uint32)
    labels = labels.reshape((-1, *labels.shape[-2:]))
    store = LabelStore.empty(labels.shape)  # type: ignore[arg-type]
    patch = store.edit(tuple(slice(0, size) for size in labels.shape), labels, "Start", source)  # type: ignore[arg-type]
    if patch is not None:
        store.apply(patch)
    return store


def square(labels: np.ndarray, id_: int, y: int, x: int, height: int, width: int | None = None) -> None:
    labels[..., y : y + height, x : x + (width or height)] = id_


def lock(store: LabelStore, *ids: int) -> None:
    changes = {id_: replace(store.objects[id_], locked=True) for id_ in ids}
    store.apply(store.change_records(changes, "Lock"))


def apply(store: LabelStore, proposal: Proposal) -> str:
    """Do what is proposed, if anything; what was said."""
    assert (proposal.said and proposal.said[0].isupper()) or proposal.said[0].isdigit()
    if proposal.patch is not None:
        store.apply(proposal.patch)
    assert_records_are_right(store)
    return proposal.said


def areas(store: LabelStore) -> dict[int, int]:
    ids, counts = np.unique(store.labels, return_counts=True)
    return {int(i): int(n) for i, n in zip(ids, counts, strict=True) if i}


def assert_records_are_right(store: LabelStore) -> None:
    """Box, area and centroid of all records as a measurement from scratch gives them."""
    measured = {region.label: region for region in regionprops(store.labels.astype(np.int64))}
    assert measured.keys() == set(store.objects)
    for id_, region in measured.items():
        record = store.objects[id_]
        lows, highs = region.bbox[:3], region.bbox[3:]
        assert record.id == id_
        assert record.box == (lows[0], highs[0], lows[1], highs[1], lows[2], highs[2])
        assert record.area == region.area
        np.testing.assert_allclose(record.centroid, region.centroid, rtol=0, atol=1e-9)
