"""Fill an area of background that cells enclose."""

from __future__ import annotations

import cv2
import numpy as np

from model_core.annotation.boxes import in_plane
from model_core.annotation.objects import Source
from model_core.annotation.patch import Box
from model_core.annotation.proposal import Annotated, Proposal, name_cells, propose

_FIRST_REACH = 64  # pixels around the point that are looked at first; doubled as long as the area goes on
_LAST_REACH = 512
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def fill_area(cells: Annotated, plane: int, row: int, col: int) -> Proposal:
    """Fill the background area around a pixel, as far as cells enclose it; lines of the brush are cells too.

    An area inside one cell joins it, one between several cells becomes a new cell. Refuses an area that
    reaches the edge of the image: it is not enclosed. Diagonal gaps let nothing through.
    """
    _, height, width = cells.labels.shape
    if not (0 <= row < height and 0 <= col < width):
        return Proposal(None, "Not filled: this lies outside the image")
    if under := int(cells.labels[plane, row, col]):
        return Proposal(None, f"Cell {under} is here already; click on background that cells enclose")
    found = _enclosed(cells, plane, row, col)
    if isinstance(found, str):
        return Proposal(None, f"Not filled: {found}")
    box, area = found
    new = cells.labels[box][0].copy()
    beside = cv2.dilate(area.view(np.uint8), _CROSS).view(bool)
    around = [id_ for id_ in np.unique(new[beside]).tolist() if id_]
    if len(around) > 1:
        id_ = cells.reserve_ids(1)
        new[area] = id_
        said = f"Filled as a new cell, {id_}, between {name_cells(around)}"
        return propose(cells, box, new[None], f"Fill cell {id_}", said, Source.DRAWN, selected=[id_])
    (id_,) = around
    if cells.objects[id_].locked:
        return Proposal(None, f"Not filled: cell {id_} is locked")
    new[area] = id_
    return propose(cells, box, new[None], f"Fill hole of cell {id_}", selected=[id_])


def _enclosed(cells: Annotated, plane: int, row: int, col: int) -> tuple[Box, np.ndarray] | str:
    """A box and the area in it (bool, Y, X) with its rim, or why there is none."""
    _, height, width = cells.labels.shape
    here = slice(plane, plane + 1), slice(row, row + 1), slice(col, col + 1)
    reach = _FIRST_REACH
    while reach <= _LAST_REACH:
        box = in_plane(here, plane, reach, cells.labels.shape)
        _, rows, cols = box
        free = (cells.labels[box][0] == 0).view(np.uint8)
        _, numbered = cv2.connectedComponents(free, connectivity=4)
        area = numbered == numbered[row - rows.start, col - cols.start]
        sides = (
            (area[0], rows.start == 0), (area[-1], rows.stop == height),
            (area[:, 0], cols.start == 0), (area[:, -1], cols.stop == width),
        )  # fmt: skip
        if any(side.any() and at_edge for side, at_edge in sides):
            return "the area reaches the edge of the image, so cells do not enclose it"
        if not any(side.any() for side, _ in sides):
            return box, area
        reach *= 2
    return f"the area goes on for more than {_LAST_REACH:,} px"
