"""What a model found, as a Patch that fills the space around the objects that a person vouches for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from model_core.annotation.edit import make_patch
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Source
from model_core.annotation.patch import Patch

# An object of the model that loses more than this part of its pixels to protected objects is not
# another cell but the same one seen again: it is dropped, or a sliver would stay along the rim.
MOST_COVERED = 0.5


def model_patch(
    store: LabelStore,
    found: np.ndarray,
    confidence: Mapping[int, float] | None = None,
    text: str = "Segment",
) -> Patch | None:
    """The Patch that replaces the unprotected objects of the store by those that a model found.

    `found` is integer labels (Z, Y, X) of the image's shape with IDs of its own, `confidence` gives
    0..1 by those IDs. Protected objects (drawn, edited, accepted or locked) keep every pixel; found
    objects get what is left of them, under new IDs. None if there is nothing to change. Takes a
    worker's time for a large image; changes nothing itself, and `store.apply` raises StalePatchError
    if the labels have changed meanwhile: make the patch anew then. Raises ValueError for another shape.
    """
    if found.shape != store.labels.shape:
        raise ValueError(f"the model's labels have shape {found.shape}, the image has {store.labels.shape}")
    labels = store.labels.copy()
    objects = store.objects.snapshot()
    protected = [record.id for record in objects.values() if record.protected]
    kept = np.isin(labels, np.array(protected, np.uint32)) if protected else np.zeros(labels.shape, bool)

    ids, index = _numbered(found)
    size = np.bincount(index.ravel(), minlength=len(ids))
    covered = np.bincount(index[kept], minlength=len(ids))
    chosen = covered <= MOST_COVERED * size
    chosen[0] = False  # background
    first = store.reserve_ids(int(chosen.sum()))
    new_ids = np.zeros(len(ids), np.uint32)
    new_ids[chosen] = np.arange(first, first + chosen.sum(), dtype=np.uint32)
    new = new_ids[index]
    new[kept] = labels[kept]

    scores = {
        new: (confidence or {}).get(old) for old, new in zip(ids.tolist(), new_ids.tolist(), strict=True)
    }
    known = {new: score for new, score in scores.items() if score is not None}
    everywhere = (slice(0, labels.shape[0]), slice(0, labels.shape[1]), slice(0, labels.shape[2]))
    return make_patch(labels, objects, everywhere, new, text, Source.MODEL, known)


def _numbered(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The IDs, background 0 first, and for each pixel the position of its ID among them."""
    highest = int(found.max(initial=0))
    if found.dtype.kind not in "iu" or found.min(initial=0) < 0:
        raise ValueError(f"a model's labels are whole numbers from 0 on, not {found.dtype} values")
    if highest < max(found.size, 1 << 20):
        # By counting, which takes a tenth of the time of sorting all pixels.
        present = np.zeros(highest + 1, bool)
        present[found] = True
        present[0] = True
        ids = np.flatnonzero(present)
        position = np.cumsum(present, dtype=np.int64) - 1
        return ids, position[found]
    ids, index = np.unique(np.append(found.ravel(), np.zeros(1, found.dtype)), return_inverse=True)
    return ids, index[:-1].reshape(found.shape)
