"""Labelled images to a bundle: one zip file with clean copies of them and a manifest."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

import model_core
from model_core.community import manifest as contents
from model_core.community.checks import complaint_about_labels
from model_core.community.checksums import sha256_of
from model_core.community.clean import write_clean_image
from model_core.community.manifest import Item, Manifest
from model_core.errors import UserError
from model_core.formats.atomic import write_atomically
from model_core.formats.label_image import write_labels
from model_core.images.image import Image


def pack(
    labelled: Iterable[tuple[Image, np.ndarray]],
    target: Path,
    *,
    by: str,
    licence: str,
    kind: str,
    report: Callable[[int, str], None] | None = None,
) -> Manifest:
    """Writes a bundle; the names of the files in it are numbers, since names of files can name people.

    Args:
        labelled: images with their labels ``(Z, Y, X)``, one after the other.
        target: the zip file to write.
        by, licence, kind: who contributes, under which licence, what kind of image it is.
        report: called with the number of images done and the name of the one that is next.

    Raises:
        UserError: no images, labels that cannot be right, an unknown licence, or the disk refuses.
    """
    contents.check_licence(licence)
    by, kind = contents.tidy_words(by, "name of the contributor"), contents.tidy_words(kind, "kind of image")
    items: list[Item] = []
    with (
        tempfile.TemporaryDirectory(prefix="contribution-") as folder,
        write_atomically(target) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as bundle,
    ):
        for image, labels in labelled:
            if len(items) == contents.MOST_IMAGES:
                raise UserError(f"A bundle holds at most {contents.MOST_IMAGES} images; make several.")
            if report:
                report(len(items), image.name)
            item = _write_item(Path(folder), f"{len(items) + 1:04d}", image, labels)
            for name in item.files:
                _add(bundle, name, (Path(folder) / name).read_bytes())
                (Path(folder) / name).unlink()
            items.append(item)
        if not items:
            raise UserError("There is nothing to contribute: no image with labels was given.")
        found = Manifest(
            by=by,
            licence=licence,
            kind=kind,
            consent=contents.consent_text(licence),
            program=f"cellpose-gui {model_core.__version__}",
            date=datetime.now(timezone.utc).date().isoformat(),
            items=tuple(items),
        )
        _add(bundle, contents.NAME, found.to_json().encode())
    return found


def _write_item(folder: Path, name: str, image: Image, labels: np.ndarray) -> Item:
    if labels.shape != image.shape[1:]:
        raise UserError(f"“{image.name}” {image.shape[1:]} and its labels {labels.shape} differ in size.")
    if complaint := complaint_about_labels(labels):
        raise UserError(f"The labels of “{image.name}” cannot be contributed: {complaint}.")
    pictures, masks = folder / f"{name}_img.tif", folder / f"{name}_masks.tif"
    write_clean_image(pictures, image)
    write_labels(masks, labels)
    return Item(
        name=name,
        shape=image.shape,
        dtype=str(image.dtype),
        pixel_size=image.pixel_size,
        z_step=image.z_step,
        objects=len(np.setdiff1d(np.unique(labels), 0)),
        image_sha256=sha256_of(pictures),
        masks_sha256=sha256_of(masks),
    )


def _add(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    bundle.writestr(zipfile.ZipInfo(name), content)  # its date is the same everywhere: it tells nothing
