"""Vertices that can be taken hold of: where they are on screen, and which one is near."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from model_core.annotation.polygon import Point

_HALF = 4.0  # logical pixels: half the side of a handle
_NEAR = 8.0  # logical pixels within which the pointer takes hold


def with_handles(points: Sequence[Point], pixel_size: float, closed: bool) -> QPainterPath:
    """A line through the points with a small square at each."""
    path = line_through(points, closed)
    half = _HALF * pixel_size
    for x, y in points:
        path.addRect(QRectF(x - half, y - half, 2 * half, 2 * half))
    return path


def line_through(points: Sequence[Point], closed: bool = True) -> QPainterPath:
    path = QPainterPath()
    for number, (x, y) in enumerate(points):
        path.lineTo(x, y) if number else path.moveTo(x, y)
    if closed and points:
        path.closeSubpath()
    return path


def near_vertex(points: Sequence[Point], pointer: Pointer, pixel_size: float) -> int | None:
    """The index of the nearest vertex within reach."""
    reach = _NEAR * pixel_size
    away = [max(abs(x - pointer.x), abs(y - pointer.y)) for x, y in points]
    nearest = min(range(len(away)), key=away.__getitem__, default=None)
    return nearest if nearest is not None and away[nearest] <= reach else None


def near_side(points: Sequence[Point], pointer: Pointer, pixel_size: float) -> int | None:
    """The index that a new vertex would get on the side of the closed polygon within reach."""
    reach, best = _NEAR * pixel_size, None
    here = QPointF(pointer.x, pointer.y)
    for number, start in enumerate(points):
        a, b = QPointF(*start), QPointF(*points[(number + 1) % len(points)])
        way = b - a
        length = QPointF.dotProduct(way, way)
        share = min(max(QPointF.dotProduct(here - a, way) / length, 0.0), 1.0) if length else 0.0
        off = here - (a + way * share)
        distance = QPointF.dotProduct(off, off) ** 0.5
        if distance <= reach:
            reach, best = distance, number + 1
    return best
