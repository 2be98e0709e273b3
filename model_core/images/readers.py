"""Image files to `Image`: TIFF, OME-Zarr, PNG, JPEG, files of microscopes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tifffile

from model_core.errors import UserError
from model_core.images.image import Image, image_from_array
from model_core.images.microscopes import SUFFIXES as MICROSCOPE_SUFFIXES
from model_core.images.microscopes import read_microscope_file
from model_core.images.ome_zarr import FOLDER_SUFFIX, ZIP_SUFFIXES, is_ome_zarr, read_ome_zarr
from model_core.images.tiff import read_tiff

FILE_SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", *MICROSCOPE_SUFFIXES, *ZIP_SUFFIXES)
SUFFIXES = (*FILE_SUFFIXES, FOLDER_SUFFIX)


def is_image_file(path: Path) -> bool:
    """Whether the name looks like an image that can be opened (results beside images do not count)."""
    stem = path.stem.lower().removesuffix(".ome")
    return (
        path.name.lower().endswith(SUFFIXES)
        and not path.name.startswith(".")
        and not stem.endswith(("_masks", "_labels", "_overlay", "_flows", "_cp_masks", "_cp_output"))
    )


def is_image(path: Path) -> bool:
    """Whether there is an image that can be opened, so far as its name says: a file or an OME-Zarr folder."""
    return is_image_file(path) and (path.is_file() or is_ome_zarr(path))


def is_folder(path: Path) -> bool:
    """Whether images are to be looked for in this folder; one that is an OME-Zarr image itself is none."""
    return path.is_dir() and not is_ome_zarr(path)


def read_image(path: str | Path) -> Image:
    """Reads an image.

    An uncompressed TIFF is mapped; OME-Zarr and large or pyramidal TIFFs are read when and where somebody
    looks at the pixels (`LazyPixels`).

    Raises:
        UserError: the file is missing, unreadable, damaged, empty or of a kind that is not read.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if is_ome_zarr(path):
            return read_ome_zarr(path)
        if path.is_dir():
            raise UserError(f"“{path}” is a folder, not an image.")
        if not path.name.lower().endswith(FILE_SUFFIXES):
            raise UserError(
                f"“{path.name}” is not an image that can be opened; these can: {', '.join(SUFFIXES)}."
            )
        if size == 0:
            raise UserError(f"“{path.name}” is empty (0 bytes).")
        if path.suffix.lower() in MICROSCOPE_SUFFIXES:
            return read_microscope_file(path, size)
        return read_tiff(path, size) if path.suffix.lower() in (".tif", ".tiff") else _read_with_opencv(path)
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
