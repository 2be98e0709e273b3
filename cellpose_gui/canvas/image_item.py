"""The image below the labels: every visible channel through its levels and colour, added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from PyQt6.QtCore import QRectF, pyqtSignal

from cellpose_gui.canvas.channel_display import ChannelDisplay
from cellpose_gui.canvas.display_settings import NOTHING, Display, ImageStyle
from cellpose_gui.canvas.plane_source import Draw, LookUp, PlaneSource, WholePlane
from cellpose_gui.canvas.sampling import PixelGrid
from cellpose_gui.canvas.screen_item import ScreenItem
from cellpose_gui.canvas.tiled_plane import TiledPlane, is_tiled
from model_core.images.image import Image


def shown_channels(channels: Sequence[ChannelDisplay], style: ImageStyle) -> list[int]:
    """Which channels are seen."""
    if style.single is not None:
        return [style.single]
    return [number for number, channel in enumerate(channels) if channel.visible]


class ImageItem(ScreenItem):
    """Shows one plane of an image, as its channels say.

    Zoomed in, the nearest pixel is shown; zoomed out, averaged copies. See `PlaneSource`.
    """

    keeps_overview = True

    looks_changed = pyqtSignal()  # other pixels, colours or levels; not for another part or zoom
    pixels_arrived = pyqtSignal()  # some that were not read before
    failed = pyqtSignal(object)  # a UserError: some pixels can't be read

    def __init__(self) -> None:
        super().__init__()
        self._style = NOTHING.style
        self._source: PlaneSource | None = None
        self._size = (0, 0)
        self._dtype = np.dtype(np.uint8)
        self._channels: tuple[ChannelDisplay, ...] = ()
        self._shown: list[tuple[int, ChannelDisplay]] = []
        self._tables: list[np.ndarray] = []

    def set_image(self, image: Image | None, display: Display = NOTHING, plane: int = 0) -> None:
        """Show a plane of an image; None shows nothing."""
        if self._source is not None:
            self._source.stop()
            for signal in (self._source.changed, self._source.settled, self._source.failed):
                signal.disconnect()
            self._source = None
        if image is None:
            self._shown, self._tables = [], []
            self.set_extent(0, 0)
            return
        self._size, self._dtype = image.shape[2:], image.dtype
        if is_tiled(image.pixels):
            self._source = TiledPlane(image.pixels, image.levels, plane)
        else:
            self._source = WholePlane(np.asarray(image.pixels), plane)
        self._source.changed.connect(self._pixels_changed)
        self._source.settled.connect(self.looks_changed)
        self._source.failed.connect(self.failed)
        self._style = display.style
        self.channels = display.channels
        self.set_extent(*self._size)

    def set_plane(self, plane: int) -> None:
        if self._source is not None:
            self._source.set_plane(plane)
        self.update()

    @property
    def channels(self) -> tuple[ChannelDisplay, ...]:
        return self._channels

    @channels.setter
    def channels(self, channels: tuple[ChannelDisplay, ...]) -> None:
        self._channels = tuple(channels)
        self._make_tables()

    @property
    def style(self) -> ImageStyle:
        return self._style

    @style.setter
    def style(self, style: ImageStyle) -> None:
        self._style = style
        self._make_tables()

    def values_at(self, row: int, col: int) -> tuple[float, ...]:
        """One a channel; NaN where the pixel is not read yet: `pixels_arrived` tells when it is."""
        return self._source.values_at(row, col) if self._source is not None else ()

    def _make_tables(self) -> None:
        alone = self._style.single is not None
        self._shown = [
            (number, self._channels[number].alone() if alone else self._channels[number])
            for number in shown_channels(self._channels, self._style)
        ]
        self._tables = [channel.table(self._dtype) for _, channel in self._shown]
        self.update()
        self.looks_changed.emit()

    @property
    def layers(self) -> int:
        return max(1, len(self._shown))

    def prepare(self, grid: PixelGrid, later: bool = False) -> Callable[[], np.ndarray]:
        assert self._source is not None  # an item without an image has no extent and is never painted
        parts = [
            (partial(_colours, channel, table), self._source.prepare(number, grid.rows, grid.cols, grid.step))
            for (number, channel), table in zip(self._shown, self._tables, strict=True)
        ]
        return partial(_mixed, parts, (len(grid.rows), len(grid.cols)), self._style.inverted)

    def picture(self, side: int) -> np.ndarray | None:
        """The whole plane, its longer side `side` pixels: uint32 0xffRRGGBB (Y, X); None without an image."""
        if self._source is None:
            return None
        step = max(self._size) / side
        rows, cols = (
            ((np.arange(max(1, round(size / step))) + 0.5) * step).astype(np.intp).clip(0, size - 1)
            for size in self._size
        )
        return self.prepare(PixelGrid(0, 0, rows, cols, step, 1.0))()

    def _pixels_changed(self, area: QRectF) -> None:
        self.update(area)
        self.pixels_arrived.emit()


def _mixed(parts: Sequence[tuple[LookUp, Draw]], shape: tuple[int, int], inverted: bool) -> np.ndarray:
    """Channels of different colours add up; each byte of a colour saturates by itself."""
    result: np.ndarray | None = None
    for look_up, draw in parts:
        colours = draw(look_up)
        result = colours if result is None else cv2.add(_bytes(result), _bytes(colours)).view(np.uint32)
    if result is None:
        result = np.full(shape, 0xFF000000, np.uint32)
    if inverted:
        result = result ^ np.uint32(0x00FFFFFF)
    return result.reshape(shape)


def _colours(channel: ChannelDisplay, table: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    return table.take(channel.indices(pixels))


def _bytes(colours: np.ndarray) -> np.ndarray:
    return colours.view(np.uint8).reshape(colours.shape[0], -1)
