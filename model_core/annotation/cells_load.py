"""From a .cells file to a LabelStore. The file is not trusted: what doesn't add up is damage."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from model_core.annotation.cells_file import CHUNK, FINISHED, CellsFile, Shape, chunk_box
from model_core.annotation.cells_schema import DamagedDocumentError
from model_core.annotation.finished import regions_from_json
from model_core.annotation.history import History, Step
from model_core.annotation.label_store import LabelStore
from model_core.annotation.measure import Extent, measure
from model_core.annotation.objects import ObjectRecord, ObjectTable, record_from_row
from model_core.annotation.patch import PackedPatch, box_shape, decode_block


def open_cells(path: Path, image_path: Path, shape: Shape) -> tuple[CellsFile, LabelStore]:
    """The document of an image with labels, records and history; empty if there is no file yet.

    `shape` is (Z, Y, X). Takes about a second for 100,000 objects: call it in a worker. Raises
    UserError: see `CellsFile`.
    """
    file = CellsFile(path, image_path, shape)
    if file.connection is None:
        return file, LabelStore.empty(shape)
    try:
        store = _load(file.connection, shape)
        store.finished = regions_from_json(file.settings.get(FINISHED, []))
        store.history.tidy()
        return file, store
    except (ValueError, TypeError, OverflowError, sqlite3.Error) as error:
        file.close()
        raise DamagedDocumentError(f"{path} is damaged: {error}.") from error
    except BaseException:
        file.close()
        raise


def _load(connection: sqlite3.Connection, shape: Shape) -> LabelStore:
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    position, next_id = _whole(meta.get("position")), _whole(meta.get("next_id"))
    labels, extents = _load_labels(connection, shape)
    records = [record_from_row(row) for row in connection.execute("SELECT * FROM objects ORDER BY id")]
    _check_records(records, extents)
    steps = list(_load_steps(connection, shape))
    if next_id > 2**32:
        raise ValueError("its object numbers are used up")
    return LabelStore(labels, ObjectTable(records), History(steps, position), next_id)


def _load_labels(connection: sqlite3.Connection, shape: Shape) -> tuple[np.ndarray, dict[int, Extent]]:
    labels = np.zeros(shape, np.uint32)
    extents: dict[int, Extent] = {}
    for z, y, x, data in connection.execute("SELECT z, y, x, data FROM chunks"):
        known = all(type(value) is int and value >= 0 for value in (z, y, x)) and type(data) is bytes
        if not known or z >= shape[0] or y * CHUNK >= shape[1] or x * CHUNK >= shape[2]:
            raise ValueError("labels lie outside the image")
        region = chunk_box((z, y, x), shape)
        chunk = decode_block(data, box_shape(region))
        labels[region] = chunk
        for id_, extent in measure(chunk, (z, y * CHUNK, x * CHUNK)).items():
            extents[id_] = extents[id_].joined(extent) if id_ in extents else extent
    return labels, extents


def _check_records(records: list[ObjectRecord], extents: dict[int, Extent]) -> None:
    if {record.id for record in records} != extents.keys():
        raise ValueError("the table of objects does not belong to the labels")
    for record in records:
        extent = extents[record.id]
        if (record.box, record.area, record.centroid) != (extent.box, extent.area, extent.centroid):
            raise ValueError(f"the record of object {record.id} does not belong to its pixels")


def _load_steps(connection: sqlite3.Connection, shape: Shape) -> Iterator[Step]:
    for number, row in enumerate(connection.execute("SELECT * FROM patches ORDER BY step"), start=1):
        step, *box, old, new, records, text = row
        inside = all(
            type(low) is int and type(high) is int and 0 <= low <= high <= size
            for low, high, size in zip(box[::2], box[1::2], shape, strict=True)
        )
        blobs = all(type(blob) is bytes for blob in (old, new, records))
        if step != number or not inside or not blobs or type(text) is not str:
            raise ValueError(f"step {number} of the history can't be read")
        z0, z1, y0, y1, x0, x1 = box
        yield Step(PackedPatch((z0, z1, y0, y1, x0, x1), old, new, records, text))


def _whole(text: str | None) -> int:
    number = json.loads(text) if text is not None else None
    if type(number) is not int or number < 0:
        raise ValueError("a number that must be whole is not")
    return number
