"""The edits that tools share: finish a stroke, delete cells."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cellpose_gui.canvas.tools.pieces import separate_pieces
from cellpose_gui.canvas.tools.stroke import Stroke
from cellpose_gui.document.document import Document
from model_core.annotation.objects import Source


def finish_stroke(document: Document, plane: int, stroke: Stroke, text: str) -> None:
    """Put a stroke into the labels as one edit; cells that it cuts follow the rule of `separate_pieces`."""
    covered = stroke.result()
    if covered is None:
        return
    rows, cols, new = covered
    box, labels = separate_pieces(
        document.labels, document.objects, (slice(plane, plane + 1), rows, cols), new[None], document.new_id
    )
    document.edit(box, labels, text, Source.DRAWN)


def delete_cells(document: Document, ids: Iterable[int]) -> tuple[int, int]:
    """Delete cells in all planes as one edit, sparing locked ones: how many were deleted and how many
    spared."""
    wanted = [document.objects[id_] for id_ in ids if id_ in document.objects]
    records = [record for record in wanted if not record.locked]
    if records:
        box = tuple(
            slice(min(r.slices[axis].start for r in records), max(r.slices[axis].stop for r in records))
            for axis in range(3)
        )
        gone = np.array([record.id for record in records], np.uint32)
        new = document.labels[box].copy()
        new[new == gone[0] if len(gone) == 1 else np.isin(new, gone)] = 0
        text = f"Delete cell {gone[0]}" if len(gone) == 1 else f"Delete {len(gone)} cells"
        document.edit((box[0], box[1], box[2]), new, text)
    return len(records), len(wanted) - len(records)


def say_deleted(deleted: int, spared: int) -> str:
    """The result of `delete_cells` in plain words."""
    if spared:
        return f"{_cells(spared)} locked and kept" + (f", {deleted} deleted" if deleted else "")
    return f"{_cells(deleted)} deleted" if deleted else ""


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
