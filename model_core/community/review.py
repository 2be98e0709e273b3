"""The queue of doubtful contributions: a folder for each, that the window opens like any other."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, field
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
from model_core.formats.atomic import write_atomically
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


@dataclass(frozen=True)
class Waiting:
    """A bundle in the queue: who gave it, and why each of its images is doubtful.

    taken: what a person has said of images so far, whether they are to be added.
    """

    bundle: str
    by: str
    licence: str
    kind: str
    date: str
    folder: Path
    reasons: dict[str, str]
    taken: dict[str, bool] = field(default_factory=dict)

    def image(self, name: str) -> Path:
        """The file of an image, its document beside it."""
        return self.folder / f"{name}_img.tif"

    @property
    def open_images(self) -> list[str]:
        """Images about which nothing was said yet."""
        return [name for name in self.reasons if name not in self.taken and self.image(name).exists()]


def waiting(work: Workplace) -> list[Waiting]:
    """All that waits for a person, in order of bundles.

    Raises:
        UserError: a folder cannot be read.
    """
    bundles = sorted(card.parent.name for card in work.review.glob(f"*/{_CARD}"))
    return [_waiting(*_queue(work, bundle)) for bundle in bundles]


def _waiting(folder: Path, card: dict[str, Any]) -> Waiting:
    about = {key: str(card[key]) for key in ("bundle", "by", "licence", "kind", "date")}
    taken = {str(name): bool(take) for name, take in card.get("taken", {}).items()}
    return Waiting(**about, folder=folder, reasons=dict(card["images"]), taken=taken)


def decide(work: Workplace, bundle: str, image: str, take: bool) -> list[Decision]:
    """What a person says of one image is kept; with the last one of a bundle the whole bundle is done.

    Returns:
        The decisions about all images of the bundle if it is done, else none.

    Raises:
        UserError: as `accept`. The decision is then not kept.
    """
    folder, card = _queue(work, bundle)
    if image not in card["images"]:
        raise UserError(f"“{image}” is no image of the contribution {bundle}.")
    card["taken"] = card.get("taken", {}) | {image: take}
    if not _waiting(folder, card).open_images:
        return _add(work, folder, card)
    with write_atomically(folder / _CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8")
    return []


def accept(work: Workplace, bundle: str) -> list[Decision]:
    """Adds what a person has left in the queue of a bundle, with the labels as they are now.

    An image that was declined before, or deleted from the folder, is refused.

    Raises:
        UserError: there is no such queue, a document is open, or labels still cannot be right.
    """
    return _add(work, *_queue(work, bundle))


def _add(work: Workplace, folder: Path, card: dict[str, Any]) -> list[Decision]:
    queue, bundle = _waiting(folder, card), str(card["bundle"])
    reasons = queue.reasons
    names = [name for name in reasons if queue.taken.get(name, True) and queue.image(name).exists()]
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
