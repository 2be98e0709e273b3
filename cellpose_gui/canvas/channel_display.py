"""How one channel of an image becomes colour: levels, gamma, colour or lookup table, on or off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyqtgraph as pg

from cellpose_gui.canvas.levels import auto_levels
from model_core.images.lazy import Pixels

COLOURS: dict[str, tuple[int, int, int]] = {
    "grey": (255, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "magenta": (255, 0, 255),
    "cyan": (0, 255, 255),
    "orange": (255, 140, 0),
}
TABLES = ("viridis", "magma", "inferno", "plasma", "cividis")  # lookup tables that go through several hues
_BY_COUNT = {1: ("grey",), 2: ("green", "magenta"), 3: ("red", "green", "blue")}
_MANY = ("grey", "red", "green", "blue", "yellow", "magenta", "cyan", "orange")
_SHOWN = 3  # channels at the start; more at once add up to white
_STEPS = 4096  # shades that floating-point and wide integer pixels are sorted into


@dataclass(frozen=True, slots=True)
class ChannelDisplay:
    """`black` and `white` in the units of the image; `colour` a name of COLOURS or TABLES, or an (r, g, b) of
    0-255; `name` what the person calls it, "" for its number."""

    black: float
    white: float
    gamma: float = 1.0
    colour: str | tuple[int, int, int] = "grey"
    visible: bool = True
    name: str = ""

    def alone(self) -> ChannelDisplay:
        """As it is shown by itself: in grey, of which eyes see more shades, unless it has a lookup table."""
        return replace(self, visible=True, colour=self.colour if self.colour in TABLES else "grey")

    def table(self, dtype: np.dtype) -> np.ndarray:
        """Colours (uint32 0xffRRGGBB) of every value of an 8- or 16-bit type, else of `_STEPS` shades."""
        steps = _STEPS if _is_wide(dtype) else int(np.iinfo(dtype).max) + 1
        span = max(self.white - self.black, 1e-30)
        shade = np.linspace(0, 1, steps) if _is_wide(dtype) else (np.arange(steps) - self.black) / span
        shade = np.clip(shade, 0, 1) ** (1 / self.gamma)
        if isinstance(self.colour, str) and self.colour in TABLES:
            colours = np.asarray(pg.colormap.get(self.colour).getLookupTable(nPts=256)).astype(np.uint32)
            picked = colours[np.rint(shade * 255).astype(np.intp)].T
            return np.uint32(0xFF000000) | picked[0] << np.uint32(16) | picked[1] << np.uint32(8) | picked[2]
        red, green, blue = COLOURS[self.colour] if isinstance(self.colour, str) else self.colour
        return (
            np.uint32(0xFF000000)
            | np.rint(shade * red).astype(np.uint32) << np.uint32(16)
            | np.rint(shade * green).astype(np.uint32) << np.uint32(8)
            | np.rint(shade * blue).astype(np.uint32)
        )

    def indices(self, pixels: np.ndarray) -> np.ndarray:
        """Positions in `table` of sampled pixels; NaN counts as black."""
        if not _is_wide(pixels.dtype):
            return pixels
        scaled = pixels.astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled -= np.float32(self.black)
            scaled *= np.float32((_STEPS - 1) / max(self.white - self.black, 1e-30))
        # fmax and fmin give the other operand where one is NaN, so NaN turns into 0 here.
        return np.fmin(np.fmax(scaled, 0), _STEPS - 1).astype(np.uint16)


def _is_wide(dtype: np.dtype) -> bool:
    return dtype not in (np.uint8, np.uint16)


def default_channels(pixels: Pixels, channel_names: Sequence[str] = ()) -> tuple[ChannelDisplay, ...]:
    """Displays for `(C, Y, X)` pixels: three 8-bit channels are a photograph and keep their full range."""
    count = pixels.shape[0]
    called = channel_names if len(channel_names) == count else [""] * count
    names = _BY_COUNT.get(count, _MANY)
    if count == 3 and pixels.dtype == np.uint8:
        return tuple(
            ChannelDisplay(0, 255, colour=colour, name=name)
            for colour, name in zip(names, called, strict=True)
        )
    return tuple(
        ChannelDisplay(
            *auto_levels(channel),
            colour=names[number % len(names)],
            visible=number < _SHOWN,
            name=called[number],
        )
        for number, channel in enumerate(pixels)
    )
