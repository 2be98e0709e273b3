"""What a contribution's workers do: make a bundle, show what is in it, send it. No widget is touched here."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtGui import QImage

from model_core.errors import Cancelled, UserError
from model_core.images.image import Image

if TYPE_CHECKING:
    from cellpose_gui.tasks.task_runner import Cancel, Progress
    from model_core.community.manifest import Manifest


@dataclass(frozen=True, eq=False)
class Offer:
    """What somebody wants to give.

    images: files; labels lie beside them. here: the open image with its labels ``(Z, Y, X)`` as they are now.
    """

    images: list[Path]
    by: str
    kind: str
    licence: str
    here: tuple[Image, np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Shown:
    """One image of a bundle as it is in there, its cells outlined.

    left_behind: what the original says that the bundle does not.
    """

    made_of: str
    picture: QImage
    left_behind: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A bundle that was not sent yet, in a folder that goes when this does."""

    file: Path
    manifest: Manifest
    shown: tuple[Shown, ...]
    folder: tempfile.TemporaryDirectory[str]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.file.stat().st_size


def prepare(
    offer: Offer, draw: Callable[[Image, np.ndarray], QImage], progress: Progress, cancel: Cancel
) -> Prepared:
    """Makes the bundle, then takes it apart again: the preview is of what is in it, not of what went in.

    Args:
        draw: makes a small picture of an image and its labels.

    Raises:
        UserError: an image has no labels, or labels that cannot be right, or a file cannot be read.
        Cancelled: nothing is left.
    """
    from model_core.community.clean import left_behind
    from model_core.community.labelled import labelled_images, read_labelled
    from model_core.community.pack import pack
    from model_core.community.unpack import unpack

    labels_here = None if offer.here is None else offer.here[1].copy()  # as they are now, whatever comes
    here = None if offer.here is None else offer.here[0].path
    files = labelled_images([path for path in offer.images if path != here])
    names = [path for path in offer.images if path == here] + [path for path, _ in files]

    def all_images() -> Iterator[tuple[Image, np.ndarray]]:
        if offer.here is not None and labels_here is not None and here in offer.images:
            yield offer.here[0], labels_here
        yield from read_labelled(files)

    def report(done: int, name: str) -> None:
        if cancel():
            raise Cancelled
        progress(0.5 * done / len(names), f"Packing {name}")

    folder = tempfile.TemporaryDirectory(prefix="contribution-")
    try:
        bundle, inside = Path(folder.name) / "bundle.zip", Path(folder.name) / "inside"
        inside.mkdir()
        manifest = pack(
            all_images(), bundle, by=offer.by, licence=offer.licence, kind=offer.kind, report=report
        )
        packed = unpack(bundle, inside)
        shown = []
        for number, (item, path) in enumerate(zip(manifest.items, names, strict=True)):
            if cancel():
                raise Cancelled
            progress(0.5 + 0.5 * number / len(names), f"Looking into the bundle: image {item.name}")
            image, labels = packed.load(item)
            shown.append(Shown(path.name, draw(image, labels), tuple(left_behind(path))))
    except BaseException:
        folder.cleanup()
        raise
    return Prepared(bundle, manifest, tuple(shown), folder)


def send(prepared: Prepared, address: str, progress: Progress, cancel: Cancel) -> str:
    """Puts a bundle into a store; the name of the contribution there.

    Raises:
        UserError: the store refuses, or has it already. Cancelled: the store is as it was.
    """
    from model_core.community.store import CONTRIBUTIONS, Store

    def report(share: float) -> None:
        if cancel():
            raise Cancelled
        progress(share, "Sending the contribution")

    report(0.0)
    store = Store(address)
    name = f"{CONTRIBUTIONS}/{prepared.manifest.id}.zip"
    if store.has(name):
        raise UserError(f"“{store.address}” has this contribution already: thank you.")
    store.write(prepared.file, name, report)
    return prepared.manifest.id


def known_kinds() -> list[str]:
    """Kinds of image that the bundled model has learned, to choose from."""
    from model_core.training.catalogue import bundled_catalogue_file, read_catalogue

    return sorted({entry.kind for entry in read_catalogue(bundled_catalogue_file()).datasets.values()})
