"""Image files to `Image`: TIFF in its dialects, PNG, JPEG."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import tifffile

from model_core.errors import UserError
from model_core.images.image import Image, image_from_array

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")
_LARGEST = 64 * 2**30  # bytes: no image is unpacked beyond this, whatever its header says
_HARMLESS = 64 * 2**20  # bytes: worth no question
# How far a compression can shrink constant pixels; a header that claims more lies.
_BEST_COMPRESSION: dict[int, int] = {
    tifffile.COMPRESSION.NONE: 1,
    tifffile.COMPRESSION.ADOBE_DEFLATE: 1_100,
    tifffile.COMPRESSION.DEFLATE: 1_100,
}
_BEST_OTHER_COMPRESSION = 50_000
_TRANSPARENCY = {tifffile.EXTRASAMPLE.ASSOCALPHA, tifffile.EXTRASAMPLE.UNASSALPHA}
_MICROMETRES = {
    "micron": 1.0,
    "um": 1.0,
    "µm": 1.0,
    "μm": 1.0,
    "\\u00b5m": 1.0,
    "nm": 1e-3,
    "mm": 1e3,
    "cm": 1e4,
}


def is_image_file(path: Path) -> bool:
    """Whether the name looks like an image that can be opened (results beside images do not count)."""
    stem = path.stem.lower()
    return (
        path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and not stem.endswith(("_masks", "_flows", "_cp_masks", "_cp_output"))
    )


def read_image(path: str | Path) -> Image:
    """Reads an image file; an uncompressed TIFF is mapped, not read.

    Raises:
        UserError: the file is missing, unreadable, damaged, empty or of a kind that is not read.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise UserError(f"“{path}” is a folder, not an image.")
        if path.suffix.lower() not in SUFFIXES:
            raise UserError(
                f"“{path.name}” is not an image that can be opened; these can: {', '.join(SUFFIXES)}."
            )
        if size == 0:
            raise UserError(f"“{path.name}” is empty (0 bytes).")
        return _read_tiff(path, size) if path.suffix.lower() in (".tif", ".tiff") else _read_with_opencv(path)
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"“{path}” does not exist.") from None
    except PermissionError:
        raise UserError(f"“{path.name}” cannot be read: permission denied.") from None
    except tifffile.TiffFileError:
        raise UserError(f"“{path.name}” is not a TIFF file, whatever its name says.") from None
    except MemoryError:
        raise UserError(f"“{path.name}” does not fit into this computer's memory.") from None
    except Exception as error:  # decoders raise anything on damaged bytes; the person needs one sentence
        raise UserError(
            f"“{path.name}” cannot be read; the file seems to be damaged or incomplete ({error})."
        ) from error


def _read_with_opencv(path: Path) -> Image:
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise UserError(f"“{path.name}” cannot be read; it is not a whole {path.suffix[1:].upper()} file.")
    if pixels.ndim == 2:
        return image_from_array(pixels, "YX", path=path)
    pixels = np.ascontiguousarray(pixels[..., 2::-1])  # OpenCV keeps blue first; transparency is dropped
    same = (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all()
    if same:  # a grey image saved as colour
        return image_from_array(pixels[..., 0], "YX", path=path)
    return image_from_array(pixels, "YXS", path=path)


def _read_tiff(path: Path, size: int) -> Image:
    with tifffile.TiffFile(path) as tiff:
        if not tiff.series:
            raise UserError(f"“{path.name}” holds no image.")
        series = tiff.series[0]
        page = series.keyframe
        claimed = int(np.prod(series.shape, dtype=object)) * page.dtype.itemsize if page.dtype else 0
        plain = page.compression == tifffile.COMPRESSION.NONE
        believed = size * _BEST_COMPRESSION.get(page.compression, _BEST_OTHER_COMPRESSION)
        if claimed == 0:
            raise UserError(f"“{path.name}” is empty: its shape is {series.shape}.")
        if claimed > _LARGEST or claimed > (believed if plain else max(believed, _HARMLESS)):
            raise UserError(
                f"“{path.name}” is damaged or incomplete: it says it holds {claimed:,} bytes of pixels "
                f"in a file of {size:,} bytes."
            )
        mapped = plain and series.dataoffset is not None
        pixels: np.ndarray = tifffile.memmap(path, series=0, mode="r") if mapped else series.asarray()
        if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
            pixels, axes = np.moveaxis(page.colormap[:, pixels], 0, -1), series.axes + "S"
        elif "C" not in series.axes and not _TRANSPARENCY.intersection(page.extrasamples):
            axes = series.axes.replace("S", "C")
        else:
            axes = series.axes
        pixels, axes = _known_axes(pixels, axes)
        pixel_size, z_step = _calibration(tiff)
        return image_from_array(pixels, axes, path=path, pixel_size=pixel_size, z_step=z_step)


def _known_axes(pixels: np.ndarray, axes: str) -> tuple[np.ndarray, str]:
    """Drops unnamed axes of length 1; pages without a meaning are channels if up to 4, else planes."""
    for at in reversed(range(len(axes))):
        if axes[at] not in "CSZYX" and pixels.shape[at] == 1:
            pixels, axes = pixels.squeeze(at), axes[:at] + axes[at + 1 :]
    unknown = [a for a in axes if a not in "TCSZYX"]
    if len(unknown) > 1:
        raise UserError(f"The image has axes that are not understood: {axes}, shape {pixels.shape}.")
    for letter in unknown:
        channels = "C" not in axes and "S" not in axes and pixels.shape[axes.index(letter)] <= 4
        meaning = "C" if channels else "Z" if "Z" not in axes else "T"
        axes = axes.replace(letter, meaning)
    return pixels, axes


def _calibration(tiff: tifffile.TiffFile) -> tuple[float | None, float | None]:
    """Micrometres a pixel and a plane, from OME, ImageJ or the resolution tag."""
    if tiff.ome_metadata:
        found = {}
        for key in ("PhysicalSizeX", "PhysicalSizeZ"):
            value = re.search(rf'{key}="([0-9.eE+-]+)"', tiff.ome_metadata)
            unit = re.search(rf'{key}Unit="([^"]+)"', tiff.ome_metadata)
            scale = _MICROMETRES.get(unit.group(1)) if unit else 1.0
            found[key] = float(value.group(1)) * scale if value and scale else None
        return _positive(found["PhysicalSizeX"]), _positive(found["PhysicalSizeZ"])
    imagej = tiff.imagej_metadata or {}
    scale = _MICROMETRES.get(str(imagej.get("unit", "")).strip())
    if scale is None:
        return None, None
    resolution = tiff.pages[0].tags.get("XResolution")  # type: ignore[union-attr]
    pixel_size = None
    if resolution is not None and resolution.value[0]:
        pixel_size = resolution.value[1] / resolution.value[0] * scale
    spacing = imagej.get("spacing")
    return _positive(pixel_size), _positive(float(spacing) * scale if spacing else None)


def _positive(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) and value > 0 else None
