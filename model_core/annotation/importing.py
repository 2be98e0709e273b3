"""Labels of a file as one step in a document."""

from __future__ import annotations

from dataclasses import replace as changed

import numpy as np

from model_core.annotation.edit import make_patch
from model_core.annotation.model_patch import MOST_COVERED
from model_core.annotation.objects import Source
from model_core.annotation.patch import Patch
from model_core.annotation.proposal import Annotated, Proposal, count_cells
from model_core.formats.labelling import Labelling


def place(cells: Annotated, found: Labelling, replace: bool, name: str) -> Proposal:
    """Put the objects of a file called `name` into the image, under new IDs and in their classes.

    With `replace` they take the place of all objects that are not locked; otherwise all objects stay. Objects
    get the pixels that are free, and are left out where others cover most of them. What is imported counts
    as drawn: a model run leaves it alone. Takes a worker's time for a large image.
    """
    labels = cells.labels
    if found.labels.shape != labels.shape:
        raise ValueError(f"labels of shape {found.labels.shape} for an image of {labels.shape}")
    staying = [id_ for id_, record in cells.objects.items() if record.locked or not replace]
    kept = np.isin(labels, np.array(staying, np.uint32)) if staying else None
    ids = found.ids
    numbered = np.searchsorted(ids, found.labels).astype(np.uint32) + 1
    numbered[found.labels == 0] = 0
    fits = np.ones(len(ids) + 1, bool)
    if kept is not None:
        size = np.bincount(numbered.ravel(), minlength=len(fits))
        covered = np.bincount(numbered[kept], minlength=len(fits))
        fits = covered <= MOST_COVERED * size
    fits[0] = False
    first = cells.reserve_ids(int(fits.sum())) if fits.any() else 1
    names = np.zeros(len(fits), np.uint32)
    names[fits] = np.arange(first, first + int(fits.sum()))
    new = names[numbered]
    if kept is not None:
        np.copyto(new, labels, where=kept)
    whole = (slice(0, labels.shape[0]), slice(0, labels.shape[1]), slice(0, labels.shape[2]))
    count = int(fits.sum())
    text = f"Import {name} ({count_cells(count)})"
    patch = make_patch(labels, cells.objects, whole, new, text, Source.DRAWN)
    said = [f"{count_cells(count)} imported from {name}"]
    if (left_out := len(ids) - count) > 0:
        said.append(f"{count_cells(left_out)} left out, because others lie there")
    said += [note.rstrip(".") for note in found.notes]
    if patch is None:
        return Proposal(None, f"Nothing to import: {name} holds no other cells than those that are there")
    classes = {int(names[np.searchsorted(ids, id_) + 1]): kind for id_, kind in found.classes.items()}
    return Proposal(_classified(patch, classes), "; ".join(said))


def _classified(patch: Patch, classes: dict[int, str]) -> Patch:
    """The patch with classes for its new objects."""
    records = {
        id_: (before, changed(after, class_name=classes[id_]) if after and id_ in classes else after)
        for id_, (before, after) in patch.records.items()
    }
    return Patch(patch.box, patch.old, patch.new, records, patch.text)
