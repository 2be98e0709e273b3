"""Labels put together from objects that come one by one, as outlines or masks, in any order."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from model_core.errors import UserError
from model_core.formats.labelling import Labelling
from model_core.formats.rings import Ring, inside

Shape = tuple[int, int, int]
MOST_PIXELS = 2**34  # of labels: no file may ask for more, whatever it says
_MOST_UNKNOWN = 2**30  # pixels of an image that nobody has seen but the file itself


class Drawing:
    """Empty labels of a shape ``(Z, Y, X)``; a pixel belongs to the object that comes first."""

    def __init__(self, shape: Shape) -> None:
        """Raises UserError for a shape that no image has."""
        if min(shape) < 1 or int(np.prod(shape, dtype=object)) > MOST_PIXELS:
            raise UserError(f"An image of {' x '.join(map(str, shape))} pixels is not possible.")
        self.shape = shape
        self._labels = np.zeros(shape, np.uint32)
        self._numbers: dict[object, int] = {}  # by what the file calls an object
        self._classes: dict[int, str] = {}
        self._drawn = 0
        self._empty = 0
        self._covered = 0

    def add_rings(self, rings: Iterable[Ring], plane: int, name: object = None, class_name: str = "") -> None:
        """The pixels inside of rings. See `add` and `rings.inside`; raises ValueError as that does."""
        rows, columns, pixels = inside(rings, self.shape[1:])
        self.add(pixels, plane, rows, columns, name, class_name)

    def add(
        self,
        pixels: np.ndarray,
        plane: int,
        rows: slice,
        columns: slice,
        name: object = None,
        class_name: str = "",
    ) -> None:
        """The true pixels of a box; all that is added under one name is one object. None: one by itself."""
        if not 0 <= plane < self.shape[0] or not pixels.any():
            self._empty += 1
            return
        part = self._labels[plane, rows, columns]
        free = pixels & (part == 0)
        if not free.any():
            self._covered += 1
            return
        self._covered += int((free != pixels).any())
        key = (name,) if name is not None else len(self._numbers)
        number = self._numbers.setdefault(key, len(self._numbers) + 1)
        part[free] = number
        if class_name:
            self._classes[number] = class_name

    def finish(self, notes: Iterable[str] = ()) -> Labelling:
        """The labels. Objects keep their names as IDs if these are different whole numbers from 1 on."""
        names = [key[0] if isinstance(key, tuple) else None for key in self._numbers]
        ids = np.arange(len(names) + 1, dtype=np.uint32)
        numbers = [name for name in names if type(name) is int and 0 < name < 2**32]
        if len(numbers) == len(names):
            ids[1:] = numbers
        said = list(notes)
        if self._empty:
            said.append(_count(self._empty, "lies outside of the image.", "lie outside of the image."))
        if self._covered:
            overlap = _count(self._covered, "overlaps another", "overlap others")
            said.append(f"{overlap}; the first one has the pixels.")
        classes = {int(ids[number]): name for number, name in self._classes.items()}
        return Labelling(ids[self._labels], classes, notes=tuple(said))


def needed_shape(depth: int, height: float, width: float) -> Shape:
    """The smallest image that holds positions up to these. Raises UserError where that is no likely one."""
    whole = depth >= 0 and all(math.isfinite(length) for length in (height, width))
    shape = (max(1, depth), max(1, math.ceil(height)), max(1, math.ceil(width))) if whole else (0, 0, 0)
    if not 0 < math.prod(shape) <= _MOST_UNKNOWN:
        raise UserError(
            "The outlines lie so far apart that they belong to no usual image. Give the image that they "
            "belong to, or import them into it."
        )
    return shape


def _count(count: int, one: str, more: str) -> str:
    return f"{count:,} outline{'' if count == 1 else 's'} {one if count == 1 else more}"


def own_name(text: object) -> int | None:
    """The ID in a name as this program writes it, “cell 12” or “cell 12 plane 3”; None for others."""
    words = text.split() if isinstance(text, str) else []
    known = len(words) in (2, 4) and words[0] == "cell" and words[1].isascii() and words[1].isdigit()
    if not known or (len(words) == 4 and words[2] != "plane"):
        return None
    id_ = int(words[1][:11])
    return id_ if 0 < id_ < 2**32 else None


def name_of(id_: int, plane: int, depth: int) -> str:
    """The name that `own_name` understands."""
    return f"cell {id_}" if depth == 1 else f"cell {id_} plane {plane + 1}"
