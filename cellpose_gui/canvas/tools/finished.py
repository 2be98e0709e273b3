"""Finished region: everything in it is right, so that a model may learn from its cells and its background."""

from __future__ import annotations

import cv2
import numpy as np
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.area import AreaTool
from cellpose_gui.canvas.tools.tool import CREATES
from model_core.annotation.finished import FinishedRegion, inside
from model_core.annotation.reviewing import mark_finished, unmark_finished

_SMALLEST = 8  # px in both directions: less is a slip of the hand
_PRECISION = 0.5  # px that a line drawn by hand may be straightened
_MANY = 2000  # cells; accepting more of them takes longer than a frame


class Finished(AreaTool):
    """Marks a box, or with Alt what a line goes around, in the plane that is shown."""

    name = "finished"
    title = "Finished region"
    help = "Drag a box, or with Alt a line, around what is right as it is; a click takes a region back"
    shortcut = "Shift+R"
    gestures = (
        ("Drag", "marks a box as finished; its cells are accepted"),
        ("Alt+drag", "marks what a line goes around"),
        ("Click", "takes the finished region back"),
    )
    cursor = Qt.CursorShape.CrossCursor
    colour = CREATES

    def drawn(self, pointer: Pointer, path: QPainterPath) -> None:
        document, plane = self.host.document, self.host.plane
        assert document is not None
        height, width = document.labels.shape[1:]
        seen = path.boundingRect() & QRectF(0, 0, width, height)
        if min(seen.width(), seen.height()) < _SMALLEST:
            self.host.say("Drag a box around the cells that are right as they are")
            return
        region = FinishedRegion((plane, plane + 1), _corners(path, height, width))
        finished, many = document.store.finished, len(document.objects) > _MANY
        self.host.change(
            lambda cells, tick: mark_finished(cells, finished, region), "Marking the region", slow=many
        )

    def clicked(self, pointer: Pointer, id_: int) -> None:
        document = self.host.document
        assert document is not None
        place = np.array([[self.host.plane, pointer.y - 0.5, pointer.x - 0.5]])
        finished = document.store.finished
        here = [region for region in finished if inside(region, place)[0]]
        if here:  # the one drawn last lies on top
            self.host.change(lambda cells, tick: unmark_finished(finished, here[-1]))
        else:
            self.host.say(self.help)

    def covered(self, pointer: Pointer, ids: set[int]) -> None: ...


def _corners(path: QPainterPath, height: int, width: int) -> tuple[tuple[float, float], ...]:
    """The corners (x, y) of a path, within the image, without those that change next to nothing."""
    outline = path.toFillPolygon()
    points = np.array([(outline.at(n).x(), outline.at(n).y()) for n in range(outline.count())], np.float32)
    points = np.clip(points, 0, (width, height)).astype(np.float32)
    few = cv2.approxPolyDP(points[:, None], _PRECISION, closed=True)[:, 0]
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in few)
