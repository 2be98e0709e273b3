"""Labels as an image of OME-Zarr 0.4, with a pyramid and the mark that tells they are labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_folder_atomically
from model_core.formats.drawing import MOST_PIXELS, Shape
from model_core.formats.labelling import Labelling
from model_core.images.readers import read_image

VERSION = "0.4"
_CHUNK = 512  # pixels along y and x; a plane deep
_SMALLEST = 512  # pixels: no coarser level once the longer side is so short
_MOST_UNKNOWN = 2**31  # pixels that are read for an image that nobody has seen


def write_ome_zarr_labels(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes a folder: levels 0, 1, 2 ..., each half as high and wide (every second pixel).

    A folder of that name is replaced when the new one is complete. Raises UserError.
    """
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
    with write_folder_atomically(Path(path)) as folder:
        for number, level in enumerate(_levels(cells.labels)):
            _write_array(folder / str(number), level)
            scale = [step or 1.0, *[(size or 1.0) * 2**number] * 2]
            transformation = {"type": "scale", "scale": scale}
            datasets.append({"path": str(number), "coordinateTransformations": [transformation]})
        multiscale = {"version": VERSION, "name": Path(path).name, "axes": axes, "datasets": datasets}
        attributes: dict[str, Any] = {"multiscales": [multiscale], "image-label": {"version": VERSION}}
        if cells.classes:
            properties = [{"label-value": id_, "class": name} for id_, name in sorted(cells.classes.items())]
            attributes["image-label"]["properties"] = properties
        (folder / ".zgroup").write_text('{"zarr_format": 2}', encoding="utf-8")
        (folder / ".zattrs").write_text(json.dumps(attributes, ensure_ascii=False), encoding="utf-8")
    return ()


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


def _write_array(folder: Path, labels: np.ndarray) -> None:
    import tensorstore

    chunks = [1, min(_CHUNK, labels.shape[1]), min(_CHUNK, labels.shape[2])]
    spec = {
        "driver": "zarr",
        "kvstore": {"driver": "file", "path": str(folder)},
        "metadata": {
            "shape": list(labels.shape),
            "chunks": chunks,
            "dtype": "<u4",
            "dimension_separator": "/",
            "compressor": {"id": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 1, "blocksize": 0},
        },
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
