"""A model's result into the document of its image, while no window has that open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from model_core.annotation.candidates import SETTING, Candidate, to_setting
from model_core.annotation.cells_file import Change, cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_summary import RUN_SETTING
from model_core.annotation.label_store import LabelStore
from model_core.annotation.model_patch import MODEL_STEP, model_patch
from model_core.annotation.patch import Patch
from model_core.errors import UserError
from model_core.images.image import Image
from model_core.segmentation.run_record import Record, with_used
from model_core.segmentation.segmentation import Segmentation


def result_patch(store: LabelStore, result: Segmentation) -> Patch | None:
    """The Patch of a model's result, made for the labels as they are; None if it changes nothing."""
    confidence = dict(enumerate(result.confidence.tolist()))
    text = f"{MODEL_STEP} ({int(result.labels.max())} cells found)"
    return model_patch(store, result.labels, confidence, text)


def write_into_document(
    image: Image,
    result: Segmentation,
    record: Record,
    folder: Path | None = None,
    left_out: Sequence[Candidate] = (),
) -> Path:
    """Put a result into NAME.cells beside the image or in `folder`, as one step that can be undone.

    `left_out`: the cells that it may have missed are kept with it, for the queue of doubtful ones.
    What a person drew, edited, accepted or locked stays as it is. Raises UserError: LockedDocumentError
    while somebody has the document open, DamagedDocumentError, ReadOnlyFolderError.
    """
    if image.path is None:
        raise UserError("An image without a file has no document.")
    _, *shape = image.shape
    path = cells_path(image.path, folder)
    file, store = open_cells(path, image.path, (shape[0], shape[1], shape[2]))
    try:
        patch = result_patch(store, result)
        if patch is not None:
            store.apply(patch)
            file.write(Change(patch, store.history.undo_step, store.history.position, store.next_id))
        file.write_setting(SETTING, json.dumps(to_setting(left_out)), make=True)
        file.write_setting(RUN_SETTING, json.dumps(with_used(record, result.options)), make=True)
    finally:
        file.close()
    return path
