"""Labels as an image file: every pixel holds the number of its object, 0 is background."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically

# What compression can at most make of a file; a header that claims more is wrong, or meant to exhaust
# the memory. Deflate reaches 1032:1; LZW and Zstandard go beyond it on empty images.
_MOST_RATIO = 50_000
_HARMLESS_BYTES = 64 * 2**20
_LONGEST_NOTE = 1 << 20  # characters


def write_labels(path: str | Path, labels: np.ndarray, note: Mapping[str, Any] | None = None) -> None:
    """Write integers (Z, Y, X) or (Y, X) as a compressed TIFF: 2D for one plane, uint16 if they fit.

    `note`: what JSON can hold, kept in the description of the image; `read_note` gives it back. An
    existing file is replaced only when the new one is complete. Raises UserError if the disk refuses,
    ValueError for values that aren't labels.
    """
    path = Path(path)
    if labels.ndim == 3 and labels.shape[0] == 1:
        labels = labels[0]
    if labels.ndim not in (2, 3) or labels.dtype.kind not in "iu" or not labels.size:
        raise ValueError(f"labels are whole numbers (Z, Y, X), not {labels.dtype} {labels.shape}")
    highest = int(labels.max())
    if int(labels.min()) < 0 or highest >= 2**32:
        raise ValueError("labels lie between 0 and 2^32 - 1")
    dtype = np.uint16 if highest < 2**16 else np.uint32
    with write_atomically(path) as temporary:
        tifffile.imwrite(
            temporary,
            labels.astype(dtype),
            compression="zlib",
            photometric="minisblack",
            metadata={"axes": "YX" if labels.ndim == 2 else "ZYX"} | ({"note": dict(note)} if note else {}),
        )


def read_note(path: Path) -> dict[str, Any] | None:
    """What `write_labels` was given as a note; None for any other file, also one that can't be read."""
    try:
        with tifffile.TiffFile(path) as tiff:
            note = json.loads(tiff.pages.first.description[:_LONGEST_NOTE])["note"]
    except Exception:  # a foreign or damaged file makes tifffile raise nearly anything: it has no note
        return None
    return note if isinstance(note, dict) else None


def read_labels(path: str | Path) -> np.ndarray:
    """Labels of a TIFF or PNG file as uint32 (Z, Y, X), a 2D image with Z = 1.

    Raises UserError for a missing, damaged or unknown file, and for colours, decimal or negative
    numbers and anything else that can't be labels.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except OSError as error:
        raise UserError(f"{path} could not be read: {plain_reason(error)}.") from error
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        labels = _read_tiff(path)
    elif start[:8] == b"\x89PNG\r\n\x1a\n":
        labels = _read_png(path, start)
    else:
        raise UserError(f"{path} is neither a TIFF nor a PNG file; labels can be read from those.")
    return _as_labels(labels, path)


def _read_tiff(path: Path) -> np.ndarray:
    try:
        with tifffile.TiffFile(path) as tiff:
            series = tiff.series[0]
            axes = series.axes
            _check_size(path, series.size * series.dtype.itemsize if series.dtype is not None else 0)
            labels = series.asarray()
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(f"{path} does not fit into the memory of this computer.") from error
    except Exception as error:  # a damaged TIFF makes tifffile and its codecs raise nearly anything
        raise UserError(f"{path} is damaged or no TIFF file that can be read: {error}") from error
    if "S" in axes:
        labels = _one_of_equal_colours(np.moveaxis(labels, axes.index("S"), -1), path)
        axes = axes.replace("S", "")
    needless = [at for at, axis in enumerate(axes) if labels.shape[at] == 1 and axis not in "YX"]
    return labels.squeeze(axis=tuple(needless))


def _read_png(path: Path, start: bytes) -> np.ndarray:
    if len(start) < 24:
        raise UserError(f"{path} is damaged: the file is cut off.")
    width, height = struct.unpack(">II", start[16:24])
    _check_size(path, width * height)
    try:
        labels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except (cv2.error, MemoryError) as error:
        raise UserError(f"{path} is damaged or too large: {error}") from error
    if labels is None:
        raise UserError(f"{path} is damaged: the PNG can't be decoded.")
    return labels if labels.ndim == 2 else _one_of_equal_colours(labels, path)


def _check_size(path: Path, declared: int) -> None:
    actual = path.stat().st_size
    if declared > max(_HARMLESS_BYTES, actual * _MOST_RATIO):
        raise UserError(
            f"{path} claims to hold {declared / 2**30:,.1f} GB of pixels in a file of {actual:,} bytes; "
            "it is damaged."
        )


def _one_of_equal_colours(image: np.ndarray, path: Path) -> np.ndarray:
    """Some programs save grey values as RGB: three equal channels are one."""
    colours = image[..., :3]
    if not (colours == colours[..., :1]).all():
        raise UserError(f"{path} is a colour image; labels need one number per pixel.")
    return colours[..., 0]


def _as_labels(labels: np.ndarray, path: Path) -> np.ndarray:
    if labels.dtype.kind == "f":
        raise UserError(f"{path} holds decimal numbers ({labels.dtype}); labels are whole numbers.")
    if labels.dtype.kind not in "iub":
        raise UserError(f"{path} holds {labels.dtype} values; labels are whole numbers.")
    if labels.ndim not in (2, 3):
        raise UserError(f"{path} has {labels.ndim} dimensions {labels.shape}; labels have two or three.")
    if not labels.size:
        raise UserError(f"{path} has no pixels.")
    if labels.dtype.kind == "i" and int(labels.min()) < 0:
        raise UserError(f"{path} holds negative numbers (down to {labels.min()}); labels start at 0.")
    if labels.dtype.itemsize > 4 and int(labels.max()) >= 2**32:
        raise UserError(f"{path} holds numbers up to {labels.max()}; labels end at 4294967295.")
    labels = labels.astype(np.uint32)
    return labels if labels.ndim == 3 else labels[np.newaxis]
