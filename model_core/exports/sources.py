"""Where labels come from: a document, or a file of another program; and the image that belongs to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_summary import RUN_SETTING
from model_core.annotation.objects import ObjectRecord, Source
from model_core.errors import UserError
from model_core.exports.all_formats import READABLE, read_any
from model_core.formats.folder import images_in
from model_core.formats.labelling import Labelling
from model_core.images.image import Image
from model_core.images.readers import SUFFIXES, is_folder, is_image_file, read_image

_DOCUMENT = ".cells"
_ENDINGS = sorted({end for fmt in READABLE for end in (fmt.ending, *fmt.endings)}, key=len, reverse=True)


@dataclass(frozen=True)
class Labelled:
    """An image and the file of its labels; ``image`` is None where no image is found."""

    labels: Path
    image: Path | None

    @property
    def name(self) -> str:
        """Of the image, without its ending: what the files of an export are named after."""
        if self.image is not None:
            return base_name(self.image)
        return _without(self.labels.name, [*_ENDINGS, _DOCUMENT])


def base_name(image: Path) -> str:
    """The name of an image without its ending, which may have two dots."""
    return _without(image.name, [".ome.tif", ".ome.tiff", *SUFFIXES])


def find_labelled(path: Path) -> list[Labelled]:
    """What a path means: an image with labels beside it, labels with an image beside them, or a folder of
    images, of which those with labels count. Raises UserError where there are no labels."""
    if is_folder(path):
        found = [Labelled(labels, image) for image in images_in(path) if (labels := labels_beside(image))]
        if not found:
            raise UserError(f"The folder “{path}” holds no images with labels.")
        return found
    if not path.exists():
        raise UserError(f"“{path}” does not exist.")
    if is_image_file(path) and (labels := labels_beside(path)):
        return [Labelled(labels, path)]
    if path.name.lower().endswith((_DOCUMENT, *_ENDINGS)):
        return [Labelled(path, image_beside(path))]
    raise UserError(f"“{path}” is neither a file of labels nor an image with labels beside it.")


def labels_beside(image: Path) -> Path | None:
    """The document of an image, else a label image, else a file of another program; None: there is none."""
    if (document := cells_path(image)).is_file():
        return document
    stem = image.with_name(base_name(image).removesuffix("_img"))
    for ending in ("_masks.tif", "_masks.png", "_cp_masks.tif", "_cp_masks.png", *_ENDINGS):
        candidate = stem.with_name(stem.name + ending)
        if ending.startswith(("_", ".geojson")) and candidate.exists() and candidate != image:
            return candidate
    return None


def image_beside(labels: Path) -> Path | None:
    """The image that labels are named after; None if there is none in their folder."""
    name = _without(labels.name, [*_ENDINGS, _DOCUMENT])
    for stem in dict.fromkeys((name, name.removesuffix("_cp"), name.removesuffix("_masks"))):
        for suffix in (*SUFFIXES, ".ome.tif", ".ome.tiff"):
            for candidate in (labels.with_name(stem + suffix), labels.with_name(f"{stem}_img{suffix}")):
                if candidate.exists() and candidate != labels:
                    return candidate
    return None


def load(labelled: Labelled) -> Labelling:
    """Reads labels, and opens their image. Raises UserError."""
    image = read_image(labelled.image) if labelled.image is not None else None
    if labelled.labels.suffix == _DOCUMENT:
        if image is None:
            raise UserError(f"The image that belongs to “{labelled.labels}” is not beside it.")
        return _of_document(labelled.labels, image)
    shape = image.shape[1:] if image is not None else None
    name = image.name if image is not None else None
    return replace(read_any(labelled.labels, shape, name), image=image)


def of_objects(
    labels: Any, records: Mapping[int, ObjectRecord], image: Image | None, settings: Mapping[str, Any]
) -> Labelling:
    """Labels ``(Z, Y, X)`` with what the records and the settings of their document say."""
    run = settings.get(RUN_SETTING)
    rows = records.values()
    return Labelling(
        labels,
        {row.id: row.class_name for row in rows if row.class_name},
        frozenset(row.id for row in rows if row.source is not Source.MODEL),
        image,
        made_by=run if isinstance(run, dict) else {},
        details={
            "confidence": {row.id: row.confidence for row in rows if row.confidence is not None},
            "source": {row.id: row.source.value for row in rows},
            "review": {row.id: row.review.value for row in rows},
        },
    )


def each_loaded(sources: list[Labelled], failed: dict[str, str]) -> Iterator[Labelling]:
    """The labels of images one after the other; what can't be read is noted in ``failed`` by its path."""
    for source in sources:
        path = str(source.image or source.labels)
        try:
            yield load(source)
        except UserError as error:
            failed[path] = str(error)


def _of_document(path: Path, image: Image) -> Labelling:
    assert image.path is not None
    file, store = open_cells(path, image.path, image.shape[1:])
    try:
        return of_objects(store.labels, store.objects.snapshot(), image, file.settings)
    finally:
        file.close()


def _without(name: str, endings: list[str]) -> str:
    for ending in sorted(endings, key=len, reverse=True):
        if name.lower().endswith(ending.lower()) and len(name) > len(ending):
            return name[: -len(ending)]
    return name
