"""One image with named axes, whatever file or array it came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_core.errors import UserError
from model_core.images.lazy import Pixels


@dataclass(frozen=True, eq=False)
class Image:
    """Pixels as ``(C, Z, Y, X)`` in their native dtype; a plane has Z = 1, a grey image C = 1.

    Attributes:
        pixels: unsigned or signed integers, bool or floats; may be a memory map of the file, or `LazyPixels`.
        pixel_size: micrometres per pixel in y and x, or None when the file does not say.
        z_step: micrometres from plane to plane, or None.
        path: the file, or None for an array.
        levels: copies with fewer rows and columns that the file holds beside, the finest first.
        channel_names: what the file calls the channels, or nothing.
        time_series: the planes are moments, not depths.
    """

    pixels: Pixels
    pixel_size: float | None = None
    z_step: float | None = None
    path: Path | None = None
    levels: tuple[Pixels, ...] = ()
    channel_names: tuple[str, ...] = ()
    time_series: bool = False

    @property
    def shape(self) -> tuple[int, int, int, int]:
        c, z, y, x = self.pixels.shape
        return c, z, y, x

    @property
    def channels(self) -> int:
        return self.pixels.shape[0]

    @property
    def dtype(self) -> np.dtype:
        return self.pixels.dtype

    @property
    def name(self) -> str:
        return self.path.name if self.path else "image"

    def coarse(self, side: int) -> Pixels:
        """The smallest copy ``(C, Z, Y, X)`` whose longer side has at least so many px, or all the pixels."""
        for level in reversed(self.levels):
            if max(level.shape[2:]) >= side:
                return level
        return self.pixels

    @property
    def anisotropy(self) -> float | None:
        """Plane distance over pixel size, or None when either is unknown."""
        return self.z_step / self.pixel_size if self.z_step and self.pixel_size else None


def image_from_array(array: np.ndarray, axes: str | None = None, **attributes: object) -> Image:
    """An `Image` over an array, without copying where numpy can avoid it.

    Args:
        array: numbers of any real dtype, 2 to 4 axes after those of length 1 that ``axes`` does not name.
        axes: letters among T, C, S (colour samples), Z, Y, X, one an axis. None guesses: ``(Y, X)``,
            ``(Y, X, 3 or 4)`` as colour, ``(2 to 4, Y, X)`` as channels, else ``(Z, Y, X)``; four as CZYX.
        attributes: the other fields of `Image`.

    Raises:
        UserError: not an image: empty, complex, or axes that do not fit.
    """
    try:
        array = np.asarray(array)
    except ValueError:
        raise UserError("These are not pixels: rows of different lengths.") from None
    if not (axes is None or isinstance(axes, str)):
        raise UserError(f"Axes are given as letters, such as “ZYX”; {axes!r} is not possible.")
    if array.dtype.kind not in "buif":
        raise UserError(f"These are not pixels: values of type {array.dtype}.")
    if array.size == 0:
        raise UserError(f"The image is empty: its shape is {array.shape}.")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    axes = (axes or _guess_axes(array.shape)).upper()
    return Image(arranged(array, axes), time_series=has_times(array, axes), **attributes)  # type: ignore[arg-type]


def arranged(array: Pixels, axes: str) -> Pixels:
    """``(C, Z, Y, X)`` of an array whose axes have these letters; nothing is read.

    Raises:
        UserError: the axes do not fit, or there are too many of them.
    """
    if len(axes) != array.ndim or len(set(axes)) != len(axes) or not set("YX") <= set(axes) <= set("TCSZYX"):
        raise UserError(f"Axes {axes} do not describe an image of shape {array.shape}.")
    if "T" in axes:
        axes, array = _fold_time(axes, array)
    if "S" in axes:
        samples = array.shape[axes.index("S")]
        if samples in (2, 4) and array.dtype.kind == "u":  # grey or colour with transparency
            array = _picked(array, axes.index("S"), slice(samples - 1))
        if "C" not in axes:
            axes = axes.replace("S", "C")
        elif array.shape[axes.index("S")] == 1:
            array = _picked(array, axes.index("S"), 0)
            axes = axes.replace("S", "")
        else:
            raise UserError("The image has both channels and colour samples; save it with one of them.")
    for missing in set("CZ") - set(axes):
        axes, array = missing + axes, array[None]
    return array.transpose([axes.index(a) for a in "CZYX"])


def has_times(array: Pixels, axes: str) -> bool:
    """Whether the planes that `arranged` makes of an array are moments."""
    return "T" in axes and array.shape[axes.index("T")] > 1


def _picked(array: Pixels, axis: int, index: int | slice) -> Pixels:
    return array[(slice(None),) * axis + (index,)]


def _guess_axes(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return "YX"
    if len(shape) == 3:
        if shape[-1] in (3, 4) and shape[0] > 4:
            return "YXS"
        return "CYX" if 2 <= shape[0] <= 4 else "ZYX"
    if len(shape) == 4:
        return "ZYXS" if shape[-1] in (3, 4) and shape[1] > 4 else "CZYX"
    raise UserError(f"An image has 2 to 4 axes; this one has shape {shape}.")


def _fold_time(axes: str, array: Pixels) -> tuple[str, Pixels]:
    """Moments become planes; a time series of stacks has one axis too many."""
    at = axes.index("T")
    if array.shape[at] == 1 or "Z" not in axes:
        if array.shape[at] == 1:
            return axes.replace("T", ""), _picked(array, at, 0)
        return axes.replace("T", "Z"), array
    z = axes.index("Z")
    if array.shape[z] == 1:
        return axes.replace("Z", "").replace("T", "Z"), _picked(array, z, 0)
    raise UserError(
        f"This is a time series of {array.shape[at]} stacks; open one time point at a time "
        f"(axes {axes}, shape {array.shape})."
    )
