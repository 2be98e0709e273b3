"""Finished regions: parts of an image in which a person vouches for every object and for the background."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from model_core.annotation.patch import Box

SETTING = "finished_regions"  # of a document: a list of boxes [z0, z1, y0, y1, x0, x1], half open


def finished_regions(settings: Mapping[str, Any], shape: tuple[int, int, int]) -> list[Box]:
    """The finished regions of a document, cut to an image of ``shape`` (Z, Y, X).

    Settings come from a file that is not trusted: what is no box is left out.
    """
    stored = settings.get(SETTING)
    boxes = []
    for numbers in stored if isinstance(stored, list) else []:
        if not (isinstance(numbers, list) and len(numbers) == 6 and all(type(n) is int for n in numbers)):
            continue
        box = tuple(
            slice(max(0, low), min(high, size))
            for low, high, size in zip(numbers[::2], numbers[1::2], shape, strict=True)
        )
        if all(part.start < part.stop for part in box):
            boxes.append(box)
    return boxes  # type: ignore[return-value]


def as_setting(boxes: Iterable[Box]) -> list[list[int]]:
    """Boxes as `finished_regions` reads them, for `Document.set_setting(SETTING, ...)`."""
    return [[edge for part in box for edge in (part.start, part.stop)] for box in boxes]
