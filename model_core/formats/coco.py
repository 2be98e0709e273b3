"""COCO: a JSON file for many images, each object with its mask as run lengths and its class as category."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model_core.errors import UserError
from model_core.formats.atomic import write_atomically
from model_core.formats.drawing import Drawing, Shape, name_of, needed_shape, own_name
from model_core.formats.geojson import read_json
from model_core.formats.labelling import Labelling
from model_core.formats.run_lengths import decode_runs, encode_mask, from_text, to_text

_NO_CLASS = "cell"
_TALLEST = 2**20  # pixels: no image is so high or wide


def write_coco(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """The objects of one image. Raises UserError. See `write_coco_of_many`."""
    return write_coco_of_many(path, [cells])


def write_coco_of_many(path: str | Path, images: Iterable[Labelling]) -> tuple[str, ...]:
    """Writes the objects of images into one file; each plane of a stack is an image by itself there.

    Object IDs are unique in such a file, so an object's own ID stands in its “name” as “cell 12”.

    Raises:
        UserError: the disk refuses.
    """
    categories: dict[str, int] = {_NO_CLASS: 1}
    listed: list[dict[str, Any]] = []
    count = 0
    with write_atomically(Path(path)) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write('{"annotations": [')
        for cells in images:
            depth, height, width = cells.labels.shape
            for plane in range(depth):
                image = {
                    "id": len(listed) + 1,
                    "file_name": _file_name(cells),
                    "height": height,
                    "width": width,
                }
                listed.append(image | ({"plane": plane} if depth > 1 else {}))
                for id_, box, mask in _objects(cells.labels[plane]):
                    count += 1
                    category = categories.setdefault(cells.classes.get(id_, _NO_CLASS), len(categories) + 1)
                    rows, columns = box
                    runs = encode_mask(mask, rows.start, columns.start, height)
                    whole = [*runs, height * width - sum(runs)]
                    entry = {
                        "id": count,
                        "image_id": len(listed),
                        "category_id": category,
                        "name": name_of(id_, plane, depth),
                        "bbox": [columns.start, rows.start, mask.shape[1], mask.shape[0]],
                        "area": int(mask.sum()),
                        "iscrowd": 0,
                        "segmentation": {"size": [height, width], "counts": to_text(whole)},
                    }
                    file.write((",\n" if count > 1 else "\n") + json.dumps(entry, ensure_ascii=False))
        file.write("\n],\n")
        file.write(f'"images": {json.dumps(listed, ensure_ascii=False)},\n')
        kinds = [{"id": number, "name": name} for name, number in categories.items()]
        file.write(f'"categories": {json.dumps(kinds, ensure_ascii=False)}}}\n')
    return ()


def read_coco(path: str | Path, shape: Shape | None = None, name: str | None = None) -> Labelling:
    """The objects of one image as labels of a shape ``(Z, Y, X)``; None: as the file says.

    Masks as run lengths, compressed or not, and polygons.

    Args:
        name: of the image file; needed where the file is about several.

    Raises:
        UserError: the file can't be read, is no COCO, does not know the image, or has broken masks.
    """
    path = Path(path)
    content = read_json(path)
    try:
        images = _images(content, name, path)
        categories = {kind["id"]: kind["name"] for kind in content.get("categories") or []}
        planes = {image["id"]: _plane(image) for image in images}
        sizes = {(_length(image["height"]), _length(image["width"])) for image in images}
        if len(sizes) != 1:
            raise UserError(f"“{path.name}” gives images of one name different sizes.")
        ((height, width),) = sizes
        shape = shape or needed_shape(max(planes.values()) + 1, height, width)
        if (height, width) != shape[1:]:
            raise UserError(
                f"“{path.name}” is about an image of {width} x {height} pixels; this one has "
                f"{shape[2]} x {shape[1]}."
            )
        drawing = Drawing(shape)
        for entry in content["annotations"]:
            if entry["image_id"] not in planes:
                continue
            class_name = categories.get(entry.get("category_id"), "")
            class_name = class_name if isinstance(class_name, str) and class_name != _NO_CLASS else ""
            place = (planes[entry["image_id"]], own_name(entry.get("name")), class_name)
            try:
                _draw(drawing, entry["segmentation"], *place)
            except (ValueError, TypeError, KeyError, OverflowError) as error:
                which = f"“{path.name}”: object {entry.get('id')}"
                raise UserError(f"{which} has a broken mask: {error}.") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"“{path.name}” is no COCO file that can be read ({error!r}).") from error
    return drawing.finish()


def _file_name(cells: Labelling) -> str:
    return cells.image.name if cells.image is not None else "image"


def _objects(plane: np.ndarray) -> Iterable[tuple[int, tuple[slice, slice], np.ndarray]]:
    """ID, box and mask of each object in a plane of labels."""
    from scipy.ndimage import find_objects  # late: it takes a noticeable part of the program's start

    ids = np.unique(plane)
    numbered = np.searchsorted(ids[ids != 0], plane) + 1
    numbered[plane == 0] = 0
    for number, box in enumerate(find_objects(numbered), 1):
        yield int(ids[ids != 0][number - 1]), box, numbered[box] == number


def _images(content: Any, name: str | None, path: Path) -> Sequence[dict[str, Any]]:
    """The entries about one image: one a plane."""
    images = content["images"]
    names = {image["file_name"] for image in images}
    if len(names) > 1:
        wanted = None if name is None else Path(name).name
        if not (names := {known for known in names if Path(known).name == wanted}):
            raise UserError(f"“{path.name}” is about several images, none of them called “{wanted}”.")
        if len(names) > 1:
            raise UserError(f"“{path.name}” is about several images called “{wanted}”.")
    if not names:
        raise UserError(f"“{path.name}” is about no image.")
    return [image for image in images if image["file_name"] in names]


def _length(value: Any) -> int:
    if type(value) is not int or not 0 < value <= _TALLEST:
        raise TypeError(f"an image {value!r} pixels wide")
    return value


def _plane(image: dict[str, Any]) -> int:
    plane = image.get("plane", 0)
    if type(plane) is not int or not 0 <= plane < _TALLEST:
        raise TypeError(f"plane {plane!r}")
    return plane


def _draw(drawing: Drawing, segmentation: Any, plane: int, name: int | None, class_name: str) -> None:
    height, width = drawing.shape[1:]
    if isinstance(segmentation, list):
        rings = [np.array(ring, np.float64).reshape(-1, 2) for ring in segmentation]
        drawing.add_rings(rings, plane, name, class_name)
        return
    if list(segmentation["size"]) != [height, width]:
        raise ValueError(f"a mask of {segmentation['size']}")
    counts = segmentation["counts"]
    rows, columns, mask = decode_runs(from_text(counts) if isinstance(counts, str) else counts, height, width)
    drawing.add(mask, plane, rows, columns, name, class_name)
