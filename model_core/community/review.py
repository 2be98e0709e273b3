"""The queue of doubtful contributions: a folder for each, that the window opens like any other."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from model_core.annotation.cells_file import Change, cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.objects import Source
from model_core.community.additions import Labelled, Origin, add_data_set
from model_core.community.checks import complaint_about_labels
from model_core.community.hashing import image_hash
from model_core.community.labelled import labelled_images, read_labelled
from model_core.community.unpack import Bundle
from model_core.community.workplace import ADDED, REFUSED, Decision, Workplace
from model_core.errors import UserError
from model_core.formats.label_image import read_labels, write_labels
from model_core.images.readers import read_image

_CARD = "review.json"


def put_aside(bundle: Bundle, work: Workplace, reasons: dict[str, str]) -> None:
    """Puts images of a bundle into the queue, their labels as documents, the reasons in ``review.json``.

    Raises:
        UserError: the disk refuses.
    """
    manifest = bundle.manifest
    with work.new_folder(work.review / manifest.id) as folder:
        for item in manifest.items:
            if item.name in reasons:
                pictures, masks = item.files
                shutil.copyfile(bundle.folder / pictures, folder / pictures)
                _write_document(folder / pictures, read_labels(bundle.folder / masks))
        card = {key: getattr(manifest, key) for key in ("by", "licence", "kind", "date")}
        text = json.dumps({"bundle": manifest.id, **card, "images": reasons}, indent=1, ensure_ascii=False)
        (folder / _CARD).write_text(text, encoding="utf-8")


def _write_document(image: Path, labels: np.ndarray) -> None:
    numbers = np.unique(np.append(labels.ravel(), 0), return_inverse=True)[1][:-1]
    file, store = open_cells(cells_path(image), image, read_image(image).shape[1:])
    try:
        everywhere = tuple(slice(0, length) for length in labels.shape)
        new = numbers.reshape(labels.shape).astype(np.uint32)
        patch = store.edit(everywhere, new, "Contributed labels", Source.DRAWN)  # type: ignore[arg-type]
        if patch is not None:
            store.apply(patch)
            step = store.history.undo_step
            assert step is not None
            file.write(Change(patch, step, store.history.position, store.next_id))
    finally:
        file.close()


def accept(work: Workplace, bundle: str) -> list[Decision]:
    """Adds what a person has left in the queue of a bundle, with the labels as they are now.

    An image that was deleted from the folder is refused.

    Raises:
        UserError: there is no such queue, a document is open, or labels still cannot be right.
    """
    folder, card = _queue(work, bundle)
    reasons: dict[str, str] = card["images"]
    names = [name for name in reasons if (folder / f"{name}_img.tif").exists()]
    with tempfile.TemporaryDirectory(prefix="review-") as temporary:
        found: dict[str, Labelled] = {}
        files = labelled_images([folder / f"{name}_img.tif" for name in names])
        for name, (path, _), (image, labels) in zip(names, files, read_labelled(files), strict=True):
            if complaint := complaint_about_labels(labels):
                raise UserError(f"{path} cannot be added: {complaint}. Correct it, or delete it.")
            masks = Path(temporary) / f"{name}_masks.tif"
            write_labels(masks, labels)
            found[name] = Labelled(path, masks, image_hash(np.asarray(image.pixels)))
        if found:
            origin = Origin(card["by"], card["date"], card["licence"], card["kind"])
            add_data_set(work, f"contributed-{bundle}-reviewed", origin, found)
    return _close(work, card, {name: ADDED if name in found else REFUSED for name in reasons})


def decline(work: Workplace, bundle: str) -> list[Decision]:
    """Refuses all that is in the queue of a bundle; UserError if there is no such queue."""
    _, card = _queue(work, bundle)
    return _close(work, card, dict.fromkeys(card["images"], REFUSED))


def _queue(work: Workplace, bundle: str) -> tuple[Path, dict[str, Any]]:
    folder = work.review / bundle
    if not (folder / _CARD).is_file() or folder.parent != work.review:
        waiting = ", ".join(sorted(p.name for p in work.review.iterdir() if p.is_dir())) or "none"
        raise UserError(f"No contribution “{bundle}” waits for a review; these do: {waiting}.")
    try:
        card: dict[str, Any] = json.loads((folder / _CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / _CARD} is damaged: {error}.") from error
    return folder, card


def _close(work: Workplace, card: dict[str, Any], outcomes: dict[str, str]) -> list[Decision]:
    about = {key: card[key] for key in ("bundle", "by", "kind", "licence")}
    decisions = [
        Decision(image=name, outcome=outcome, reason="by review", **about)
        for name, outcome in outcomes.items()
    ]
    work.log(decisions)
    shutil.rmtree(work.review / card["bundle"])
    return decisions
