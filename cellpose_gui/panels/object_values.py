"""What is known and measured of each cell of the open document, in columns, kept up to date by Patches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from cellpose_gui.canvas.background import Background
from cellpose_gui.document.document import Document
from model_core.annotation.objects import ObjectRecord
from model_core.annotation.patch import Box, Patch
from model_core.errors import Cancelled
from model_core.images.image import Image

_REST = 120  # ms without a change after which cells are measured anew
_MOST_ONE_BY_ONE = 200  # changed cells; with more, measuring all at once is faster
KNOWN = ("class", "review", "source", "confidence")
"""Columns that come from the records; the others are measured."""

Columns = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class _Measured:
    """Rows of some cells, by ascending ID; `whole` when these are all that there are."""

    columns: Columns
    units: Mapping[str, str]
    asked: frozenset[int]
    whole: bool


class ObjectValues(QObject):
    """`columns` by name, of equal length, one row a cell by ascending ID (`label`).

    A row appears as soon as its cell is measured. Only what a Patch has touched is measured again.
    """

    changed = pyqtSignal()  # rows or values
    measuring = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._document: Document | None = None
        self.columns: Columns = {"label": np.zeros(0, np.int64)}
        self.units: Mapping[str, str] = {}
        self._stale: set[int] | None = None  # to be measured; None: all cells
        self._late: dict[int, ObjectRecord] = {}  # records that have changed since measuring began
        self._background = Background(self._take)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._measure)

    @property
    def ids(self) -> np.ndarray:
        """int64, ascending."""
        return self.columns["label"]

    def __len__(self) -> int:
        return len(self.ids)

    def set_document(self, document: Document | None) -> None:
        """Measures another document; None forgets everything."""
        if document is self._document:
            return
        if self._document is not None:
            self._document.patch_applied.disconnect(self._follow)
        self._background.cancel()
        self._rest.stop()
        self._document, self._stale = document, None
        self.columns, self.units = {"label": np.zeros(0, np.int64)}, {}
        if document is not None:
            document.patch_applied.connect(self._follow)
            self._measure()
        self.changed.emit()

    def rows_of(self, ids: Iterable[int]) -> np.ndarray:
        """int64: the rows of these cells, as far as they are measured."""
        wanted = np.fromiter(ids, np.int64)
        if not len(self.ids):
            return np.zeros(0, np.int64)
        rows = np.searchsorted(self.ids, wanted)
        rows = np.minimum(rows, len(self.ids) - 1)
        return rows[self.ids[rows] == wanted]

    def _follow(self, patch: Patch) -> None:
        assert self._document is not None
        touched = _touched(self._document.labels, patch)
        if self._stale is not None:
            self._stale |= touched
        if touched:
            self._background.cancel()  # what it measures is no longer true; it starts again after a rest
            self._rest.start()
        records = {id_: after for id_, (_, after) in patch.records.items() if after is not None}
        self._late |= records
        if records and len(self):
            self._write_known(records)
            self.changed.emit()

    def _measure(self) -> None:
        document, stale = self._document, self._stale
        if document is None:
            return
        labels, image = document.labels, cast(Image, document.image)
        objects = document.objects.snapshot()
        whole = stale is None or len(stale) > _MOST_ONE_BY_ONE

        def compute(cancelled: Callable[[], bool]) -> _Measured | None:
            try:
                if whole:
                    return _measure_all(labels, image, objects, cancelled)
                return _measure_some(labels, image, objects, frozenset(stale or ()), cancelled)
            except Cancelled:
                return None

        self._late = {}
        self.measuring.emit(True)
        self._background.start(compute)

    def _take(self, result: object) -> None:
        self.measuring.emit(False)
        if not isinstance(result, _Measured) or self._document is None:
            return
        if result.whole or not len(self):
            self.columns = dict(result.columns)
        else:
            self._replace(result)
        self.units = result.units or self.units
        self._stale = set()
        self._write_known(self._late)
        self.changed.emit()

    def _replace(self, result: _Measured) -> None:
        """Takes out the rows of the cells that were measured again and puts in what was found."""
        gone = np.isin(self.ids, np.fromiter(result.asked, np.int64))
        new = result.columns["label"]
        if np.array_equal(self.ids[gone], new):  # the usual case: the same cells with other values
            rows = np.flatnonzero(gone)
            for name, values in result.columns.items():
                self.columns[name] = self.columns[name].copy()
                self.columns[name][rows] = values
            return
        kept = {name: values[~gone] for name, values in self.columns.items()}
        if not len(new):
            self.columns = kept
            return
        places = np.searchsorted(kept["label"], new)
        self.columns = {
            name: np.insert(kept[name], places, values) for name, values in result.columns.items()
        }

    def _write_known(self, records: Mapping[int, ObjectRecord]) -> None:
        rows = self.rows_of(records)
        if not len(rows):
            return
        changed = [records[id_] for id_ in self.ids[rows].tolist()]
        for name in KNOWN:
            self.columns[name] = self.columns[name].copy()
            self.columns[name][rows] = _known_column(name, changed)


def _touched(labels: np.ndarray, patch: Patch) -> set[int]:
    """Cells whose pixels or neighbours a patch has changed."""
    z, y, x = patch.box
    if z.start >= z.stop:
        return set()
    near = labels[z, max(0, y.start - 1) : y.stop + 1, max(0, x.start - 1) : x.stop + 1]
    ids = set(patch.records)
    if near.size <= 1 << 22:
        ids |= set(np.unique(near).tolist())
    return ids - {0}


def _known_column(name: str, records: list[ObjectRecord]) -> np.ndarray:
    if name == "confidence":
        none = float("nan")
        return np.array([none if r.confidence is None else r.confidence for r in records], np.float64)
    words = {
        "class": lambda r: r.class_name,
        "review": lambda r: r.review.value,
        "source": lambda r: r.source.value,
    }[name]
    column = np.empty(len(records), object)
    column[:] = [words(r) for r in records]
    return column


def _measure_all(
    labels: np.ndarray,
    image: Image,
    objects: Mapping[int, ObjectRecord],
    cancelled: Callable[[], bool],
) -> _Measured:
    from model_core.annotation.contacts import neighbour_counts
    from model_core.annotation.measurements import measure_objects

    found = measure_objects(labels, image, cancelled=cancelled)
    columns = _columns(found.columns)
    columns["neighbours"] = neighbour_counts(labels, columns["label"]).astype(np.float64)
    there = np.fromiter((id_ in objects for id_ in columns["label"].tolist()), bool, len(columns["label"]))
    columns = {name: values[there] for name, values in columns.items()}
    return _Measured(_with_known(columns, objects), found.units, frozenset(), True)


def _measure_some(
    labels: np.ndarray,
    image: Image,
    objects: Mapping[int, ObjectRecord],
    ids: frozenset[int],
    cancelled: Callable[[], bool],
) -> _Measured:
    """One by one, each in its box and a pixel around."""
    from model_core.annotation.contacts import neighbour_counts
    from model_core.annotation.measurements import measure_objects

    parts: list[Columns] = []
    units: Mapping[str, str] = {}
    for id_ in sorted(ids & objects.keys()):
        box = _widened(objects[id_].slices, labels.shape)
        part = labels[box].copy()
        neighbours = neighbour_counts(part, np.array([id_]))
        part[part != id_] = 0
        if part.any():
            origin = (box[0].start, box[1].start, box[2].start)
            found = measure_objects(part, image, origin, cancelled=cancelled)
            units = found.units
            parts.append({**_columns(found.columns), "neighbours": neighbours.astype(np.float64)})
    if not parts:
        return _Measured({"label": np.zeros(0, np.int64)}, units, ids, False)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _Measured(_with_known(columns, objects), units, ids, False)


def _columns(found: Mapping[str, np.ndarray]) -> Columns:
    return {
        name: values.astype(np.int64 if name == "label" else np.float64) for name, values in found.items()
    }


def _with_known(columns: Columns, objects: Mapping[int, ObjectRecord]) -> Columns:
    records = [objects[id_] for id_ in columns["label"].tolist()]
    return {**columns, **{name: _known_column(name, records) for name in KNOWN}}


def _widened(box: Box, shape: tuple[int, ...]) -> Box:
    z, y, x = (
        slice(max(0, part.start - 1), min(size, part.stop + 1)) for part, size in zip(box, shape, strict=True)
    )
    return (box[0] if shape[0] == 1 else z), y, x
