"""A bundle from anybody to images and labels that can be trusted to be images and labels.

Nothing in a bundle is believed: not the names of its files, not their sizes, not what their headers say.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from model_core.community import manifest as contents
from model_core.community.checksums import sha256_of
from model_core.community.manifest import Item, Manifest, read_manifest
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason
from model_core.formats.label_image import read_labels
from model_core.images.image import Image
from model_core.images.readers import read_image

LARGEST_BUNDLE = 4 * 2**30  # bytes, packed or unpacked
LARGEST_IMAGE = 2**30  # bytes of pixels
_LARGEST_MANIFEST = 2 * 2**20
_MOST_RATIO = 1_100  # deflate packs no better
_FILE = re.compile(r"\d{4}_(img|masks)\.tif")
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TIFF_PACKED = (tifffile.COMPRESSION.NONE, tifffile.COMPRESSION.ADOBE_DEFLATE, tifffile.COMPRESSION.DEFLATE)
_DIALECTS = {"ome", "shaped", "uniform"}  # of TIFF, that `pack` writes; others may point to other files
_PART = 2**20


@dataclass(frozen=True)
class Bundle:
    """A bundle that was taken apart: its manifest, and the folder with its files, as the manifest says."""

    manifest: Manifest
    folder: Path

    def load(self, item: Item) -> tuple[Image, np.ndarray]:
        """Image and labels, uint32 ``(Z, Y, X)``.

        Raises:
            UserError: a file is no plain TIFF, is larger than it should be, or is not what the manifest says.
        """
        pictures, masks = (self.folder / name for name in item.files)
        for path in (pictures, masks):
            _check_header(path)
        image, labels = read_image(pictures), read_labels(masks)
        if image.shape != item.shape or labels.shape != item.shape[1:]:
            raise UserError(
                f"Image {item.name} has the shape {image.shape} and its labels {labels.shape}; "
                f"the manifest says {item.shape}."
            )
        return image, labels


def unpack(path: Path, folder: Path) -> Bundle:
    """Takes a bundle apart into an empty folder, checking all that can be checked without looking at pixels.

    Raises:
        UserError: it is damaged, too large, or not what `pack` makes.
    """
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            entries = _checked_entries(archive, size)
            manifest = read_manifest(_read_small(archive, entries))
            wanted = {name for item in manifest.items for name in item.files}
            if wanted != entries.keys() - {contents.NAME}:
                raise UserError("Its files are not those that its manifest names.")
            for name in sorted(wanted):
                _extract(archive, entries[name], folder / name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UserError(f"It is damaged, or no zip file: {error}.") from error
    except OSError as error:
        raise UserError(f"It could not be unpacked: {plain_reason(error)}.") from error
    for item in manifest.items:
        sums = (item.image_sha256, item.masks_sha256)
        for name, wanted_sum in zip(item.files, sums, strict=True):
            if sha256_of(folder / name) != wanted_sum:
                raise UserError(f"The checksum of {name} differs from the manifest.")
    return Bundle(manifest, folder)


def _checked_entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name = entry.filename
        if name != contents.NAME and not _FILE.fullmatch(name):
            raise UserError(f"It holds a file that does not belong there: {name[:80]!r}.")
        if name in entries:
            raise UserError(f"It holds {name} twice.")
        if entry.flag_bits & 1 or entry.compress_type not in _PACKED:
            raise UserError(f"{name} is encrypted, or packed in a way that is not read.")
        if entry.file_size > max(1, entry.compress_size) * _MOST_RATIO:
            raise UserError(f"{name} claims to unpack to {entry.file_size:,} bytes; that is not possible.")
        entries[name] = entry
    if contents.NAME not in entries:
        raise UserError("It holds no manifest.")
    if max(size, sum(entry.file_size for entry in entries.values())) > LARGEST_BUNDLE:
        raise UserError(f"It is larger than the {LARGEST_BUNDLE / 2**30:.0f} GB that a bundle may have.")
    return entries


def _read_small(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> bytes:
    with archive.open(entries[contents.NAME]) as file:
        text = file.read(_LARGEST_MANIFEST + 1)
    if len(text) > _LARGEST_MANIFEST:
        raise UserError("Its manifest is too large.")
    return text


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    left = entry.file_size
    with archive.open(entry) as source, target.open("xb") as file:
        while part := source.read(_PART):
            left -= len(part)
            if left < 0:
                raise UserError(f"{entry.filename} unpacks to more than it says.")
            file.write(part)


def _check_header(path: Path) -> None:
    """Before a pixel is read: a plain TIFF whose header asks for no more memory than an image may take."""
    try:
        with tifffile.TiffFile(path) as tiff:
            series = tiff.series[0]
            size = int(np.prod(series.shape, dtype=object)) * (series.dtype.itemsize if series.dtype else 0)
            packed = series.keyframe.compression
            foreign = tiff.flags - _DIALECTS or "FileName=" in (tiff.ome_metadata or "")
    except Exception as error:  # a damaged TIFF makes tifffile raise nearly anything
        raise UserError(f"{path.name} is no TIFF file that can be read: {error}.") from error
    if foreign or packed not in _TIFF_PACKED:
        raise UserError(f"{path.name} is a TIFF file of a kind that is not taken.")
    if size > min(LARGEST_IMAGE, _MOST_RATIO * path.stat().st_size):
        raise UserError(f"{path.name} claims to hold {size:,} bytes of pixels.")
