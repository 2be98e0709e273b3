"""TIFF in its dialects: small files are read, plain ones mapped, large ones read where somebody looks."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import tifffile

from model_core.errors import UserError
from model_core.images.image import Image, arranged, has_times, image_from_array
from model_core.images.lazy import LazyPixels, Pixels
from model_core.images.tiff_chunks import lazy_series
from model_core.images.units import micrometres, positive

LARGEST = 64 * 2**30  # bytes: no image is unpacked beyond this, whatever its header says
_LARGE = 128 * 2**20  # bytes of pixels from which on a file is read part by part
_HARMLESS = 64 * 2**20  # bytes: worth no question
# How far a compression can shrink constant pixels; a header that claims more lies.
_BEST_COMPRESSION: dict[int, int] = {
    tifffile.COMPRESSION.NONE: 1,
    tifffile.COMPRESSION.ADOBE_DEFLATE: 1_100,
    tifffile.COMPRESSION.DEFLATE: 1_100,
}
_BEST_OTHER_COMPRESSION = 50_000
_TRANSPARENCY = {tifffile.EXTRASAMPLE.ASSOCALPHA, tifffile.EXTRASAMPLE.UNASSALPHA}


def read_tiff(path: Path, size: int) -> Image:
    """The first image in a file of so many bytes, with the levels of its pyramid if it has some.

    Raises:
        UserError: there is none, it is damaged, or has too many axes. Decoders raise anything else.
    """
    with tifffile.TiffFile(path) as tiff:
        if not tiff.series:
            raise UserError(f"“{path.name}” holds no image.")
        series = tiff.series[0]
        _check_size(path, size, series)
        pixel_size, z_step = _calibration(tiff)
        axes = _named_axes(series)
        pixels = _lazy(path, size, series)
        if pixels is None:
            whole, axes = _known_axes(*_whole(path, series, axes))
            image = image_from_array(np.asarray(whole), axes, path=path, pixel_size=pixel_size, z_step=z_step)
            return replace(image, channel_names=_channel_names(tiff, image.channels))
        known = _known_axes(pixels, axes)
        levels: list[Pixels] = [arranged(*known)]
        for level in series.levels[1:]:
            pixels = lazy_series(path, size, level)
            if pixels is not None and level.axes == series.axes:
                levels.append(arranged(*_known_axes(pixels, axes)))
        coarser = tuple(level for level in levels[1:] if level.shape[:2] == levels[0].shape[:2])
        names = _channel_names(tiff, levels[0].shape[0])
        return Image(levels[0], pixel_size, z_step, path, coarser, names, has_times(*known))


def _check_size(path: Path, size: int, series: tifffile.TiffPageSeries) -> None:
    page = series.keyframe
    claimed = int(np.prod(series.shape, dtype=object)) * page.dtype.itemsize if page.dtype else 0
    plain = page.compression == tifffile.COMPRESSION.NONE
    believed = size * _BEST_COMPRESSION.get(page.compression, _BEST_OTHER_COMPRESSION)
    if claimed == 0:
        raise UserError(f"“{path.name}” is empty: its shape is {series.shape}.")
    if claimed > LARGEST or claimed > (believed if plain else max(believed, _HARMLESS)):
        raise UserError(
            f"“{path.name}” is damaged or incomplete: it says it holds {claimed:,} bytes of pixels "
            f"in a file of {size:,} bytes."
        )


def _lazy(path: Path, size: int, series: tifffile.TiffPageSeries) -> LazyPixels | None:
    """None for what is small, mapped or can only be read as a whole."""
    palette = series.keyframe.photometric == tifffile.PHOTOMETRIC.PALETTE
    if palette or (len(series.levels) == 1 and (series.nbytes <= _LARGE or _in_one_piece(series))):
        return None
    return lazy_series(path, size, series)


def _in_one_piece(series: tifffile.TiffPageSeries) -> bool:
    """Whether the pixels lie in the file as they do in memory."""
    return series.keyframe.compression == tifffile.COMPRESSION.NONE and series.dataoffset is not None


def _whole(path: Path, series: tifffile.TiffPageSeries, axes: str) -> tuple[np.ndarray, str]:
    """Mapped where it is large and nothing is compressed, else read.

    Whoever looks at a map of a file that another program cuts short is killed by the system, so what
    can be read at once is read.
    """
    page = series.keyframe
    mapped = series.nbytes > _LARGE and _in_one_piece(series)
    pixels: np.ndarray = tifffile.memmap(path, series=0, mode="r") if mapped else series.asarray()
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
        return np.moveaxis(page.colormap[:, pixels], 0, -1), series.axes + "S"
    return pixels, axes


def _named_axes(series: tifffile.TiffPageSeries) -> str:
    """Samples are colours if there is transparency among them, else channels."""
    if "C" in series.axes or _TRANSPARENCY.intersection(series.keyframe.extrasamples):
        return str(series.axes)
    return str(series.axes.replace("S", "C"))


def _known_axes(pixels: Pixels, axes: str) -> tuple[Pixels, str]:
    """Drops unnamed axes of length 1; pages without a meaning are channels if up to 4, else planes."""
    for at in reversed(range(len(axes))):
        if axes[at] not in "CSZYX" and pixels.shape[at] == 1:
            pixels, axes = pixels[(slice(None),) * at + (0,)], axes[:at] + axes[at + 1 :]
    unknown = [a for a in axes if a not in "TCSZYX"]
    if len(unknown) > 1:
        raise UserError(f"The image has axes that are not understood: {axes}, shape {pixels.shape}.")
    for letter in unknown:
        channels = "C" not in axes and "S" not in axes and pixels.shape[axes.index(letter)] <= 4
        meaning = "C" if channels else "Z" if "Z" not in axes else "T"
        axes = axes.replace(letter, meaning)
    return pixels, axes


def _channel_names(tiff: tifffile.TiffFile, count: int) -> tuple[str, ...]:
    """What OME or ImageJ metadata call the channels; nothing where some have no name."""
    names: list[str] = []
    if tiff.ome_metadata:
        first = tiff.ome_metadata.split("</Pixels>")[0]
        channels = re.findall(r"<Channel\b[^>]*>", first)
        found = [re.search(r'\bName="([^"]+)"', channel) for channel in channels]
        names = [html.unescape(name.group(1)) for name in found if name]
    elif isinstance(labels := (tiff.imagej_metadata or {}).get("Labels"), list):
        names = [str(label) for label in labels]
    return tuple(names) if len(names) == count else ()


def _calibration(tiff: tifffile.TiffFile) -> tuple[float | None, float | None]:
    """Micrometres a pixel and a plane, from OME, ImageJ or the resolution tag."""
    if tiff.ome_metadata:
        found = {}
        for key in ("PhysicalSizeX", "PhysicalSizeZ"):
            value = re.search(rf'{key}="([0-9.eE+-]+)"', tiff.ome_metadata)
            unit = re.search(rf'{key}Unit="([^"]+)"', tiff.ome_metadata)
            scale = micrometres(unit.group(1)) if unit else 1.0
            found[key] = float(value.group(1)) * scale if value and scale else None
        return positive(found["PhysicalSizeX"]), positive(found["PhysicalSizeZ"])
    imagej = tiff.imagej_metadata or {}
    scale = micrometres(str(imagej.get("unit", "")))
    if scale is None:
        return None, None
    resolution = tiff.pages[0].tags.get("XResolution")  # type: ignore[union-attr]
    pixel_size = None
    if resolution is not None and resolution.value[0]:
        pixel_size = resolution.value[1] / resolution.value[0] * scale
    spacing = imagej.get("spacing")
    return positive(pixel_size), positive(float(spacing) * scale if spacing else None)
