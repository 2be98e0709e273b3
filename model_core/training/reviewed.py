"""What a person vouches for in an image: all that a retraining may learn from it.

Nobody has to finish an image. A pixel is trusted where it lies

- on a cell that was drawn, edited or accepted,
- in a finished region, whatever it shows there,
- where an object was rejected or deleted and nothing took its place: there is background.

Everywhere else the labels are what a model guessed, or nobody looked, and they count for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_core.annotation.finished import FinishedRegion, finished_mask, inside
from model_core.annotation.history import History
from model_core.annotation.objects import ObjectRecord, Review, Source, column

_AT_ONCE = 10  # objects that a person deletes one by one, or in a small selection


@dataclass(frozen=True, eq=False)
class ReviewedImage:
    """The trusted part of the labels of one image.

    path: of the image. labels: uint32 (Z, Y, X), the trusted cells under the numbers that they have in the
    document; everything else is 0. trusted: bool (Z, Y, X), the pixels at which ``labels`` is right.
    others: bool (Z, Y, X), where objects lie that nobody has reviewed.
    """

    path: Path
    labels: np.ndarray
    trusted: np.ndarray
    others: np.ndarray

    @property
    def cells(self) -> int:
        """How many cells are trusted."""
        return int(np.count_nonzero(np.unique(self.labels)))

    @property
    def complete(self) -> bool:
        """Whether the whole image is finished."""
        return bool(self.trusted.all())


def is_reviewed(record: ObjectRecord) -> bool:
    """Whether a person vouches for the shape of an object: it was drawn, edited or accepted."""
    if record.review is Review.REJECTED:
        return False
    return record.review is Review.ACCEPTED or record.source is not Source.MODEL


def reviewed_image(
    path: Path,
    labels: np.ndarray,
    records: Mapping[int, ObjectRecord],
    finished: Sequence[FinishedRegion] = (),
    deleted: np.ndarray | None = None,
) -> ReviewedImage | None:
    """What is to be learned from a document; None if nobody has reviewed anything in it.

    Args:
        path: of the image. labels: uint32 (Z, Y, X), all objects; only read, so a view of a document's labels
            will do as long as nobody writes to it meanwhile. records: of those objects.
        finished: regions in which everything is right (`LabelStore.finished`).
        deleted: bool (Z, Y, X), pixels of objects that a person deleted (`deleted_objects`).
    """
    vouched = [r.id for r in records.values() if is_reviewed(r)] + _lying_in(records, finished)
    rejected = [r.id for r in records.values() if r.review is Review.REJECTED]
    on_cells, on_rejected = np.isin(labels, vouched), np.isin(labels, rejected)
    trusted = on_cells | on_rejected
    if deleted is not None:
        trusted |= deleted & (labels == 0)
    if finished:  # an object that reaches in from outside stays as unknown as it is there
        trusted |= finished_mask(finished, labels.shape) & (labels == 0)
    if not trusted.any():
        return None
    return ReviewedImage(path, np.where(on_cells, labels, 0), trusted, (labels != 0) & ~trusted)


def _lying_in(records: Mapping[int, ObjectRecord], finished: Sequence[FinishedRegion]) -> list[int]:
    """The objects that nobody rejected and whose centre lies in one of the regions."""
    asked = [record for record in records.values() if record.review is not Review.REJECTED]
    if not asked or not finished:
        return []
    centres = column(asked, "centroid", 3)
    within = np.any([inside(region, centres) for region in finished], axis=0)
    return [asked[at].id for at in np.flatnonzero(within).tolist()]


def deleted_objects(history: History, shape: tuple[int, int, int]) -> np.ndarray | None:
    """bool (Z, Y, X): where a person deleted objects of a model; None if nowhere.

    A step that only takes a few objects away is a person's decision about them. Runs of a model and edits
    leave others in their place, and rules such as “all that touch the edge” take many. Damaged steps say
    nothing.
    """
    deleted: np.ndarray | None = None
    for step in history.steps[: history.position]:
        try:
            patch = step.patch
        except ValueError:  # damaged: it can't be undone either, and undo says so
            continue
        gone = [id_ for id_, (before, after) in patch.records.items() if after is None and _by_model(before)]
        if 0 < len(gone) <= _AT_ONCE and all(after is None for _, after in patch.records.values()):
            deleted = np.zeros(shape, bool) if deleted is None else deleted
            deleted[patch.box] |= np.isin(patch.old, gone) & (patch.new == 0)
    return deleted


def _by_model(record: ObjectRecord | None) -> bool:
    return record is not None and record.source is Source.MODEL
