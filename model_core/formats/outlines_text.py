"""Outlines as text, ``NAME_cp_outlines.txt`` of Cellpose: a line for each object, “x,y,x,y,...”."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.formats.drawing import Drawing, Shape, needed_shape
from model_core.formats.labelling import Labelling
from model_core.formats.rings import Ring, outlines

_LARGEST = 512 * 2**20  # bytes of a file


def write_outlines_text(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes a line for each piece of each object, by ID; holes, IDs and classes find no place in it.

    Raises:
        UserError: the disk refuses, or it is a stack: planes find no place either.
    """
    path = Path(path)
    if len(cells.labels) > 1:
        raise UserError(f"{path.name} was not written: outlines as text can't hold a stack.")
    holes = pieces = False
    with write_atomically(path) as temporary, temporary.open("w", encoding="ascii") as file:
        for outline in outlines(cells.labels):
            pieces |= len(outline.pieces) > 1
            for outer, *inner in outline.pieces:
                holes |= bool(inner)
                file.write(",".join(map(str, outer.ravel().tolist())) + "\n")
    notes = []
    if holes:
        notes.append(f"Holes are filled in {path.name}: outlines as text can't hold them.")
    if pieces:
        notes.append(f"Cells in several pieces are several cells in {path.name}.")
    return tuple(notes)


def read_outlines_text(path: str | Path, shape: Shape | None = None) -> Labelling:
    """The outlines as labels of a shape ``(1, Y, X)``; None: as large as they need. Raises UserError."""
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise UserError(f"“{path.name}” is too large to be read.")
        rings = [_ring(line) for line in path.read_text("ascii").splitlines() if line.strip()]
        if not rings:
            raise UserError(f"“{path.name}” holds no outlines.")
        drawing = Drawing(shape or _needed(rings))
        for ring in rings:
            drawing.add_rings([ring], 0)
    except OSError as error:
        raise UserError(f"“{path}” cannot be read: {plain_reason(error)}.") from error
    except ValueError as error:
        raise UserError(f"“{path.name}” is damaged or holds no outlines ({error}).") from error
    return drawing.finish()


def _ring(line: str) -> Ring:
    numbers = np.array(line.strip().rstrip(",").split(","), np.float64)
    if len(numbers) % 2 or len(numbers) < 6 or not np.isfinite(numbers).all():
        raise ValueError("a line that is no outline")
    return numbers.reshape(-1, 2)


def _needed(rings: list[Ring]) -> Shape:
    x, y = np.concatenate(rings).max(axis=0).tolist()
    return needed_shape(1, y, x)
