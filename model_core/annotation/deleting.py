"""Objects go: those that were chosen, or all that a rule applies to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from model_core.annotation.boxes import around
from model_core.annotation.objects import ObjectRecord, column
from model_core.annotation.proposal import (
    Annotated,
    Proposal,
    choose,
    count_cells,
    name_cells,
    propose,
)


def delete(cells: Annotated, ids: Iterable[int], why: str = "") -> Proposal:
    """Delete objects in all planes, sparing locked ones. `why` follows the text in the history."""
    chosen = choose(cells, ids)
    if not chosen.records:
        return chosen.refused()
    box = around(chosen.records)
    new = cells.labels[box].copy()
    gone = chosen.ids
    new[new == gone[0] if len(gone) == 1 else np.isin(new, gone)] = 0
    said = f"{count_cells(len(gone))} deleted"
    if cells.labels.shape[0] > 1:
        said += " in all planes"
    text = f"Delete {name_cells(gone.tolist())}" + (f" ({why})" if why else "")
    return propose(cells, box, new, text, chosen.with_notes(said))


@dataclass(frozen=True)
class Rule:
    """Which objects are to go: those of fewer than `smaller_than` pixels (voxels in a stack), and those that
    touch the edge of the image, which in a stack means its four sides and not its first and last plane."""

    smaller_than: int = 0
    touching_edge: bool = False

    @property
    def words(self) -> str:
        parts = [f"smaller than {self.smaller_than:,} px"] if self.smaller_than else []
        return " or ".join([*parts, "touching the edge"] if self.touching_edge else parts)


class Measured:
    """Sizes and places of all objects in arrays, so that rules are judged as fast as they are changed."""

    def __init__(self, objects: Mapping[int, ObjectRecord], shape: tuple[int, ...]) -> None:
        """`shape` (Z, Y, X) is that of the image."""
        records = list(objects.values())
        self._ids = column(records, "id")
        self._area = column(records, "area")
        self._locked = column(records, "locked").astype(bool)
        boxes = column(records, "box", 6)
        _, height, width = shape
        at_start = (boxes[:, 2] == 0) | (boxes[:, 4] == 0)
        self._at_edge = at_start | (boxes[:, 3] == height) | (boxes[:, 5] == width)

    def matching(self, rule: Rule) -> tuple[list[int], int]:
        """IDs of the unlocked objects that one of the conditions applies to, and how many locked ones too."""
        hit = self._area < rule.smaller_than
        if rule.touching_edge:
            hit = hit | self._at_edge
        return self._ids[hit & ~self._locked].tolist(), int((hit & self._locked).sum())
