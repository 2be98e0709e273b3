"""What is known and measured of each cell of the open document, in columns, kept up to date by Patches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from cellpose_gui.canvas.background import Background
from cellpose_gui.document.document import Document
from model_core.annotation.objects import ObjectRecord, Source
from model_core.annotation.patch import Box, Patch
from model_core.errors import Cancelled
from model_core.images.image import Image

_REST = 120  # ms without a change after which cells are measured anew
_MOST_ONE_BY_ONE = 200  # changed cells; with more, measuring all at once is faster
_SPARSE = 20  # times as many IDs as cells: a table of all of them would be large
_MOST_RECORDS = 2000  # changed records that are taken over at once; more are left to a worker
_GONE = ObjectRecord(1, (0, 1, 0, 1, 0, 1), 1, (0, 0, 0), Source.MODEL)
KNOWN = ("class", "review", "source", "confidence")
"""Columns that come from the records; the others are measured."""

Columns = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class _Measured:
    """Rows of the cells that were `asked` for, by ascending ID; None: of all that there are.

    `known`: what the records say of all cells, by ID; None where only those rows have changed.
    """

    columns: Columns
    units: Mapping[str, str]
    asked: frozenset[int] | None
    known: Columns | None = None


class ObjectValues(QObject):
    """`columns` by name, of equal length, one row a cell by ascending ID (`label`).

    A row appears as soon as its cell is measured. Only what a Patch has touched is measured again. A column
    is never written to: one with other values is another array.
    """

    changed = pyqtSignal()  # rows or values; several changes in a row are told once
    measuring = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._document: Document | None = None
        self.columns: Columns = {"label": np.zeros(0, np.int64)}
        self.units: Mapping[str, str] = {}
        self._stale: set[int] | None = None  # to be measured; None: all cells
        self._boxes: list[Box] = []  # in which, and around which, cells are to be measured besides
        self._late: dict[int, ObjectRecord] = {}  # records that have changed since measuring began
        self._unknown = False  # too many records have changed
        self._background = Background(self._take)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._measure)
        self._telling = QTimer(self)
        self._telling.setSingleShot(True)
        self._telling.timeout.connect(self.changed)

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
        self._document, self._stale, self._boxes = document, None, []
        self.columns, self.units = {"label": np.zeros(0, np.int64)}, {}
        if document is not None:
            document.patch_applied.connect(self._follow)
            self._measure()
        self.changed.emit()

    def rows_of(self, ids: Iterable[int]) -> np.ndarray:
        """int64, ascending: the rows of these cells, as far as they are measured."""
        wanted = np.fromiter(ids, np.int64)
        if not len(self.ids):
            return np.zeros(0, np.int64)
        wanted.sort()  # neighbours are looked up several times as fast
        rows = np.searchsorted(self.ids, wanted)
        rows = np.minimum(rows, len(self.ids) - 1)
        return rows[self.ids[rows] == wanted]

    def mask_of(self, ids: Iterable[int]) -> np.ndarray:
        """bool (N,): true at the rows of these cells."""
        own, wanted = self.ids, np.fromiter(ids, np.int64)
        highest = int(own[-1]) if len(own) else 0
        if highest > _SPARSE * len(own):
            return np.isin(own, wanted)
        chosen = np.zeros(highest + 1, bool)  # looking up needs no sorting
        chosen[wanted[wanted <= highest]] = True
        return chosen[own]

    def _follow(self, patch: Patch) -> None:
        moved = patch.box[0].stop > patch.box[0].start
        many = len(patch.records) > _MOST_RECORDS
        if moved:
            self._boxes.append(patch.box)
            if self._stale is not None:
                self._stale |= patch.records.keys()
        if moved or many:
            self._unknown |= many
            self._background.cancel()  # what it measures is no longer true; it starts again after a rest
            self._rest.start()
        if not many:
            records = {id_: after for id_, (_, after) in patch.records.items() if after is not None}
            self._late |= records
            self._write_known(records)

    def _measure(self) -> None:
        document = self._document
        if document is None:
            return
        labels, image = document.labels, cast(Image, document.image)
        objects, boxes, unknown = document.objects.snapshot(), tuple(self._boxes), self._unknown
        stale = None if self._stale is None else frozenset(self._stale)
        ids = self.ids

        def compute(cancelled: Callable[[], bool]) -> _Measured | None:
            try:
                asked = _asked(labels, stale, boxes)
                if asked is None:
                    still = labels.copy()  # a cell drawn meanwhile would have no place in what is counted
                    return _measure_all(still, image, objects, cancelled)
                found = _measure_some(labels, image, objects, asked, cancelled)
                return replace(found, known=_known(ids.tolist(), objects)) if unknown else found
            except Cancelled:
                return None

        self._late = {}
        self.measuring.emit(True)
        self._background.start(compute)

    def _take(self, result: object) -> None:
        self.measuring.emit(False)
        if not isinstance(result, _Measured) or self._document is None:
            return
        if result.known is not None and len(self):
            self.columns |= result.known
        if result.asked is None or not len(self):
            self.columns = dict(result.columns)
        elif result.asked:
            self._replace(result, result.asked)
        self.units = result.units or self.units
        self._stale, self._boxes, self._unknown = set(), [], False
        self._write_known(self._late)
        self._telling.start()

    def _replace(self, result: _Measured, asked: frozenset[int]) -> None:
        """Takes out the rows of the cells that were measured again and puts in what was found."""
        gone = np.isin(self.ids, np.fromiter(asked, np.int64))
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
            values = _known_column(name, changed)
            if not np.array_equal(self.columns[name][rows], values, equal_nan=name == "confidence"):
                self.columns[name] = self.columns[name].copy()
                self.columns[name][rows] = values
        self._telling.start()


def _asked(labels: np.ndarray, stale: frozenset[int] | None, boxes: Iterable[Box]) -> frozenset[int] | None:
    """Cells whose pixels or neighbours have changed; None where it is quicker to measure all."""
    for box in boxes:
        if stale is None or len(stale) > _MOST_ONE_BY_ONE:
            return None
        stale |= set(np.unique(labels[_widened(box, labels.shape)]).tolist()) - {0}
    return None if stale is None or len(stale) > _MOST_ONE_BY_ONE else stale


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
    return _Measured(_with_known(columns, objects), found.units, None)


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
        return _Measured({"label": np.zeros(0, np.int64)}, units, ids)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _Measured(_with_known(columns, objects), units, ids)


def _columns(found: Mapping[str, np.ndarray]) -> Columns:
    return {
        name: values.astype(np.int64 if name == "label" else np.float64) for name, values in found.items()
    }


def _with_known(columns: Columns, objects: Mapping[int, ObjectRecord]) -> Columns:
    return {**columns, **_known(columns["label"].tolist(), objects)}


def _known(ids: list[int], objects: Mapping[int, ObjectRecord]) -> Columns:
    """What the records say of cells; of those that are gone, which are measured away, anything."""
    records = [objects.get(id_, _GONE) for id_ in ids]
    return {name: _known_column(name, records) for name in KNOWN}


def _widened(box: Box, shape: tuple[int, ...]) -> Box:
    z, y, x = (
        slice(max(0, part.start - 1), min(size, part.stop + 1)) for part, size in zip(box, shape, strict=True)
    )
    return (box[0] if shape[0] == 1 else z), y, x
