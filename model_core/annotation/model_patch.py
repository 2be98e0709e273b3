"""What a model found, as a Patch that fills the space around the objects that a person vouches for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from model_core.annotation.edit import make_patch
from model_core.annotation.finished import finished_mask
from model_core.annotation.label_store import LabelStore
from model_core.annotation.measure import measure
from model_core.annotation.objects import Source
from model_core.annotation.patch import Patch

# An object of the model that loses more than this part of its pixels to protected objects is not
# another cell but the same one seen again: it is dropped, or a sliver would stay along the rim.
MOST_COVERED = 0.5
MODEL_STEP = "Segment"  # the texts of all runs in the history begin with this


def model_patch(
    store: LabelStore,
    found: np.ndarray,
    confidence: Mapping[int, float] | None = None,
    text: str = MODEL_STEP,
) -> Patch | None:
    """The Patch that replaces the unprotected objects of the store by those that a model found.

    `found` is integer labels (Z, Y, X) of the image's shape with IDs of its own, `confidence` gives
    0..1 by those IDs. Protected objects (drawn, edited, accepted or locked) keep every pixel; found
    objects get what is left of them, under new IDs. None appears on the background of a finished
    region. None if there is nothing to change. Takes a worker's time for a large image; changes
    nothing itself, and `store.apply` raises StalePatchError if the labels have changed meanwhile: make
    the patch anew then. Raises ValueError for another shape.
    """
    if found.shape != store.labels.shape:
        raise ValueError(f"the model's labels have shape {found.shape}, the image has {store.labels.shape}")
    if found.dtype.kind not in "iu" or found.min(initial=0) < 0:
        raise ValueError(f"a model's labels are whole numbers from 0 on, not {found.dtype} values")
    # A copy: new labels that rest on older ones than the patch names would silently undo a stroke drawn now.
    labels = store.labels.copy()
    objects = store.objects.snapshot()
    size = {id_: extent.area for id_, extent in measure(found).items()}
    protected = [record.id for record in objects.values() if record.protected]
    kept = np.isin(labels, np.array(protected, np.uint32)) if protected else None
    taken = kept
    if store.finished:  # nothing is to be found there that a person has not seen
        empty = finished_mask(store.finished, labels.shape) & (labels == 0)
        taken = empty if kept is None else kept | empty
    if taken is not None:
        for id_, extent in measure(found, where=taken).items():
            if extent.area > MOST_COVERED * size[id_]:
                del size[id_]
    first = store.reserve_ids(len(size))
    new_ids = dict(zip(sorted(size), range(first, first + len(size)), strict=True))
    new = _renumbered(found, new_ids)
    if kept is not None:
        np.copyto(new, labels, where=kept)
    scores = {new_ids[id_]: score for id_, score in (confidence or {}).items() if id_ in new_ids}
    everywhere = (slice(0, labels.shape[0]), slice(0, labels.shape[1]), slice(0, labels.shape[2]))
    return make_patch(labels, objects, everywhere, new, text, Source.MODEL, scores, keep_arrays=True)


def _renumbered(found: np.ndarray, new_ids: Mapping[int, int]) -> np.ndarray:
    """uint32 labels with the IDs exchanged; IDs that are not in `new_ids` become background."""
    highest = int(found.max(initial=0))
    if highest <= max(found.size, 1 << 20):
        table = np.zeros(highest + 1, np.uint32)
        table[list(new_ids)] = list(new_ids.values())
        return table[found]
    present, index = np.unique(found, return_inverse=True)  # IDs too far apart for a table
    table = np.array([new_ids.get(id_, 0) for id_ in present.tolist()], np.uint32)
    return table[index].reshape(found.shape)
