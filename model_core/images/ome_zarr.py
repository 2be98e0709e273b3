"""OME-Zarr, versions 0.1 to 0.5, as a folder or zipped: https://ngff.openmicroscopy.org."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model_core.errors import UserError
from model_core.images.image import Image, arranged, has_times
from model_core.images.lazy import open_zarr
from model_core.images.units import micrometres, positive

FOLDER_SUFFIX = ".zarr"
ZIP_SUFFIXES = (".ozx", ".zarr.zip")
METADATA = ("zarr.json", ".zattrs")  # of version 0.5, of those before
_LONGEST = 16 * 2**20  # bytes of metadata that are read
_MOST_LEVELS = 32
_MOST_LABELS = 64 * 2**30  # bytes
_LETTERS = set("TCZYX")


def is_ome_zarr(path: Path) -> bool:
    """Whether there is a group of zarr at this path; its contents are not looked at."""
    if path.name.lower().endswith(ZIP_SUFFIXES):
        return path.is_file()
    return any((path / name).is_file() for name in METADATA)


def ome_zarr_around(path: Path) -> Path:
    """The OME-Zarr folder that a file lies in, as dialogs for files choose one; the path itself if none."""
    around = [parent for parent in path.parents if is_ome_zarr(parent)]
    return around[-1] if around else path


def read_ome_zarr(path: Path) -> Image:
    """The first image in it, with all levels of the pyramid; pixels are read when somebody looks.

    Raises:
        UserError: no image, a plate, or metadata that make no sense.
    """
    read_bytes, store = _opened(path)
    group, attributes = _image_group(read_bytes, path.name)
    multiscales = attributes.get("multiscales")
    first = multiscales[0] if isinstance(multiscales, list) and multiscales else None
    if not isinstance(first, dict) or not isinstance(first.get("datasets"), list) or not first["datasets"]:
        raise UserError(f"“{path.name}” holds no image: it is a zarr folder of another kind.")
    axes, units = _axes(first)
    driver = "zarr3" if read_bytes(f"{group}zarr.json") is not None else "zarr"
    levels, scales, time_series = [], [], False
    for dataset in first["datasets"][:_MOST_LEVELS]:
        spec = {"driver": driver, "kvstore": store(group + _inside(dataset["path"], path.name))}
        pixels = open_zarr(spec, path.name)
        levels.append(arranged(pixels, axes))
        time_series |= has_times(pixels, axes)
        scales.append(_scaled(_scaled([1.0] * pixels.ndim, first), dataset))
    whole = levels[0]
    if not whole.size:
        raise UserError(f"“{path.name}” is empty: its shape is {whole.shape}.")
    if 4 * whole.size // whole.shape[0] > _MOST_LABELS:
        raise UserError(f"“{path.name}” is too large for its cells to be kept: its shape is {whole.shape}.")

    def length(axis: str) -> float | None:
        """Micrometres from one to the next along an axis."""
        unit = units[axes.index(axis)] if axis in axes else None
        return positive(scales[0][axes.index(axis)] * unit) if unit else None

    return Image(
        whole,
        path=path,
        pixel_size=length("X"),
        z_step=length("Z"),
        levels=tuple(level for level in levels[1:] if level.shape[:2] == whole.shape[:2]),
        channel_names=_channel_names(attributes, whole.shape[0]),
        time_series=time_series,
    )


ReadBytes = Callable[[str], bytes | None]


def _opened(path: Path) -> tuple[ReadBytes, Callable[[str], dict[str, Any]]]:
    """What reads a small file inside (None: there is none), and tensorstore's name of a place inside."""
    if path.name.lower().endswith(ZIP_SUFFIXES):
        with zipfile.ZipFile(path) as archive:
            names = {entry.filename: entry.file_size for entry in archive.infolist()}
        root = _zip_root(names)

        def read_zipped(name: str) -> bytes | None:
            if names.get(root + name, _LONGEST + 1) > _LONGEST:
                return None
            with zipfile.ZipFile(path) as archive:
                return archive.read(root + name)

        file = {"driver": "file", "path": str(path.absolute())}
        return read_zipped, lambda place: {"driver": "zip", "base": file, "path": f"{root}{place}/"}

    def read(name: str) -> bytes | None:
        file = path / name
        if not file.is_file() or file.stat().st_size > _LONGEST:
            return None
        return file.read_bytes()

    return read, lambda place: {"driver": "file", "path": f"{(path / place).absolute()}/"}


def _zip_root(names: dict[str, int]) -> str:
    """Where the group lies in the archive: at its top, or in the one folder that was packed."""
    roots = [
        name[: -len(end)] for name in names for end in METADATA if name == end or name.endswith(f"/{end}")
    ]
    return min(roots, key=len, default="")


def _image_group(read_bytes: ReadBytes, name: str) -> tuple[str, dict[str, Any]]:
    """The path of the group that holds the first image, and its attributes."""
    attributes = _attributes(read_bytes, "", name)
    if "plate" in attributes:
        raise UserError(
            f"“{name}” is a plate of many images; open one of the fields in it, such as {name}/A/1/0."
        )
    if "multiscales" not in attributes and "bioformats2raw.layout" in attributes:
        return "0/", _attributes(read_bytes, "0/", name)
    return "", attributes


def _attributes(read_bytes: ReadBytes, group: str, name: str) -> dict[str, Any]:
    for file in METADATA:
        data = read_bytes(group + file)
        if data is None:
            continue
        found = json.loads(data)
        if file == "zarr.json":
            found = found["attributes"].get("ome", {})
        if not isinstance(found, dict):
            break
        return found
    raise UserError(f"“{name}” holds no image: it is not an OME-Zarr folder.")


def _axes(multiscale: dict[str, Any]) -> tuple[str, list[float | None]]:
    """A letter for each axis, and how many micrometres its unit has."""
    axes = multiscale.get("axes", ["t", "c", "z", "y", "x"])  # before version 0.3 there were always these
    named = [axis if isinstance(axis, dict) else {"name": axis} for axis in axes]
    letters = "".join(str(axis.get("name", "?")).upper() for axis in named)
    if len(letters) != len(named) or not set(letters) <= _LETTERS:
        raise UserError(f"The image has axes that are not understood: {', '.join(str(a) for a in axes)}.")
    return letters, [micrometres(axis.get("unit")) for axis in named]


def _scaled(factors: list[float], holder: dict[str, Any]) -> list[float]:
    """The factors of the axes after those that the holder's transformations add."""
    for step in holder.get("coordinateTransformations", []):
        scale = step.get("scale") if step.get("type") == "scale" else None
        if isinstance(scale, list) and len(scale) == len(factors):
            factors = [factor * float(value) for factor, value in zip(factors, scale, strict=True)]
    return factors


def _channel_names(attributes: dict[str, Any], count: int) -> tuple[str, ...]:
    omero = attributes.get("omero")
    channels = omero.get("channels") if isinstance(omero, dict) else None
    if not isinstance(channels, list) or len(channels) != count:
        return ()
    names = tuple(str(c.get("label") or "") if isinstance(c, dict) else "" for c in channels)
    return names if any(names) else ()


def _inside(place: object, name: str) -> str:
    """A path below the group; one that leads out of it is refused."""
    parts = str(place).split("/")
    if not isinstance(place, str) or ".." in parts or place.startswith("/") or "\\" in place or ":" in place:
        raise UserError(f"“{name}” is damaged: it names the place “{place}” for its pixels.")
    return place
