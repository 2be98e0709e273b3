"""Outlines of objects as polygons of few vertices, and what moving a vertex does to the object."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from model_core.annotation.boxes import in_plane, union
from model_core.annotation.patch import Box
from model_core.annotation.pieces import is_one_piece, largest_piece
from model_core.annotation.proposal import Annotated, Proposal, propose

Point = tuple[float, float]
Placed = tuple[int, int, np.ndarray]  # first row, first column, mask (Y, X)
_PRECISION = 0.03  # of the longer side: how far the polygon may keep from the outline
_LEAST_PRECISION = 0.75  # pixels: a digital outline has steps of one


def outline_vertices(mask: np.ndarray, origin: tuple[int, int] = (0, 0)) -> list[Point]:
    """Vertices (x, y) around the largest piece of `mask` (Y, X), whose first pixel is (row, column) `origin`.

    The polygon runs along the outer sides of pixels as far as a few vertices can; holes are not in it.
    """
    tripled = cv2.resize(
        mask.view(np.uint8), None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST
    )  # its rim runs beside pixel sides
    outlines, _ = cv2.findContours(tripled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return []
    longest = max(outlines, key=cv2.contourArea)
    precision = max(_LEAST_PRECISION, _PRECISION * max(mask.shape))
    few = cv2.approxPolyDP(longest, 3 * precision, closed=True)[:, 0]
    row, col = origin
    return [((x + 0.5) / 3 + col, (y + 0.5) / 3 + row) for x, y in few.tolist()]


def crosses_itself(points: Sequence[Point]) -> bool:
    """Whether two sides of the closed polygon cross; sides that only meet in a vertex do not."""
    vertices = np.array(points, np.float64)
    if len(vertices) < 4:
        return False
    ends = np.roll(vertices, -1, axis=0)

    def side(of: np.ndarray, to: np.ndarray, point: np.ndarray) -> np.ndarray:
        """The sign of the turn from each line to each point: (lines, points)."""
        way, off = to - of, point[None] - of[:, None]
        return np.sign(way[:, None, 0] * off[..., 1] - way[:, None, 1] * off[..., 0])

    apart = side(vertices, ends, vertices) * side(vertices, ends, ends) < 0
    return bool((apart & apart.T).any())


def reshape_outline(cells: Annotated, id_: int, plane: int, before: Placed, after: Placed) -> Proposal:
    """Move the outline of an object from one filled polygon to another, on background only.

    Only where they differ, and two pixels around, do pixels
    change, so that the polygon's coarseness spoils nothing elsewhere.
    """
    record = cells.objects.get(id_)
    if record is None:
        return Proposal(None, "This cell is gone")
    if record.locked:
        return Proposal(None, f"Cell {id_} is locked")
    box = in_plane(record.slices, plane, 0, cells.labels.shape)
    for top, left, mask in (before, after):
        if mask.size:
            height, width = mask.shape
            box = union(box, (box[0], slice(top, top + height), slice(left, left + width)))
    box = in_plane(box, plane, 2, cells.labels.shape)
    was, is_ = _placed(before, box), _placed(after, box)
    near = cv2.dilate((was ^ is_).view(np.uint8), np.ones((5, 5), np.uint8)).view(bool)
    new = cells.labels[box][0].copy()
    held = new == id_
    wanted = np.where(near, is_, held) & (held | (new == 0))
    if not wanted.any():
        return Proposal(None, f"Not changed: cell {id_} would have vanished; delete it if it should go")
    new[held] = 0
    new[largest_piece(wanted) if is_one_piece(held) else wanted] = id_
    return propose(cells, box, new[None], f"Edit outline of cell {id_}", selected=[id_])


def _placed(placed: Placed, box: Box) -> np.ndarray:
    """A mask as seen in `box`, which holds it: bool (Y, X)."""
    top, left, mask = placed
    _, rows, cols = box
    whole = np.zeros((rows.stop - rows.start, cols.stop - cols.start), bool)
    if mask.size:
        top, left = top - rows.start, left - cols.start
        whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return whole
