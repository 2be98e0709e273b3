"""A graphics item that keeps its picture of the view and draws only what has come to look different."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import cast

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF, QThreadPool
from PyQt6.QtGui import QImage, QPainter, QTransform
from PyQt6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.sampling import PixelGrid, pixel_grid
from cellpose_gui.canvas.scrolling import Hole, Picture, taken_over

AT_ONCE = 500_000  # device pixels that the thread of the window draws in a frame; more go to a worker
_MOST_AREAS = 100  # that are noted one by one


class ScreenItem(pg.GraphicsObject):
    """Shows a (Y, X) source by sampling it at the device pixels of the view.

    An edit draws the pixels of its box, a move of the view those that come into sight. What is too much for
    a frame is drawn by a worker: meanwhile the last picture is shown, moved and scaled to where it belongs.
    The item covers [0, width] x [0, height]; image pixel (0, 0) covers [0, 1] x [0, 1].
    """

    margin = 0  # device pixels around a picture that its colours depend on
    image_format = QImage.Format.Format_RGB32
    keeps_overview = False  # whether an older picture of the whole source may show what comes into sight

    def __init__(self) -> None:
        super().__init__()
        self._height = self._width = 0
        self._picture: Picture | None = None
        self._overview: Picture | None = None
        self._spare: np.ndarray | None = None  # the memory of the picture before
        self._dirty: list[QRectF] = []  # parts of the image that the picture does not show as they are
        self._since: list[QRectF] = []  # what has changed since the worker began
        self._pool = QThreadPool()  # of its own: a frame must not wait for whatever else is computed
        self._pool.setMaxThreadCount(1)
        self._worker = Background(self._take_picture, self._pool)

    @abstractmethod
    def prepare(self, grid: PixelGrid, later: bool = False) -> Callable[[], np.ndarray] | None:
        """What gives the colours of `grid` without its margin, as all looks now; None: nothing is seen.

        Colours are uint32 0xAARRGGBB in C order. `later`: it will be called in another thread.
        """

    @property
    def layers(self) -> int:
        """How many times as long as others it takes to draw a pixel."""
        return 1

    @property
    def busy(self) -> bool:
        """Whether a worker draws a picture that will replace the one that is shown."""
        return self._worker.busy

    def set_extent(self, height: int, width: int) -> None:
        """The size of another source in pixels; nothing of the one before is shown any more."""
        self.prepareGeometryChange()
        self._height, self._width = height, width
        self._worker.cancel()
        self._picture = self._overview = None
        self.update()

    def update(self, *area: QRectF) -> None:
        """Draw everything again, or an area, because it looks different now."""
        whole = self.boundingRect()
        if not area:
            self._overview = None
        for changed in area or (whole,):
            self._dirty = _with(self._dirty, changed & whole)
            self._since = _with(self._since, changed & whole)
        super().update(*area)

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._width, self._height)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        device, view = painter.device(), painter.worldTransform()
        assert device is not None  # a painter that paints has one
        ratio = device.devicePixelRatioF()
        window = QRectF(widget.rect() if widget is not None else painter.window())
        seen = view.inverted()[0].mapRect(window) & self.boundingRect()
        grid = pixel_grid(view, ratio, seen, self._height, self._width, self.margin)
        if grid is None:
            return
        self._catch_up(grid, view)
        picture = self._picture
        if picture is None:
            return
        if not picture.grid.same_zoom(grid):
            if self._overview is not None and not picture.area.contains(seen):
                painter.drawImage(self._overview.area, self._image_of(self._overview))
            painter.drawImage(picture.area, self._image_of(picture))
            return
        image = self._image_of(picture)
        image.setDevicePixelRatio(ratio)
        painter.save()
        painter.resetTransform()
        corner = view.map(picture.area.topLeft()) * ratio
        painter.drawImage(QPointF(round(corner.x()), round(corner.y())) / ratio, image)
        painter.restore()

    def _image_of(self, picture: Picture) -> QImage:
        """Borrows the memory of the picture: draw it before that goes."""
        height, width = picture.colours.shape
        return QImage(cast(bytes, picture.colours.data), width, height, 4 * width, self.image_format)

    def _keep(self, picture: Picture) -> None:
        """This is what the view shows now."""
        self._picture = picture
        edge = picture.grid.step  # a device pixel belongs to the picture if its centre does
        if self.keeps_overview and picture.area.adjusted(-edge, -edge, edge, edge).contains(
            self.boundingRect()
        ):
            self._overview = picture

    def _catch_up(self, grid: PixelGrid, view: QTransform) -> None:
        """Make the picture that of `grid`, or put a worker on it."""
        last = self._picture
        taken = None if last is None else taken_over(last, grid, self.margin, self._spare)
        height, width = grid.size(self.margin)
        if taken is None:
            colours, holes = np.empty((height, width), np.uint32), [(slice(0, height), slice(0, width))]
        else:
            colours, holes = taken
            holes += [hole for area in self._dirty if (hole := _under(area, view, grid, self.margin))]
        area = _covered(grid, view, self.margin)
        if self.layers * sum(_pixels(hole) for hole in holes) > AT_ONCE:
            self._draw_later(grid, area)
            return
        for ys, xs in holes:
            draw = self.prepare(grid.part(ys, xs, self.margin))
            if draw is None:
                self._picture = None
                break
            colours[ys, xs] = draw()
        else:
            self._keep(Picture(grid, colours, area))
            if last is not None and last.colours is not colours:
                in_use = self._overview is not None and self._overview.colours is last.colours
                self._spare = None if in_use else last.colours
        self._dirty = []

    def _draw_later(self, grid: PixelGrid, area: QRectF) -> None:
        if self._worker.busy:  # its picture is shown first, newer than the present one at least
            return
        draw = self.prepare(grid, later=True)
        if draw is None:
            self._picture = None
            return
        self._since = []
        self._worker.start(lambda cancelled: Picture(grid, draw(), area))

    def _take_picture(self, picture: object) -> None:
        assert isinstance(picture, Picture)
        self._keep(picture)
        self._dirty = self._since
        super().update()


def _with(areas: list[QRectF], area: QRectF) -> list[QRectF]:
    """These and one more."""
    if area.isEmpty() or any(other.contains(area) for other in areas):
        return areas
    if len(areas) < _MOST_AREAS:
        return [*areas, area]
    for other in areas:
        area = area | other
    return [area]


def _under(area: QRectF, view: QTransform, grid: PixelGrid, margin: int) -> Hole | None:
    """The device pixels of `grid`, counted without its margin, that an area of the image touches."""
    on_screen = view.mapRect(area)
    ranges = []
    for low, high, first, size in (
        (on_screen.top(), on_screen.bottom(), grid.top, len(grid.rows)),
        (on_screen.left(), on_screen.right(), grid.left, len(grid.cols)),
    ):
        start = max(0, int(low * grid.ratio // 1) - first - margin)
        stop = min(size - 2 * margin, int(-(-high * grid.ratio // 1)) - first - margin)
        if start >= stop:
            return None
        ranges.append(slice(start, stop))
    return ranges[0], ranges[1]


def _covered(grid: PixelGrid, view: QTransform, margin: int) -> QRectF:
    """What part of the image the device pixels of a grid without its margin cover."""
    height, width = grid.size(margin)
    corner = QPointF(grid.left + margin, grid.top + margin) / grid.ratio
    on_screen = QRectF(corner.x(), corner.y(), width / grid.ratio, height / grid.ratio)
    return view.inverted()[0].mapRect(on_screen)


def _pixels(hole: Hole) -> int:
    ys, xs = hole
    return int((ys.stop - ys.start) * (xs.stop - xs.start))
