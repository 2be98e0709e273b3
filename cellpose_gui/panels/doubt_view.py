"""Shows a doubtful cell, or a place where one may have been left out, on the canvas; and says what it is."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QPainterPath, QPolygonF

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.tools.tool import CREATES
from cellpose_gui.document.document import Document
from model_core.annotation.boxes import around
from model_core.annotation.candidates import Candidate
from model_core.annotation.doubt import Advice, Doubt
from model_core.annotation.patch import Box
from model_core.annotation.putting_right import cut_between
from model_core.annotation.review_queue import Item
from model_core.formats.rings import outlines

_ROOM = 1.5  # times the size of a cell that is seen around it ...
_LEAST_ROOM = 25  # px: ... a speck is judged by its neighbours too
_PROPOSED = {
    Advice.ACCEPT: "Probably right: accept",
    Advice.DELETE: "Delete",
    Advice.SPLIT: "Split along the line",
    Advice.MERGE: "Merge with its neighbour",
    Advice.RESHAPE: "Correct its outline",
    Advice.ADD: "A cell here?",
}


def in_words(item: Item) -> str:
    """What comes up, and why."""
    doubt = item.doubt
    if doubt.candidate is not None:
        asked = f"{item.image.name}: is there a cell inside the dashed line that was left out?"
        return f"{asked} Picked at random." if item.sample else f"{asked} {doubt.doubt:.0%} likely."
    cell = f"Cell {doubt.id} of {item.image.name}:"
    if item.sample:
        return f"{cell} picked at random, to learn how many of the others are wrong."
    reason = f"; {doubt.reason}" if doubt.reason else ""
    return f"{cell} {doubt.doubt:.0%} likely to be wrong{reason}."


def proposed(doubt: Doubt) -> str:
    """What is likeliest to be the right answer."""
    return _PROPOSED[doubt.advice] if doubt.candidate is not None else f"Proposal: {_PROPOSED[doubt.advice]}"


def look_at(canvas: Canvas, document: Document, doubt: Doubt) -> None:
    """Brings it into the middle with some room around; draws what is proposed."""
    if doubt.candidate is not None:
        _look_at_place(canvas, document, doubt.candidate)
        return
    ids = [doubt.id]
    if doubt.advice is Advice.MERGE and doubt.partner in document.objects:
        ids.append(doubt.partner)
    document.select(ids)
    canvas.zoom_to(_with_room(around(document.objects[id_] for id_ in ids), document.labels.shape))
    if doubt.advice is Advice.SPLIT and (line := cut_between(document.labels, doubt)) is not None:
        path = QPainterPath(QPointF(*line[0]))
        path.lineTo(QPointF(*line[1]))
        canvas.show_shape(path, fill=False)
    else:
        canvas.show_shape(None)


def _look_at_place(canvas: Canvas, document: Document, candidate: Candidate) -> None:
    """In the plane where most of it lies."""
    document.select(())
    plane = int(candidate.pixels.sum(axis=(1, 2)).argmax())
    z, y, x = candidate.box
    here = slice(z.start + plane, z.start + plane + 1)
    canvas.zoom_to(_with_room((here, y, x), document.labels.shape))
    path = QPainterPath()
    for outline in outlines(candidate.pixels[plane : plane + 1].astype(np.uint32)):
        for ring in outline.rings:
            path.addPolygon(QPolygonF([QPointF(x.start + dx, y.start + dy) for dx, dy in ring.tolist()]))
            path.closeSubpath()
    canvas.show_shape(path, CREATES, fill=False, dashed=True)


def _with_room(box: Box, shape: tuple[int, ...]) -> Box:
    """Wider on all sides, so that one sees where the cell lies; moved into the image as far as it goes."""
    z, y, x = box
    room = max(_LEAST_ROOM, int(_ROOM * max(y.stop - y.start, x.stop - x.start)))
    return z, _moved_into(y, room, shape[1]), _moved_into(x, room, shape[2])


def _moved_into(part: slice, room: int, size: int) -> slice:
    start, stop = part.start - room, part.stop + room
    shift = max(0, -start) - max(0, stop - size)
    return slice(start + shift, stop + shift)
