"""Labels as an image of OME-Zarr, with a pyramid and the mark that tells they are labels.

In a folder of their own (version 0.4), or inside an image that is an OME-Zarr itself, as the specification
has it: in its group “labels”, in the version of the image.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically, write_folder_atomically
from model_core.formats.drawing import MOST_PIXELS, Shape
from model_core.formats.labelling import Labelling
from model_core.images.ome_zarr import is_ome_zarr
from model_core.images.readers import read_image

VERSION = "0.4"
_VERSION_OF_ZARR_3 = "0.5"
NAME_INSIDE = "cells"
"""The name of our labels among those of an image."""
_CHUNK = 512  # pixels along y and x; a plane deep
_SMALLEST = 512  # pixels: no coarser level once the longer side is so short
_MOST_UNKNOWN = 2**31  # pixels that are read for an image that nobody has seen


def write_ome_zarr_labels(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes a folder: levels 0, 1, 2 ..., each half as high and wide (every second pixel).

    A folder of that name is replaced when the new one is complete. Raises UserError.
    """
    _write(Path(path), cells, VERSION)
    return ()


def path_inside(image: Path) -> Path:
    """Where the labels of an image that is an OME-Zarr lie."""
    return image / "labels" / NAME_INSIDE


def write_labels_inside(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes to `path_inside` of an OME-Zarr image and puts the name into the list of its labels.

    Raises:
        UserError: the image is none, or a zip, a plate, a collection; or it can't be written.
    """
    path = Path(path)
    labels, image = path.parent, path.parent.parent
    if not image.is_dir() or not is_ome_zarr(image):
        raise UserError(
            f"“{image.name}” is no OME-Zarr folder, so it holds no labels; choose another format."
        )
    if "multiscales" not in _attributes(image):
        raise UserError(f"“{image.name}” holds several images; labels can be written into one of them only.")
    of_zarr_3 = (image / "zarr.json").is_file()
    version = _VERSION_OF_ZARR_3 if of_zarr_3 else VERSION
    try:
        labels.mkdir(exist_ok=True)
        names = _attributes(labels).get("labels")
        names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    except OSError as error:
        raise UserError(f"“{labels}” could not be made: {plain_reason(error)}.") from error
    _write(path, cells, version)
    if path.name not in names:
        _write_group(labels, {"labels": [*names, path.name]}, version)
    return ()


def _write(path: Path, cells: Labelling, version: str) -> None:
    image = cells.image
    size = image.pixel_size if image is not None else None
    step = image.z_step if image is not None else None
    unit = {"unit": "micrometer"} if size else {}
    axes = [
        {"name": "z", "type": "space"} | ({"unit": "micrometer"} if step else {}),
        {"name": "y", "type": "space"} | unit,
        {"name": "x", "type": "space"} | unit,
    ]
    datasets = []
    with write_folder_atomically(path) as folder:
        for number, level in enumerate(_levels(cells.labels)):
            _write_array(folder / str(number), level, version)
            scale = [step or 1.0, *[(size or 1.0) * 2**number] * 2]
            transformation = {"type": "scale", "scale": scale}
            datasets.append({"path": str(number), "coordinateTransformations": [transformation]})
        multiscale: dict[str, Any] = {"name": path.name, "axes": axes, "datasets": datasets}
        attributes: dict[str, Any] = {"multiscales": [multiscale], "image-label": {}}
        if version == VERSION:
            multiscale["version"] = attributes["image-label"]["version"] = version
        if cells.classes:
            properties = [{"label-value": id_, "class": name} for id_, name in sorted(cells.classes.items())]
            attributes["image-label"]["properties"] = properties
        if path.parent.name == "labels":
            attributes["image-label"]["source"] = {"image": "../../"}
        _write_group(folder, attributes, version)


def _write_group(folder: Path, attributes: dict[str, Any], version: str) -> None:
    if version == VERSION:
        files = {".zgroup": {"zarr_format": 2}, ".zattrs": attributes}
    else:
        ome = {"version": version, **attributes}
        files = {"zarr.json": {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}}
    for name, content in files.items():
        with write_atomically(folder / name) as temporary:
            temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read_ome_zarr_labels(path: str | Path, shape: Shape | None = None) -> Labelling:
    """The labels in an OME-Zarr folder, or the first ones among the labels of an image.

    Raises:
        UserError: no labels, damaged, or of another shape than ``shape`` (Z, Y, X).
    """
    path = Path(path)
    try:
        group = _labels_group(path)
        image = read_image(group)
        if image.channels != 1 or image.dtype.kind not in "iub":
            raise UserError(f"“{path.name}” holds no labels: {image.channels} channels of {image.dtype}.")
        found = image.shape[1:]
        most = MOST_PIXELS if shape is not None else _MOST_UNKNOWN
        if (shape is not None and found != shape) or int(np.prod(found, dtype=object)) > most:
            raise UserError(f"“{path.name}” holds {' x '.join(map(str, found))} pixels, which does not fit.")
        labels = np.asarray(image.pixels[0])
        if (labels.dtype.kind == "i" and int(labels.min()) < 0) or int(labels.max()) >= 2**32:
            raise UserError(f"“{path.name}” holds numbers that are no labels.")
        return Labelling(labels.astype(np.uint32), _classes(group))
    except OSError as error:
        raise UserError(f"“{path}” cannot be read: {plain_reason(error)}.") from error


def _levels(labels: np.ndarray) -> Iterator[np.ndarray]:
    yield labels
    while max(labels.shape[1:]) > _SMALLEST:
        labels = labels[:, ::2, ::2]
        yield labels


def _write_array(folder: Path, labels: np.ndarray, version: str) -> None:
    import tensorstore

    shape, chunks = list(labels.shape), [1, min(_CHUNK, labels.shape[1]), min(_CHUNK, labels.shape[2])]
    blosc = {"cname": "zstd", "clevel": 3, "blocksize": 0}
    metadata: dict[str, Any]
    if version == VERSION:
        metadata = {
            "shape": shape,
            "chunks": chunks,
            "dtype": "<u4",
            "dimension_separator": "/",
            "compressor": {"id": "blosc", "shuffle": 1, **blosc},
        }
    else:
        metadata = {
            "shape": shape,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
            "data_type": "uint32",
            "dimension_names": ["z", "y", "x"],
            "codecs": [
                {"name": "bytes", "configuration": {"endian": "little"}},
                {"name": "blosc", "configuration": {"shuffle": "shuffle", "typesize": 4, **blosc}},
            ],
        }
    spec = {
        "driver": "zarr" if version == VERSION else "zarr3",
        "kvstore": {"driver": "file", "path": str(folder)},
        "metadata": metadata,
    }
    store = tensorstore.open(spec, create=True).result()
    for z in range(labels.shape[0]):
        for y in range(0, labels.shape[1], 8 * _CHUNK):
            part = labels[z, y : y + 8 * _CHUNK]
            store[z, y : y + len(part)].write(part).result()


def _labels_group(path: Path) -> Path:
    """The group of the labels: the path itself, or the first one that an image there lists."""
    attributes = _attributes(path / "labels")
    names = attributes.get("labels")
    if isinstance(names, list) and names and isinstance(names[0], str):
        group = path / "labels" / names[0]
        if path.resolve() not in group.resolve().parents:
            raise UserError(f"“{path.name}” lists labels outside of itself: “{names[0]}”.")
        return group
    return path


def _attributes(group: Path) -> dict[str, Any]:
    """The attributes of a group, whichever version of zarr; empty if there are none."""
    for name in (".zattrs", "zarr.json"):
        if (group / name).is_file():
            try:
                content = json.loads((group / name).read_bytes())
            except (ValueError, RecursionError) as error:
                raise UserError(f"“{group / name}” is damaged ({error}).") from error
            if isinstance(content, dict) and name == "zarr.json":
                content = content.get("attributes")
                content = content.get("ome", content) if isinstance(content, dict) else None
            return content if isinstance(content, dict) else {}
    return {}


def _classes(group: Path) -> dict[int, str]:
    label = _attributes(group).get("image-label")
    entries = label.get("properties") if isinstance(label, dict) else None
    classes = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and type(entry.get("label-value")) is int:
            name = entry.get("class")
            if isinstance(name, str) and name:
                classes[entry["label-value"]] = name
    return classes
