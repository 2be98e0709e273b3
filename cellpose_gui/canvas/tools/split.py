"""Split: a stroke across a cell parts it where its halves meet."""

from __future__ import annotations

import cv2
import numpy as np
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.tool import CHANGES, Tool, ToolHost
from cellpose_gui.document.document import Document
from model_core.segmentation.mask import Mask


class Split(Tool):
    """Parts every cell that the stroke crosses from side to side; if there is none, the one it lies in most.

    The flows of the model say where the halves meet; where they do not know of two, the stroke is the cut.
    The largest part keeps the id. Locked cells stay whole.
    """

    name = "split"
    title = "Split by stroke"
    help = "Draw across a cell to part it where its halves meet"
    shortcut = "T"
    gestures = (("Drag across cells", "parts them"),)
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._path: QPainterPath | None = None

    @property
    def busy(self) -> bool:
        return self._path is not None

    def press(self, pointer: Pointer) -> None:
        self.cancel()
        if self.host.document is not None:
            self._path = QPainterPath(QPointF(pointer.x, pointer.y))

    def drag(self, pointer: Pointer) -> None:
        if self._path is not None:
            self._path.lineTo(pointer.x, pointer.y)
            self.host.show_shape(self._path, CHANGES)

    def release(self, pointer: Pointer) -> None:
        path, document = self._path, self.host.document
        self.cancel()
        if path is None or document is None:
            return
        path.lineTo(pointer.x, pointer.y)
        points = np.array([(e.y, e.x) for e in map(path.elementAt, range(path.elementCount()))]) - 0.5
        ids = crossed(document.labels[self.host.plane], points)
        locked = [id_ for id_ in ids if document.objects[id_].locked]
        masks = {id_: _mask_of(document, id_) for id_ in ids if id_ not in locked}
        if locked:
            self.host.say(f"Cell {locked[0]} is locked")
        if masks and self.host.prompts is not None:
            self.host.prompts.split(masks, points, lambda parts: self._put(document, masks, parts))
        elif not locked:
            self.host.say("The line crosses no cell")

    def cancel(self) -> None:
        self._path = None
        self.host.show_shape(None)

    def _put(self, document: Document, masks: dict[int, Mask], parts: dict[int, np.ndarray]) -> None:
        """The parts as one step; a cell that has changed meanwhile stays as it is."""
        if self.host.document is not document:
            return
        same = {
            id_: part
            for id_, part in parts.items()
            if np.array_equal(document.labels[masks[id_].box] == id_, masks[id_].pixels)
        }
        if not same:
            self.host.say("The line does not part the cell")
            return
        boxes = [masks[id_].box for id_ in same]
        z, y, x = (slice(min(b[a].start for b in boxes), max(b[a].stop for b in boxes)) for a in range(3))
        new = document.labels[z, y, x].copy()
        for id_, part in same.items():
            box = masks[id_].box
            inside = new[
                tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, (z, y, x), strict=True))
            ]
            for number in range(2, int(part.max()) + 1):
                inside[part == number] = document.new_id()
        words = f"cell {next(iter(same))}" if len(same) == 1 else f"{len(same)} cells"
        document.edit((z, y, x), new, f"Split {words}")
        self.host.say(f"Split {words}")


def _mask_of(document: Document, id_: int) -> Mask:
    box = document.objects[id_].slices
    return Mask(box, document.labels[box] == id_)


def crossed(plane: np.ndarray, points: np.ndarray) -> list[int]:
    """The ids that a stroke, float (N, 2) y and x, crosses from side to side; else that it lies in most."""
    low = np.floor(points.min(0)).astype(int) - 1
    line = np.zeros(np.ceil(points.max(0)).astype(int) + 2 - low, np.uint8)
    cv2.polylines(line, [np.rint(points - low)[:, ::-1].astype(np.int32)], False, 1)
    rows, cols = (at + start for at, start in zip(np.nonzero(line), low, strict=True))
    height, width = plane.shape
    on = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    ids, counts = np.unique(plane[rows[on], cols[on]], return_counts=True)
    ids, counts = ids[ids > 0], counts[ids > 0]
    if not len(ids):
        return []
    ends = set()
    for row, col in np.rint(points[[0, -1]]).astype(int):
        if 0 <= row < height and 0 <= col < width:
            ends.add(int(plane[row, col]))
    across = [id_ for id_ in ids.tolist() if id_ not in ends]
    return across or [int(ids[counts.argmax()])]
