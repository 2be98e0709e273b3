"""Measurements of the objects of one or many images as a table: CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model_core.annotation.measurements import Cancel, Measurements, Progress, measure_objects
from model_core.formats.atomic import write_atomically
from model_core.formats.labelling import Labelling

if TYPE_CHECKING:
    import pyarrow

_UNITS = {"µm": "_um", "µm²": "_um2", "µm³": "_um3", "px": "_px", "px²": "_px2", "voxels": "_voxels"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # texts that a spreadsheet would compute


def measured(
    cells: Labelling, progress: Progress = lambda fraction: None, cancelled: Cancel = lambda: False
) -> Measurements:
    """The measurements of an image's objects, with their classes and whatever else is known of them."""
    table = measure_objects(cells.labels, cells.image, progress=progress, cancelled=cancelled)
    ids = table.columns["label"].tolist()
    columns = dict(table.columns)
    columns["class"] = np.array([cells.classes.get(id_, "") for id_ in ids], str)
    for name, values in cells.details.items():
        known = [values.get(id_) for id_ in ids]
        if any(isinstance(value, str) for value in known):
            columns[name] = np.array([value or "" for value in known], str)
        else:
            columns[name] = np.array([np.nan if value is None else value for value in known], np.float64)
    return Measurements(columns, table.units)


def write_csv(path: str | Path, images: Iterable[Labelling]) -> tuple[str, ...]:
    """Writes a row for each object; the column “image” first. Raises UserError."""
    from pyarrow import csv

    table = joined(images, harmless=True)
    with write_atomically(Path(path)) as temporary:
        csv.write_csv(table, temporary, csv.WriteOptions(quoting_style="needed"))
    return ()


def write_parquet(path: str | Path, images: Iterable[Labelling]) -> tuple[str, ...]:
    """The same as Parquet. Raises UserError."""
    from pyarrow import parquet

    table = joined(images)
    with write_atomically(Path(path)) as temporary:
        parquet.write_table(table, temporary)
    return ()


def joined(images: Iterable[Labelling], harmless: bool = False) -> pyarrow.Table:
    """One table of all objects. Units stand behind the names of columns: area_um2, area_px2.

    A column that only some images have is empty (null) for the others. With ``harmless``, texts that a
    spreadsheet would take for formulas get an apostrophe in front.
    """
    import pyarrow

    tables = []
    for cells in images:
        table = measured(cells)
        name = cells.image.name if cells.image is not None else ""
        columns = {"image": pyarrow.array([_text(name, harmless)] * len(table), pyarrow.string())}
        for key, values in table.columns.items():
            if values.dtype.kind == "U":
                texts = [_text(text, harmless) for text in values.tolist()]
                columns[key] = pyarrow.array(texts, pyarrow.string())
            else:
                unit = _UNITS[table.units[key]] if key in table.units else ""
                columns[key + unit] = pyarrow.array(values, from_pandas=True)  # NaN: no value
        tables.append(pyarrow.table(columns))
    if not tables:
        return pyarrow.table({"image": pyarrow.array([], pyarrow.string())})
    return pyarrow.concat_tables(tables, promote_options="default")


def _text(text: str, harmless: bool) -> str:
    return f"'{text}" if harmless and text.startswith(_FORMULA) else text
