"""Images written anew, so that nothing but their pixels, axes and pixel size goes along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from model_core.errors import UserError
from model_core.formats.atomic import write_atomically
from model_core.images.image import Image

_NO_UUID = "urn:uuid:00000000-0000-0000-0000-000000000000"  # one made by tifffile tells the computer and time

_OF_THE_PIXELS = {
    "ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation", "StripOffsets",
    "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration", "TileWidth", "TileLength",
    "TileOffsets", "TileByteCounts", "SampleFormat", "Predictor", "NewSubfileType", "ResolutionUnit",
    "XResolution", "YResolution", "Orientation", "ExtraSamples", "ColorMap", "FillOrder", "SubIFDs",
}  # fmt: skip
_SHOWN = 80  # characters of a value


def write_clean_image(path: Path, image: Image) -> None:
    """A compressed TIFF of the image, without name, date, device, comment or any other tag of the original.

    Axes and pixel size are kept as OME metadata that is made here. Text that is written in the pixels
    themselves stays: only a person can see it.

    Raises:
        UserError: the file cannot be written, or holds numbers that no image has.
    """
    pixels = _plain(np.asarray(image.pixels))
    metadata: dict[str, object] = {"axes": "CZYX", "Name": "image", "UUID": _NO_UUID}
    if image.pixel_size:
        metadata |= {"PhysicalSizeX": image.pixel_size, "PhysicalSizeXUnit": "µm"}
        metadata |= {"PhysicalSizeY": image.pixel_size, "PhysicalSizeYUnit": "µm"}
    if image.z_step:
        metadata |= {"PhysicalSizeZ": image.z_step, "PhysicalSizeZUnit": "µm"}
    with write_atomically(path) as temporary:
        tifffile.imwrite(
            temporary,
            pixels,
            ome=True,
            metadata=metadata,
            photometric="minisblack",
            compression="zlib",
            software="",
        )


def _plain(pixels: np.ndarray) -> np.ndarray:
    """In a type that image files know."""
    if pixels.dtype == bool:
        return pixels.astype(np.uint8)
    if pixels.dtype == np.float16:
        return pixels.astype(np.float32)
    if pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8:
        smallest = np.result_type(np.min_scalar_type(pixels.min()), np.min_scalar_type(pixels.max()))
        if smallest.itemsize == 8:
            raise UserError("The pixels hold numbers beyond 32 bits; no image file takes them.")
        return pixels.astype(smallest)
    if pixels.dtype.kind == "f" and pixels.dtype.itemsize > 8:
        return pixels.astype(np.float64)
    return np.ascontiguousarray(pixels)


def left_behind(path: Path) -> list[str]:
    """What a TIFF says beside its pixels and how they are stored, a line each: `write_clean_image` drops it.

    Empty for other files, and for what cannot be read.
    """
    try:
        with tifffile.TiffFile(path) as file:
            first = file.pages.first
            tags = [(tag.name, tag.value) for tag in first.tags.values() if tag.name not in _OF_THE_PIXELS]
    except Exception:  # a file that is no TIFF, or a damaged one: whoever reads its pixels says so
        return []
    lines = [f"{name}: {' '.join(str(value).split())[:_SHOWN]}" for name, value in tags]
    return [line for line in lines if not line.startswith('ImageDescription: {"shape":')]  # of the pixels too
