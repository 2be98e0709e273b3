"""What a model found in a part of an image, as a Patch that leaves everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from model_core.annotation.edit import make_patch
from model_core.annotation.finished import finished_mask
from model_core.annotation.label_store import LabelStore
from model_core.annotation.model_patch import MOST_COVERED
from model_core.annotation.objects import ObjectRecord, Source
from model_core.annotation.patch import Box, Patch


def region_patch(
    store: LabelStore, box: Box, found: np.ndarray, confidence: Mapping[int, float], text: str
) -> Patch | None:
    """The Patch that replaces what lies in a box by what a model found there.

    Objects that nobody has protected and whose centre lies in the box make room. All others keep every
    pixel, and found objects get what is left: under new IDs, or not at all where others, or the background of
    finished regions, cover most of them.

    Args:
        found: integer labels ``(Z, Y, X)`` of the shape of ``box``. confidence: 0..1 by those labels.

    Returns:
        None if there is nothing to change. Takes a worker's time for a large box; changes nothing itself,
        and `LabelStore.apply` raises StalePatchError if the labels have changed meanwhile.
    """
    replaced = [
        record
        for record in store.objects.snapshot().values()
        if not record.protected and _lies_in(record, box)
    ]
    z, y, x = (
        slice(
            min([b.start, *(r.slices[a].start for r in replaced)]),
            max([b.stop, *(r.slices[a].stop for r in replaced)]),
        )
        for a, b in enumerate(box)
    )
    whole = (z, y, x)
    inner = tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, whole, strict=True))
    first, count = 0, 0
    while True:
        old = store.labels[whole].copy()  # labels that change from here on are noticed below
        new = old.copy()
        new[np.isin(new, np.array([record.id for record in replaced], np.uint32))] = 0
        taken = new[inner] != 0
        sizes = np.bincount(found.ravel(), minlength=1)
        closed = taken | finished_mask(store.finished, store.labels.shape)[box] if store.finished else taken
        covered = np.bincount(found[closed], minlength=len(sizes))
        kept = np.flatnonzero((sizes > 0) & (covered <= MOST_COVERED * sizes))
        kept = kept[kept > 0]
        if len(kept) > count:
            first, count = store.reserve_ids(len(kept)), len(kept)
        names = np.zeros(len(sizes), np.uint32)
        names[kept] = np.arange(first, first + len(kept))
        np.copyto(new[inner], names[found], where=~taken)
        scores = {int(names[id_]): float(confidence[id_]) for id_ in kept.tolist() if id_ in confidence}
        patch = make_patch(store.labels, store.objects, whole, new, text, Source.MODEL, scores)
        if patch is None or _rests_on(patch, whole, old):
            return patch


def _lies_in(record: ObjectRecord, box: Box) -> bool:
    return all(part.start <= at < part.stop for part, at in zip(box, record.centroid, strict=True))


def _rests_on(patch: Patch, whole: Box, old: np.ndarray) -> bool:
    """Whether the labels that a patch replaces are still those that it was thought out for."""
    part = tuple(slice(p.start - w.start, p.stop - w.start) for p, w in zip(patch.box, whole, strict=True))
    return np.array_equal(patch.old, old[part])
