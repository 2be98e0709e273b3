"""The objects of an image and what files keep about them: what every format of labels reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from model_core.formats.numbering import consecutive
from model_core.images.image import Image


@dataclass(frozen=True, eq=False)
class Labelling:
    """Labels with what is known about their objects.

    Attributes:
        labels: uint32 ``(Z, Y, X)``; 0 is background.
        classes: the class of each object that has one, by ID.
        by_hand: IDs of the objects that a person drew or corrected.
        image: the image that the labels belong to, or None when a file does not hold it.
        flows: float32 ``(2 or 3, Z, Y, X)``, unit vectors in the order (z,) y, x; None where unknown.
        cellprob: float32 ``(Z, Y, X)``, logits; None where unknown.
        made_by: the record of the run that made the labels (“model”, “options” ...), empty where unknown.
        details: more about objects, for tables: by name (“confidence”, “review” ...), then by ID.
        notes: sentences that the person should read, such as what a file could not hold.
    """

    labels: np.ndarray
    classes: Mapping[int, str] = field(default_factory=dict)
    by_hand: frozenset[int] = frozenset()
    image: Image | None = None
    flows: np.ndarray | None = None
    cellprob: np.ndarray | None = None
    made_by: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Mapping[int, float | str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def ids(self) -> np.ndarray:
        """The IDs in the labels, ascending: uint32 (N,)."""
        present = np.unique(self.labels)
        return present[present != 0]


def numbered(cells: Labelling) -> Labelling:
    """The same with the objects numbered 1, 2, 3 ... in the order of their IDs."""
    number = {id_: number for number, id_ in enumerate(cells.ids.tolist(), 1)}
    return replace(
        cells,
        labels=consecutive(cells.labels),
        classes={number[id_]: name for id_, name in cells.classes.items() if id_ in number},
        by_hand=frozenset(number[id_] for id_ in cells.by_hand if id_ in number),
        details={
            name: {number[id_]: value for id_, value in values.items() if id_ in number}
            for name, values in cells.details.items()
        },
    )
