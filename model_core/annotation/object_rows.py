"""Records of many objects as one numpy array: no Python object a cell, so that a million are sorted fast."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np

from model_core.annotation.objects import ObjectRecord, Review, Source

SOURCES = tuple(Source)  # what the numbers in the column `source` mean
REVIEWS = tuple(Review)  # and those in `review`

OBJECT = np.dtype(
    [
        ("image", "<u4"),  # which image of a folder: see FolderIndex
        ("id", "<u4"),
        ("box", "<u4", 6),  # z0, z1, y0, y1, x0, x1, half open
        ("area", "<u8"),  # pixels, voxels in a stack
        ("centroid", "<f4", 3),  # z, y, x
        ("confidence", "<f4"),  # 0..1, NaN where no model gave one
        ("source", "u1"),  # index into SOURCES
        ("review", "u1"),  # index into REVIEWS
        ("class", "<u2"),  # index into the list of class names that comes with the rows; 0 is ""
        ("locked", "?"),
    ]
)
"""One object of an `ObjectRecord`, without its note."""


def _cases(column: str, values: Iterable[Source | Review]) -> str:
    """SQL for the place of a text in a list; NULL, which no row can hold, for any other text."""
    cases = " ".join(f"WHEN '{value.value}' THEN {code}" for code, value in enumerate(values))
    return f"CASE {column} {cases} END"


_SELECT = (
    "SELECT id, z0, z1, y0, y1, x0, x1, area, centre_z, centre_y, centre_x, ifnull(confidence, -1),"
    f" {_cases('source', SOURCES)}, {_cases('review', REVIEWS)}, locked FROM objects ORDER BY id"
)
_COLUMNS = 15  # of that


def no_rows() -> np.ndarray:
    return np.empty(0, OBJECT)


def rows_of_records(records: Iterable[ObjectRecord], class_names: list[str]) -> np.ndarray:
    """Rows by rising ID. Classes that are not in `class_names` yet are put at its end."""
    records = sorted(records, key=lambda record: record.id)
    codes = {name: code for code, name in enumerate(class_names)}

    def code_of(name: str) -> int:
        if name not in codes:
            codes[name] = len(codes)
            class_names.append(name)
        return codes[name]

    flat = (
        (
            *(r.id, *r.box, r.area, *r.centroid, -1 if r.confidence is None else r.confidence),
            *(SOURCES.index(r.source), REVIEWS.index(r.review), r.locked),
        )
        for r in records
    )
    rows = _rows_of_numbers(flat)
    rows["class"] = np.fromiter((code_of(r.class_name) for r in records), np.uint16, len(rows))
    return rows


def _rows_of_numbers(numbers: Iterable[Iterable[float]]) -> np.ndarray:
    """Rows of what `_SELECT` gives; 53 bits are enough for every column."""
    flat = np.fromiter(chain.from_iterable(numbers), np.float64).reshape(-1, _COLUMNS)
    if not np.isfinite(flat).all() or (flat[:, :8] < 0).any() or (flat[:, :8] >= [*[2**32] * 7, 2**53]).any():
        raise ValueError("some records of objects hold no numbers, or impossible ones")
    rows = np.zeros(len(flat), OBJECT)
    rows["id"], rows["box"], rows["area"], rows["centroid"] = (
        flat[:, 0],
        flat[:, 1:7],
        flat[:, 7],
        flat[:, 8:11],
    )
    rows["confidence"] = np.where(flat[:, 11] < 0, np.nan, flat[:, 11])
    rows["source"], rows["review"], rows["locked"] = flat[:, 12], flat[:, 13], flat[:, 14]
    return rows


def read_rows(connection: sqlite3.Connection) -> tuple[np.ndarray, list[str]]:
    """All objects of a .cells file and the names of their classes; 0.3 s for 100,000.

    Raises ValueError, TypeError or OverflowError for what can't be records, sqlite3.Error.
    """
    rows = _rows_of_numbers(connection.execute(_SELECT))
    names = [name for (name,) in connection.execute("SELECT DISTINCT class_name FROM objects")]
    class_names = ["", *sorted(name for name in names if name != "")]
    if len(class_names) > 1:
        codes = {name: code for code, name in enumerate(class_names)}
        column = connection.execute("SELECT class_name FROM objects ORDER BY id")
        rows["class"] = np.fromiter((codes[name] for (name,) in column), np.uint16, len(rows))
    check_rows(rows, len(class_names))
    return rows, class_names


def check_rows(rows: np.ndarray, classes: int) -> None:
    """Raise ValueError for rows that can't be objects; `classes` is how many names there are."""
    low, high = rows["box"][:, ::2].astype(np.int64), rows["box"][:, 1::2].astype(np.int64)
    known = (rows["source"] < len(SOURCES)) & (rows["review"] < len(REVIEWS)) & (rows["class"] < classes)
    fine = known & (rows["id"] > 0) & (low < high).all(1) & np.isfinite(rows["centroid"]).all(1)
    fine &= (rows["area"] > 0) & (rows["area"] <= np.prod((high - low).astype(np.float64), axis=1))
    fine &= ~np.isinf(rows["confidence"])
    if not fine.all():
        raise ValueError("some records of objects are impossible")


def changed_rows(
    rows: np.ndarray,
    changes: Mapping[int, tuple[ObjectRecord | None, ObjectRecord | None]],
    class_names: list[str],
) -> np.ndarray:
    """The rows after the record changes of a Patch; a new array."""
    gone = np.isin(rows["id"], np.fromiter(changes, np.uint32, len(changes)))
    new = rows_of_records((after for _, after in changes.values() if after is not None), class_names)
    kept = rows[~gone]
    return np.insert(kept, np.searchsorted(kept["id"], new["id"]), new)


def by_hand(rows: np.ndarray) -> np.ndarray:
    """bool: drawn or edited by a person."""
    return rows["source"] != SOURCES.index(Source.MODEL)


def with_review(rows: np.ndarray, review: Review) -> np.ndarray:
    """bool: the objects about which a person decided so."""
    return rows["review"] == REVIEWS.index(review)


def recoded(rows: np.ndarray, names: Sequence[str], into: list[str]) -> np.ndarray:
    """The rows with class numbers that point into another list of names, which grows as needed."""
    table = np.zeros(max(len(names), 1), np.uint16)
    for code, name in enumerate(names):
        if name not in into:
            into.append(name)
        table[code] = into.index(name)
    if np.array_equal(table, np.arange(len(table))):
        return rows
    rows = rows.copy()
    rows["class"] = table[rows["class"]]
    return rows
