"""The ring of the brush, and the sign in it that tells what a press would do."""

from __future__ import annotations

from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QColor, QPainterPath

from cellpose_gui.canvas.tools.tool import CREATES, ERASES_ALL, ERASES_ONE, REFUSED

_SIGN = 5.0  # logical pixels: the longest arm of a sign
_GAP = 4.0  # logical pixels between the two rings


def ring_path(
    x: float, y: float, radius: float, pixel_size: float, colour: QColor, double: bool
) -> QPainterPath:
    """A circle in image coordinates; `double` adds an outer one: it also takes what is another cell's.

    Signs tell eyes that do not see the colours: a plus makes a cell, a minus erases one, a cross all, a
    slash nothing. Extending a cell has none.
    """
    path = QPainterPath()
    path.addEllipse(QPointF(x, y), radius, radius)
    if double:
        outer = radius + _GAP * pixel_size
        path.addEllipse(QPointF(x, y), outer, outer)
    arm = min(radius * 0.5, _SIGN * pixel_size)
    for dx, dy in _SIGNS.get(colour.rgb(), ()):
        path.moveTo(x - dx * arm, y - dy * arm)
        path.lineTo(x + dx * arm, y + dy * arm)
    return path


_SIGNS: dict[int, tuple[tuple[float, float], ...]] = {
    CREATES.rgb(): ((1, 0), (0, 1)),
    ERASES_ONE.rgb(): ((1, 0),),
    ERASES_ALL.rgb(): ((0.7, 0.7), (0.7, -0.7)),
    REFUSED.rgb(): ((0.7, -0.7),),
}
