"""From new labels in a box to a Patch: records follow from the pixels that change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from model_core.annotation.measure import Extent, measure
from model_core.annotation.objects import ObjectRecord, Source
from model_core.annotation.patch import Box, Patch, RecordChanges, StalePatchError


def make_patch(
    labels: np.ndarray,
    objects: Mapping[int, ObjectRecord],
    box: Box,
    new: np.ndarray,
    text: str,
    source: Source,
    confidence: Mapping[int, float] | None = None,
    *,
    keep_arrays: bool = False,
) -> Patch | None:
    """The Patch that puts `new` (integers, the shape of `box`) into `labels`; None if nothing changes.

    Changes nothing itself. New objects get `source` and their entry in `confidence`; an object of a
    model that a person reshapes becomes an edited one. With `keep_arrays` the patch holds `labels` and
    `new` themselves, which then must never change again. Raises ValueError for a box outside the image,
    a wrong shape or values that aren't labels, StalePatchError when labels and records don't agree
    (they are being changed by another thread).
    """
    _check_box(box, labels.shape)
    old = labels[box]
    new = _as_labels(new, old.shape)
    changed = old != new
    inner = _extent_of(changed)
    if inner is None:
        return None
    old, new, changed = old[inner], new[inner], changed[inner]
    if not keep_arrays:  # the patch must stay as it is when the labels and the caller's array go on changing
        old, new = old.copy(), new.copy()
    # Plain integers whatever the caller counts with: NumPy's would end up as bytes in the document.
    z, y, x = (slice(int(b.start) + i.start, int(b.start) + i.stop) for b, i in zip(box, inner, strict=True))
    box = (z, y, x)
    records = _record_changes(_Change(labels, box, old, new, changed), objects, source, confidence or {})
    old.flags.writeable = new.flags.writeable = False
    return Patch(box, old, new, records, text)


def _check_box(box: Box, shape: tuple[int, ...]) -> None:
    fits = len(box) == 3 and all(
        part.step in (None, 1) and part.start is not None and part.stop is not None
        and 0 <= part.start <= part.stop <= size
        for part, size in zip(box, shape, strict=True)
    )  # fmt: skip
    if not fits:
        raise ValueError(f"the box {box} does not lie inside labels of shape {shape}")


def _as_labels(new: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if new.shape != shape:
        raise ValueError(f"new labels have shape {new.shape}, the box has {shape}")
    if new.dtype == np.uint32:
        return new
    if new.dtype.kind not in "iu" or (new.size and (new.min() < 0 or new.max() >= 2**32)):
        raise ValueError(f"labels are whole numbers from 0 to 2^32 - 1, not {new.dtype} values")
    return new.astype(np.uint32)


def _extent_of(mask: np.ndarray) -> Box | None:
    """The smallest box that holds all true pixels, None if there are none."""
    slices = []
    for axes in ((1, 2), (0, 2), (0, 1)):
        hit = np.flatnonzero(mask.any(axis=axes))
        if not hit.size:
            return None
        slices.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return slices[0], slices[1], slices[2]


class _Change:
    """The labels before and after, as far as the bounding boxes of objects need to look at them."""

    def __init__(
        self, labels: np.ndarray, box: Box, old: np.ndarray, new: np.ndarray, changed: np.ndarray
    ) -> None:
        self.labels, self.box, self.new = labels, box, new
        self.origin = tuple(part.start for part in box)
        self.removed = measure(old, self.origin, changed)
        self.added = measure(new, self.origin, changed)
        self._whole: dict[int, Extent] | None = None

    def holds(self, record: ObjectRecord) -> bool:
        """True when the object lay wholly inside the box of the change."""
        return all(
            part.start <= inner.start and inner.stop <= part.stop
            for part, inner in zip(self.box, record.slices, strict=True)
        )

    def extent_inside(self, id_: int) -> Extent:
        """The object after the change, counting the box of the change only; one pass serves all objects."""
        if self._whole is None:
            self._whole = measure(self.new, self.origin)
        return self._whole[id_]

    def has(self, id_: int, region: Box) -> bool:
        """True when the object has a pixel in the region after the change."""
        after = self.labels[region].copy()
        inner = [
            slice(max(r.start, b.start), min(r.stop, b.stop)) for r, b in zip(region, self.box, strict=True)
        ]
        if all(part.start < part.stop for part in inner):
            to = tuple(slice(i.start - r.start, i.stop - r.start) for i, r in zip(inner, region, strict=True))
            of = tuple(
                slice(i.start - b.start, i.stop - b.start) for i, b in zip(inner, self.box, strict=True)
            )
            after[to] = self.new[of]
        return bool((after == id_).any())


def _record_changes(
    change: _Change, objects: Mapping[int, ObjectRecord], source: Source, confidence: Mapping[int, float]
) -> RecordChanges:
    changes: RecordChanges = {}
    for id_ in change.removed.keys() | change.added.keys():
        before, gone, come = objects.get(id_), change.removed.get(id_), change.added.get(id_)
        if before is not None:
            changes[id_] = (before, _reshaped(change, before, gone, come, source))
        elif come is not None and gone is None:
            score = confidence.get(id_)
            score = None if score is None else float(score)
            record = ObjectRecord(id_, come.box, come.area, come.centroid, source, score)
            changes[id_] = (None, record)
        else:
            raise StalePatchError(f"object {id_} has pixels but no record")
    return changes


def _reshaped(
    change: _Change, before: ObjectRecord, gone: Extent | None, come: Extent | None, source: Source
) -> ObjectRecord | None:
    kept = before.area - (gone.area if gone else 0)
    area = kept + (come.area if come else 0)
    if kept < 0:
        raise StalePatchError(f"object {before.id} lost more pixels than it had")
    if area == 0:
        return None
    # Sums of coordinates are whole numbers, so rounding recovers them exactly: no drift over many edits.
    total = [round(c * before.area) for c in before.centroid]
    for extent, sign in ((gone, -1), (come, 1)):
        if extent is not None:
            total = [t + sign * e for t, e in zip(total, extent.total, strict=True)]
    by_hand = source is not Source.MODEL and before.source is Source.MODEL
    box = _new_box(change, before, kept, gone, come)
    return replace(
        before,
        box=box,
        area=area,
        centroid=_centre(total, area),
        source=Source.EDITED if by_hand else before.source,
    )


def _new_box(
    change: _Change, before: ObjectRecord, kept: int, gone: Extent | None, come: Extent | None
) -> tuple[int, int, int, int, int, int]:
    if kept == 0 and come is not None:
        return come.box
    low, high = list(before.box[::2]), list(before.box[1::2])
    if gone is not None and _touches(gone, low, high):
        if change.holds(before):
            return change.extent_inside(before.id).box
        _shrink(change, before.id, low, high, gone)
    if come is not None:
        low = [min(pair) for pair in zip(low, come.low, strict=True)]
        high = [max(pair) for pair in zip(high, come.high, strict=True)]
    return _box(low, high)


def _touches(gone: Extent, low: list[int], high: list[int]) -> bool:
    # An axis on which the object is one pixel thick can't shrink while any pixel is kept.
    return any(
        h - l > 1 and (g0 == l or g1 == h)
        for l, h, g0, g1 in zip(low, high, gone.low, gone.high, strict=True)  # noqa: E741
    )


def _shrink(change: _Change, id_: int, low: list[int], high: list[int], gone: Extent) -> None:
    """Move each face of the box that lost pixels inwards until it meets the object again."""
    for axis in range(3):
        for side, edge in ((low, gone.low), (high, gone.high)):
            if side[axis] != edge[axis]:
                continue
            while high[axis] - low[axis] > 1:
                face = [slice(l, h) for l, h in zip(low, high, strict=True)]  # noqa: E741
                at = low[axis] if side is low else high[axis] - 1
                face[axis] = slice(at, at + 1)
                if change.has(id_, (face[0], face[1], face[2])):
                    break
                side[axis] += 1 if side is low else -1


def _box(
    low: tuple[int, ...] | list[int], high: tuple[int, ...] | list[int]
) -> tuple[int, int, int, int, int, int]:
    return low[0], high[0], low[1], high[1], low[2], high[2]


def _centre(total: tuple[int, ...] | list[int], area: int) -> tuple[float, float, float]:
    return total[0] / area, total[1] / area, total[2] / area
