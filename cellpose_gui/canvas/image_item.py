"""The image below the labels: every visible channel through its levels and colour, added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from PyQt6.QtCore import pyqtSignal

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.channel_display import ChannelDisplay, default_channels
from cellpose_gui.canvas.pyramid import build_pyramid
from cellpose_gui.canvas.sampling import PixelGrid, take_pixels
from cellpose_gui.canvas.screen_item import ScreenItem


@dataclass(frozen=True, slots=True)
class ImageStyle:
    """`single`: the one channel to show, None for all visible ones; `inverted`: dark turns bright."""

    single: int | None = None
    inverted: bool = False


def shown_channels(channels: Sequence[ChannelDisplay], style: ImageStyle) -> list[int]:
    """Which channels are seen."""
    if style.single is not None:
        return [style.single]
    return [number for number, channel in enumerate(channels) if channel.visible]


class ImageItem(ScreenItem):
    """Shows one plane of a (C, Z, Y, X) image.

    Zoomed in, the nearest pixel is shown. Zoomed out, it is taken from halved, area-averaged copies of the
    plane that are built in a thread; until they are there every n-th pixel is shown.
    """

    looks_changed = pyqtSignal()  # other pixels, colours or levels; not for another part or zoom

    def __init__(self) -> None:
        super().__init__()
        self._style = ImageStyle()
        self._pixels: np.ndarray | None = None
        self._plane = 0
        self._channels: tuple[ChannelDisplay, ...] = ()
        self._shown: list[tuple[int, ChannelDisplay]] = []
        self._tables: list[np.ndarray] = []
        self._pyramid: list[np.ndarray] = []
        self._background = Background(self._pyramid_built)

    def set_pixels(self, pixels: np.ndarray | None, plane: int = 0) -> None:
        """Show `plane` of `pixels` (C, Z, Y, X) with automatic levels; None shows nothing."""
        self._pixels, self._plane = pixels, plane
        if pixels is None:
            self._shown, self._tables = [], []
            self.set_extent(0, 0)
            self._background.cancel()
            return
        self._style = ImageStyle(inverted=self._style.inverted)
        self.channels = default_channels(pixels, plane)
        self.set_extent(*pixels.shape[2:])
        self._rebuild_pyramid()

    def set_plane(self, plane: int) -> None:
        self._plane = plane
        if self._pixels is not None:
            self._rebuild_pyramid()
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

    def _make_tables(self) -> None:
        dtype = self._pixels.dtype if self._pixels is not None else np.dtype(np.uint8)
        alone = self._style.single is not None
        self._shown = [
            (number, self._channels[number].alone() if alone else self._channels[number])
            for number in shown_channels(self._channels, self._style)
        ]
        self._tables = [channel.table(dtype) for _, channel in self._shown]
        self.update()
        self.looks_changed.emit()

    def render(self, grid: PixelGrid) -> np.ndarray:
        source, rows, cols, step = self._source(grid)
        result: np.ndarray | None = None
        for (number, channel), table in zip(self._shown, self._tables, strict=True):
            colours = take_pixels(source[number], rows, cols, step, partial(_colours, channel, table))
            # Channels of different colours add up; each byte of a colour saturates by itself.
            result = colours if result is None else cv2.add(_bytes(result), _bytes(colours)).view(np.uint32)
        if result is None:
            result = np.full((len(rows), len(cols)), 0xFF000000, np.uint32)
        if self._style.inverted:
            result = result ^ np.uint32(0x00FFFFFF)
        return result.reshape(len(rows), len(cols))

    def picture(self, side: int) -> np.ndarray | None:
        """The whole plane, its longer side `side` pixels: uint32 0xffRRGGBB (Y, X); None without an image."""
        if self._pixels is None:
            return None
        height, width = self._pixels.shape[2:]
        step = max(height, width) / side
        rows, cols = (
            ((np.arange(max(1, round(size / step))) + 0.5) * step).astype(np.intp).clip(0, size - 1)
            for size in (height, width)
        )
        return self.render(PixelGrid(0, 0, rows, cols, step, 1.0))

    def _source(self, grid: PixelGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """The copy of the plane to sample, (C, Y, X), with rows, columns and step in its own pixels."""
        assert self._pixels is not None  # an item without pixels has no extent and is never painted
        level = min(int(np.log2(max(grid.step, 1))), len(self._pyramid))
        source = self._pyramid[level - 1] if level else self._pixels[:, self._plane]
        rows = np.minimum(grid.rows >> level, source.shape[1] - 1)
        cols = np.minimum(grid.cols >> level, source.shape[2] - 1)
        return source, rows, cols, grid.step / 2**level

    def _rebuild_pyramid(self) -> None:
        assert self._pixels is not None
        self._pyramid = []
        plane = self._pixels[:, self._plane]
        self._background.start(lambda cancelled: build_pyramid(plane, cancelled))

    def _pyramid_built(self, pyramid: object) -> None:
        assert isinstance(pyramid, list)
        self._pyramid = pyramid
        self.update()
        self.looks_changed.emit()


def _colours(channel: ChannelDisplay, table: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    return table.take(channel.indices(pixels))


def _bytes(colours: np.ndarray) -> np.ndarray:
    return colours.view(np.uint8).reshape(colours.shape[0], -1)
