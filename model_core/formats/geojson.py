"""GeoJSON as QuPath exchanges it: a feature for each object, with holes, pieces and classes.

Positions are pixels, (0, 0) the upper left corner of the first one, as in QuPath.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.formats.drawing import Drawing, Shape, name_of, needed_shape, own_name
from model_core.formats.labelling import Labelling
from model_core.formats.rings import Outline, Ring, outlines

LARGEST_JSON = 512 * 2**20  # bytes of a file: parsed, it takes ten times as much
_NAMES = uuid.UUID("6b1f0d5e-8a52-4f0e-9e37-2f6a3c1d9b40")  # of the features of this program


def write_geojson(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes a feature for each object, in a stack for each object and plane. Raises UserError."""
    with write_atomically(Path(path)) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        between = "\n"
        for outline in outlines(cells.labels):
            file.write(between + json.dumps(_feature(outline, cells), ensure_ascii=False))
            between = ",\n"
        file.write("\n]}\n")
    return ()


def read_geojson(path: str | Path, shape: Shape | None = None) -> Labelling:
    """The polygons of a GeoJSON file as labels of a shape ``(Z, Y, X)``; None: as large as they need.

    A feature collection, an array of features as older versions of QuPath write it, or one feature. Points
    and lines are left out.

    Raises:
        UserError: the file can't be read, is no GeoJSON, or has broken polygons.
    """
    path = Path(path)
    content = read_json(path)
    try:
        polygons, others = [], 0
        for number, feature in enumerate(_features(content), 1):
            try:
                rings = _rings(feature["geometry"])
            except (KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
                raise UserError(f"“{path.name}”: feature {number} has a broken outline: {error}.") from None
            if rings is None:
                others += 1
            else:
                polygons.append((feature, rings))
        drawing = Drawing(shape or _needed(polygons, path))
        for number, (feature, rings) in enumerate(polygons, 1):
            properties = feature.get("properties")
            properties = properties if isinstance(properties, dict) else {}
            try:
                drawing.add_rings(rings, _plane(feature), _own_id(properties), _class_name(properties))
            except ValueError as error:
                raise UserError(f"“{path.name}”: polygon {number} is broken: {error}.") from None
    except (TypeError, AttributeError, KeyError) as error:
        raise UserError(f"“{path.name}” is no GeoJSON that can be read ({error}).") from error
    return drawing.finish([f"{others:,} features are no areas and were left out."] if others else [])


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises UserError; a file that would take too much memory is not read."""
    try:
        size = path.stat().st_size
        if size > LARGEST_JSON:
            raise UserError(f"“{path.name}” is too large to be read: {size:,} bytes.")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"“{path}” cannot be read: {plain_reason(error)}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"“{path.name}” is damaged or no JSON file ({error}).") from error


def _feature(outline: Outline, cells: Labelling) -> dict[str, Any]:
    pieces = [[_closed(ring) for ring in piece] for piece in outline.pieces]
    geometry: dict[str, Any] = {"type": "Polygon", "coordinates": pieces[0]}
    if len(pieces) > 1:
        geometry = {"type": "MultiPolygon", "coordinates": pieces}
    name = name_of(outline.id, outline.plane, len(cells.labels))
    if len(cells.labels) > 1:
        geometry["plane"] = {"c": -1, "z": outline.plane, "t": 0}
    properties: dict[str, Any] = {"objectType": "detection", "name": name}
    if class_name := cells.classes.get(outline.id):
        properties["classification"] = {"name": class_name}
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(_NAMES, name)),
        "geometry": geometry,
        "properties": properties,
    }


def _closed(ring: Ring) -> list[list[int]]:
    """With the first point at the end again."""
    points: list[list[int]] = ring.tolist()
    return [*points, points[0]]


def _features(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict):
        content = content["features"] if content.get("type") == "FeatureCollection" else [content]
    if not isinstance(content, list):
        raise TypeError("no features")
    for feature in content:
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise TypeError("something else than features")
        yield feature


def _rings(geometry: Any) -> list[Ring] | None:
    """All rings of a polygon or several; None for another geometry. Raises ValueError and the like."""
    kind = geometry["type"]
    if kind == "Polygon":
        return [_ring(ring) for ring in geometry["coordinates"]]
    if kind == "MultiPolygon":
        return [_ring(ring) for polygon in geometry["coordinates"] for ring in polygon]
    return None


def _ring(points: Any) -> Ring:
    ring = np.array([(point[0], point[1]) for point in points])
    if ring.dtype.kind not in "iuf" or ring.ndim != 2 or len(ring) < 4:
        raise ValueError("a ring has four points or more, each of two numbers")
    if not np.isfinite(ring).all():
        raise ValueError("positions that are no numbers")
    if (ring[0] != ring[-1]).any():
        raise ValueError("a ring that is not closed")
    return ring[:-1]


def _plane(feature: Mapping[str, Any]) -> int:
    plane = feature["geometry"].get("plane")
    z = plane.get("z", 0) if isinstance(plane, dict) else 0
    return z if type(z) is int else 0


def _own_id(properties: Mapping[str, Any]) -> int | None:
    return own_name(properties.get("name"))


def _class_name(properties: Mapping[str, Any]) -> str:
    given = properties.get("classification")
    if isinstance(given, dict):
        names = given.get("names")
        given = given.get("name") or (": ".join(map(str, names)) if isinstance(names, list) else None)
    return given if isinstance(given, str) else ""


def _needed(polygons: list[tuple[dict[str, Any], list[Ring]]], path: Path) -> Shape:
    """The smallest image that holds all polygons."""
    if not polygons:
        raise UserError(f"“{path.name}” holds no polygons.")
    x, y = np.concatenate([ring for _, rings in polygons for ring in rings]).max(axis=0).tolist()
    return needed_shape(1 + max(max(0, _plane(feature)) for feature, _ in polygons), y, x)
