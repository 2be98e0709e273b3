"""What is known about each object of a document: one immutable record per label ID."""

from __future__ import annotations

import math
from collections.abc import Collection, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from operator import attrgetter, is_, itemgetter
from typing import Any

import numpy as np


class Source(str, Enum):
    """Who gave the object its present shape."""

    MODEL = "model"
    DRAWN = "drawn"
    EDITED = "edited"


class Review(str, Enum):
    """What a person decided about the object."""

    UNREVIEWED = "unreviewed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One object. `box` is (z0, z1, y0, y1, x0, x1), half open; `area` counts pixels (voxels in a stack);
    `centroid` is the mean pixel position (z, y, x); `confidence` is 0..1, None when no model gave one."""

    id: int
    box: tuple[int, int, int, int, int, int]
    area: int
    centroid: tuple[float, float, float]
    source: Source
    confidence: float | None = None
    review: Review = Review.UNREVIEWED
    class_name: str = ""
    note: str = ""
    locked: bool = False

    @property
    def protected(self) -> bool:
        """True when a person vouches for the object: a model run must leave every pixel of it alone."""
        return self.locked or self.review is Review.ACCEPTED or self.source is not Source.MODEL

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The bounding box as an index into the labels."""
        z0, z1, y0, y1, x0, x1 = self.box
        return slice(z0, z1), slice(y0, y1), slice(x0, x1)

    def same_shape(self, other: ObjectRecord) -> bool:
        """True when both records describe the same pixels."""
        return (self.id, self.box, self.area, self.centroid) == (
            other.id,
            other.box,
            other.area,
            other.centroid,
        )


Changes = Mapping[int, "tuple[ObjectRecord | None, ObjectRecord | None]"]
"""The records of objects before and after; None where an object does not exist."""

ROW_LENGTH = 17


def record_to_row(record: ObjectRecord) -> tuple[Any, ...]:
    """The record as a flat tuple of numbers and texts, for files."""
    r = record
    shape = (r.id, *r.box, r.area, *r.centroid)
    return (*shape, r.source.value, r.confidence, r.review.value, r.class_name, r.note, int(r.locked))


def record_from_row(row: Iterable[Any]) -> ObjectRecord:
    """The inverse of `record_to_row`. Trusts nothing: raises ValueError for a row that can't be a record."""
    values = tuple(row)
    if len(values) != ROW_LENGTH:
        raise ValueError(f"an object record has {ROW_LENGTH} fields, not {len(values)}")
    whole, centroid = values[:8], values[8:11]
    source, confidence, review, class_name, note, locked = values[11:]
    if any(type(value) is not int for value in whole):
        raise ValueError("an object record holds something else than whole numbers")
    id_, z0, z1, y0, y1, x0, x1, area = whole
    if not (0 < id_ < 2**32 and 0 <= z0 < z1 and 0 <= y0 < y1 and 0 <= x0 < x1):
        raise ValueError(f"object {id_} has an impossible box")
    if not 0 < area <= (z1 - z0) * (y1 - y0) * (x1 - x0):
        raise ValueError(f"object {id_} has an impossible area")
    numbers = centroid if confidence is None else (*centroid, confidence)
    if any(type(value) not in (int, float) or not math.isfinite(value) for value in numbers):
        raise ValueError(f"object {id_} has an impossible position or confidence")
    if type(class_name) is not str or type(note) is not str or locked not in (0, 1):
        raise ValueError(f"object {id_} has a damaged class, note or lock")
    (class_name + note).encode()  # half a surrogate pair, which no file can hold, raises a ValueError
    return ObjectRecord(
        id_,
        (z0, z1, y0, y1, x0, x1),
        area,
        (float(centroid[0]), float(centroid[1]), float(centroid[2])),
        Source(source),
        None if confidence is None else float(confidence),
        Review(review),
        class_name,
        note,
        bool(locked),
    )


def column(records: Collection[ObjectRecord], name: str, width: int = 1) -> np.ndarray:
    """One field of all records, a number (N,) or `width` of them (N, width), in a few ms for 100,000.

    int64, float64 for the centroid.
    """
    values = map(attrgetter(name), records)
    dtype = np.float64 if name == "centroid" else np.int64
    if width == 1:
        return np.fromiter(values, dtype, len(records))
    return np.fromiter(chain.from_iterable(values), dtype, width * len(records)).reshape(-1, width)


class ObjectTable(Mapping[int, ObjectRecord]):
    """The records of all objects by ID. Only the label store changes it."""

    def __init__(self, records: Iterable[ObjectRecord] = ()) -> None:
        self._records = {record.id: record for record in records}

    def __getitem__(self, id_: int) -> ObjectRecord:
        return self._records[id_]

    def __iter__(self) -> Iterator[int]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._records

    # The views of the dictionary itself: those of Mapping ask for each of 100,000 records by a call.

    def keys(self) -> KeysView[int]:
        return self._records.keys()

    def values(self) -> ValuesView[ObjectRecord]:
        return self._records.values()

    def items(self) -> ItemsView[int, ObjectRecord]:
        return self._records.items()

    def snapshot(self) -> dict[int, ObjectRecord]:
        """A copy that stays as it is while edits go on; safe to take from another thread."""
        return self._records.copy()

    def first_unlike(self, changes: Changes) -> int | None:
        """The ID of an object that is not as the changes have it before them; None if all are."""
        known = self._records.get
        befores = map(itemgetter(0), changes.values())
        if all(map(is_, map(known, changes), befores)):  # so it is nearly always
            return None
        for id_, (before, _) in changes.items():
            current = known(id_)
            if current is not before and current != before:
                return id_
        return None

    def put(self, changes: Changes) -> None:
        """Set the records of objects to what they are after the changes, or take objects out."""
        for id_, (_, after) in changes.items():
            if after is None:
                self._records.pop(id_, None)
            else:
                self._records[id_] = after
