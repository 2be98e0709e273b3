"""Files of microscopes, read by libraries that are installed at will: Nikon ND2, Leica LIF, Zeiss CZI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from model_core.errors import UserError
from model_core.images.image import Image, image_from_array
from model_core.images.units import positive

_METRE = 1e6  # micrometres


def read_microscope_file(path: Path, size: int) -> Image:
    """The first image in a file of ``size`` bytes; of several positions the first one.

    Raises:
        UserError: the library for such files is not installed, or the file lies about its size.
    """
    library, read = _READERS[path.suffix.lower()]
    try:
        module = import_module(library)
    except ImportError:
        raise UserError(
            f"To open “{path.name}”, the library “{library}” is needed: type “pip install {library}”, "
            "with the pip in this program's folder .venv."
        ) from None
    return read(module, path, size)


def _read_nd2(nd2: Any, path: Path, size: int) -> Image:
    with nd2.ND2File(path) as file:
        sizes = {axis: length for axis, length in file.sizes.items() if axis != "P"}
        _check(path, size * 100, sizes, file.dtype)  # pixels may be compressed
        pixels = np.asarray(file.asarray(position=0 if "P" in file.sizes else None))
        voxel = file.voxel_size()
        names = tuple(channel.channel.name for channel in file.metadata.channels or ())
    return _image(pixels, sizes, path, voxel.x, voxel.z, names)


def _read_lif(liffile: Any, path: Path, size: int) -> Image:
    with liffile.LifFile(path) as file:
        if not len(file.images):
            raise UserError(f"“{path.name}” holds no image.")
        image = file.images[0]
        _check(path, size, image.sizes, image.dtype)
        pixels = image.asarray()
        steps = {axis: abs(float(at[1] - at[0])) * _METRE for axis, at in image.coords.items() if len(at) > 1}
        return _image(pixels, image.sizes, path, steps.get("X"), steps.get("Z"))


def _read_czi(czifile: Any, path: Path, size: int) -> Image:
    with czifile.CziFile(path) as file:
        if hasattr(file, "scenes"):
            image = next(iter(file.scenes.values()))
            axes = image.axes
        else:  # the version for Python 3.11 and older, in which S is a scene and 0 a colour
            image = file
            axes = image.axes.replace("S", "s").replace("0", "S")
        sizes = dict(zip(axes, image.shape, strict=True))
        dtype = np.dtype(image.dtype).base
        _check(path, size * 100, sizes, dtype)  # pixels may be compressed
        pixels = np.asarray(image.asarray())
        xml = file.metadata()
    first = tuple(slice(None) if axis in "TCZYXS" else 0 for axis in sizes)
    sizes = {axis: length for axis, length in sizes.items() if axis in "TCZYXS"}
    steps, names = _czi_metadata(xml)
    return _image(pixels[first], sizes, path, steps.get("X"), steps.get("Z"), names)


def _czi_metadata(xml: str | None) -> tuple[dict[str, float], tuple[str, ...]]:
    """Micrometres from pixel to pixel by axis, and the names of the channels."""
    root = ElementTree.fromstring(xml or "<ImageDocument/>")
    steps = {}
    for distance in root.iterfind(".//Scaling/Items/Distance"):
        value = distance.findtext("Value")
        if value:
            steps[distance.get("Id", "")] = float(value) * _METRE
    names = (
        each.get("Name", "") for each in root.iterfind(".//Information/Image/Dimensions/Channels/Channel")
    )
    return steps, tuple(names)


_READERS: dict[str, tuple[str, Callable[[Any, Path, int], Image]]] = {
    ".nd2": ("nd2", _read_nd2),
    ".lif": ("liffile", _read_lif),
    ".czi": ("czifile", _read_czi),
}
SUFFIXES = tuple(_READERS)


def _check(path: Path, believed: int, sizes: Mapping[str, int], dtype: np.dtype) -> None:
    claimed = int(np.prod(list(sizes.values()), dtype=object)) * np.dtype(dtype).itemsize
    if not 0 < claimed <= believed:
        raise UserError(f"“{path.name}” is damaged or incomplete: it claims {claimed:,} bytes of pixels.")


def _image(
    pixels: np.ndarray,
    sizes: Mapping[str, int],
    path: Path,
    pixel_size: float | None,
    z_step: float | None,
    names: tuple[str, ...] = (),
) -> Image:
    axes = "".join(sizes)
    unknown = set(axes) - set("TCSZYX")
    if unknown:
        raise UserError(f"“{path.name}” has axes that are not understood: {axes}, shape {pixels.shape}.")
    image = image_from_array(pixels, axes, path=path, pixel_size=positive(pixel_size))
    return Image(
        image.pixels,
        pixel_size=image.pixel_size,
        z_step=positive(z_step) if image.shape[1] > 1 else None,
        path=path,
        channel_names=names if len(names) == image.channels else (),
    )
