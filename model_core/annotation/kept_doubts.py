"""Doubts kept in the index of a folder: an image whose files are as they were is not looked at again."""

from __future__ import annotations

import json

import numpy as np

from model_core.annotation.candidates import from_setting, to_setting
from model_core.annotation.doubt import OUTCOMES, REASONS, Doubt, with_left_out
from model_core.annotation.folder_index import FolderIndex

_KIND, _PLACES = "doubts", "left out"
_VERSION = 4  # one more whenever `find_doubts` says something else
_ROW = np.dtype(
    [
        ("id", "<u4"), ("partner", "<u4"), ("doubt", "<f8"), ("advice", "u1"), ("reason", "u1"),
        ("parted", "u1"), ("parts", "<i4", (2, 3)),
    ]
)  # fmt: skip


def kept_doubts(index: FolderIndex, name: str, stamp: str) -> list[Doubt] | None:
    """What was found when the files of the image had this `FolderIndex.stamp`; None if nothing is known."""
    if not stamp:
        return None
    data, places = (index.file.computed(name, kind, f"{_VERSION} {stamp}") for kind in (_KIND, _PLACES))
    if data is None or places is None or len(data) % _ROW.itemsize:
        return None
    rows = np.frombuffer(data, _ROW)
    if (rows["advice"] >= len(OUTCOMES)).any() or (rows["reason"] >= len(REASONS)).any():
        return None
    objects = [
        Doubt(
            int(row["id"]),
            float(row["doubt"]),
            OUTCOMES[row["advice"]],
            REASONS[row["reason"]],
            int(row["partner"]),
            _points(row["parts"]) if row["parted"] else None,
        )
        for row in rows
    ]
    try:
        return with_left_out(objects, from_setting(json.loads(places)))
    except ValueError:
        return None


def keep_doubts(index: FolderIndex, name: str, stamp: str, found: list[Doubt]) -> None:
    """Keep them for the next time; without a stamp nothing is kept."""
    if not stamp:
        return
    objects = [doubt for doubt in found if doubt.candidate is None]
    rows = np.zeros(len(objects), _ROW)
    for row, doubt in zip(rows, objects, strict=True):
        row["id"], row["partner"], row["doubt"] = doubt.id, doubt.partner, doubt.doubt
        row["advice"], row["reason"] = OUTCOMES.index(doubt.advice), REASONS.index(doubt.reason)
        row["parted"] = doubt.parts is not None
        if doubt.parts is not None:
            row["parts"] = doubt.parts
    places = json.dumps(to_setting([doubt.candidate for doubt in found if doubt.candidate is not None]))
    for kind, data in ((_KIND, rows.tobytes()), (_PLACES, places.encode())):
        index.file.keep_computed(name, kind, f"{_VERSION} {stamp}", data)


def _points(parts: np.ndarray) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    (z0, y0, x0), (z1, y1, x1) = parts.tolist()
    return (z0, y0, x0), (z1, y1, x1)
