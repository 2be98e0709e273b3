"""Where the mouse or pen is, in image coordinates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pointer:
    """A position in image coordinates with the modifier keys held. Pixel (row, column) covers [column, column
    + 1] x [row, row + 1]; the position may lie outside the image."""

    x: float
    y: float
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    pressure: float = 1.0  # of a pen, 0 to 1
    rubber: bool = False  # the other end of a pen

    @property
    def row(self) -> int:
        return int(self.y // 1)

    @property
    def col(self) -> int:
        return int(self.x // 1)
