"""What a retraining does in its worker; the engine's heavy modules are imported inside."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cellpose_gui.document.document import Document
from model_core.errors import UserError
from model_core.models import shelf
from model_core.training import retraining_state
from model_core.training.retraining_state import Interrupted

if TYPE_CHECKING:
    from model_core.training.collecting import Collected
    from model_core.training.retraining import (
        ChosenOptions,
        RetrainOptions,
        RetrainProgress,
        RetrainResult,
    )
    from model_core.training.reviewed import ReviewedImage

_NICE = 10  # of 19: the window and the model that finds cells come first


@dataclass(frozen=True)
class Wish:
    """What a person wants trained. folder: of images. name: of the new model, None for one that is free.
    start: name of the model to start from, None for the bundled one. only: the images to learn from, None
    for all. options: None is chosen from the data. resume: go on with what was interrupted there.
    documents: the folder in which they are kept, if not beside the images."""

    folder: Path
    name: str | None = None
    start: str | None = None
    only: frozenset[Path] | None = None
    options: RetrainOptions | None = None
    resume: bool = False
    documents: Path | None = None


def be_modest() -> None:
    """Lets everything else on this computer go before this thread, and before those that it starts."""
    if sys.platform == "linux":  # elsewhere threads have no priority of their own that a program may set
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def reviewed_document(document: Document) -> ReviewedImage | None:
    """What a person vouches for in an open document, as it is at this moment."""
    from model_core.training.reviewed import deleted_objects, reviewed_image

    store = document.store
    records, finished, labels = store.objects.snapshot(), store.finished, store.labels.copy()
    deleted = deleted_objects(store.history, labels.shape)
    return reviewed_image(document.image.path, labels, records, finished, deleted)


def collect(
    folder: Path,
    document: Document | None,
    only: frozenset[Path] | None = None,
    cancel: Callable[[], bool] = lambda: False,
    documents: Path | None = None,
) -> Collected:
    """The reviewed images of a folder, the open one as it is now. Raises UserError, Cancelled."""
    from model_core.training.collecting import Collected, collect_reviewed

    opened: dict[Path, ReviewedImage | None] = {}
    if document is not None and not document.closed:
        opened[document.image.path] = reviewed_document(document)
    found = collect_reviewed(folder, opened, cancel=cancel, documents=documents)
    if only is None:
        return found
    return Collected([image for image in found.images if image.path in only], found.problems)


def retrain(
    wish: Wish,
    document: Document | None,
    report: Callable[[RetrainProgress], None],
    cancel: Callable[[], bool],
    pause: Callable[[], bool],
) -> RetrainResult:
    """From the folder to the offer. Raises UserError, Cancelled."""
    from model_core.training import retraining

    found = collect(wish.folder, document, wish.only, cancel, wish.documents)
    if not found.cells:
        words = (
            f"There is nothing to learn from in “{wish.folder.name}” yet: no cell there was accepted, drawn "
            "or corrected. Correct some cells, or accept those that are right (Shift+T), and try again."
        )
        raise UserError(" ".join([words, *found.problems]))
    request = retraining.RetrainRequest(
        images=found.images,
        name=shelf.check_name(wish.name) if wish.name else shelf.free_name(wish.folder.name),
        work=retraining.work_folder(wish.folder),
        start=wish.start,
        options=wish.options or retraining.RetrainOptions(),
        resume=wish.resume,
    )
    result = retraining.retrain(request, report, cancel, pause)
    return replace(result, notes=(*result.notes, *found.problems))


@dataclass(frozen=True)
class Material:
    """What there is to learn from in a folder. images: and the number of trusted cells in each. name: for the
    model that will have learned from it."""

    images: list[tuple[Path, int]]
    problems: list[str]
    chosen: ChosenOptions
    name: str


def material(
    folder: Path, document: Document | None, cancel: Callable[[], bool], documents: Path | None = None
) -> Material:
    """Raises UserError, Cancelled."""
    from model_core.training.retraining import chosen_options

    found = collect(folder, document, cancel=cancel, documents=documents)
    images = [(image.path, image.cells) for image in found.images]
    return Material(images, list(found.problems), chosen_options(found.images), shelf.free_name(folder.name))


def interrupted(folder: Path) -> Interrupted | None:
    """The training on a folder that did not come to its end."""
    return retraining_state.interrupted(retraining_state.work_folder(folder))


def discard(folder: Path) -> None:
    """Forgets the interrupted training on a folder."""
    retraining_state.discard(retraining_state.work_folder(folder))


def put_on_shelf(result: RetrainResult) -> str:
    """Saves the new model under its name, or with a number where that is taken meanwhile; the name."""
    result.card.name = shelf.free_name(result.card.name)
    return shelf.put_on_shelf(result.card.name, result.save).stem


def put_away(result: RetrainResult) -> tuple[str, Path]:
    """Saves the new model among the deleted ones, from where it can be brought back."""
    name = put_on_shelf(result)
    return name, shelf.delete_model(name)
