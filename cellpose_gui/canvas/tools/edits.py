"""How a stroke or a drawn shape gets into the labels."""

from __future__ import annotations

from cellpose_gui.canvas.tools.stroke import Stroke
from cellpose_gui.document.document import Document
from model_core.annotation.objects import Source
from model_core.annotation.patch import Patch
from model_core.annotation.pieces import separate_pieces


def finish_stroke(document: Document, plane: int, stroke: Stroke, text: str) -> Patch | None:
    """Put a stroke into the labels as one edit, None if it changes nothing.

    Cells that it cuts follow the rule of `separate_pieces`.
    """
    covered = stroke.result()
    if covered is None:
        return None
    rows, cols, new = covered
    box, labels = separate_pieces(
        document.labels, document.objects, (slice(plane, plane + 1), rows, cols), new[None], document.new_id
    )
    return document.edit(box, labels, text, Source.DRAWN)
