"""Bounding boxes: put together, widened, seen from within another one."""

from __future__ import annotations

from collections.abc import Iterable

from model_core.annotation.objects import ObjectRecord
from model_core.annotation.patch import Box


def union(first: Box, second: Box) -> Box:
    """The smallest box that holds both."""
    z, y, x = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(first, second, strict=True))
    return z, y, x


def around(records: Iterable[ObjectRecord]) -> Box:
    """The smallest box that holds all objects; there must be one."""
    z0, z1, y0, y1, x0, x1 = zip(*(record.box for record in records), strict=True)
    return slice(min(z0), max(z1)), slice(min(y0), max(y1)), slice(min(x0), max(x1))


def in_plane(box: Box, plane: int, margin: int, shape: tuple[int, ...]) -> Box:
    """One plane of a box, wider by `margin` on all four sides as far as the image reaches."""
    _, y, x = box
    _, height, width = shape
    return (
        slice(plane, plane + 1),
        slice(max(0, y.start - margin), min(height, y.stop + margin)),
        slice(max(0, x.start - margin), min(width, x.stop + margin)),
    )


def relative(part: Box, whole: Box) -> Box:
    """`part` as an index into the array that `whole` cuts out."""
    z, y, x = (slice(p.start - w.start, p.stop - w.start) for p, w in zip(part, whole, strict=True))
    return z, y, x
