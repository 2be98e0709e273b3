"""Images written anew, so that nothing but their pixels, axes and pixel size goes along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from model_core.errors import UserError
from model_core.formats.atomic import write_atomically
from model_core.images.image import Image

_NO_UUID = "urn:uuid:00000000-0000-0000-0000-000000000000"  # one made by tifffile tells the computer and time


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
