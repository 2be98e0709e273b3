"""Keeps the colours of cells up to date with what is known of them, computing in a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.colouring import Colouring, by_kind, by_number
from cellpose_gui.document.document import Document
from model_core.annotation.classes import SETTING, Classes, from_setting
from model_core.annotation.objects import ObjectRecord, Review, Source
from model_core.annotation.shape import circularities, diameter, mean_brightness
from model_core.errors import Cancelled
from model_core.images.lazy import Pixels

EACH = "Each cell"
_REST = 150  # ms without a change after which colours are computed anew
_SOURCES = {Source.MODEL: "found by the model", Source.DRAWN: "drawn", Source.EDITED: "edited"}
_MARKS = (Review.ACCEPTED.value, Review.REJECTED.value)
_NO_CLASS = "no class"


@dataclass(frozen=True, eq=False)
class Known:
    """What colours are made of, as it is at one moment; `channels` (C, Z, Y, X)."""

    labels: np.ndarray
    channels: Pixels
    objects: dict[int, ObjectRecord]
    classes: Classes
    cancelled: Callable[[], bool]

    @property
    def planes(self) -> int:
        return int(self.labels.shape[0])


Make = Callable[[Known], Colouring]


def _class(known: Known) -> Colouring:
    kinds = {i: r.class_name or _NO_CLASS for i, r in known.objects.items()}
    colours = {each.name: each.colour for each in known.classes}
    return by_kind("Class", kinds, tuple(colours), _NO_CLASS, colours)


def _source(known: Known) -> Colouring:
    kinds = {i: _SOURCES[r.source] for i, r in known.objects.items()}
    return by_kind("Made by", kinds, tuple(_SOURCES.values()))


def _review(known: Known) -> Colouring:
    kinds = {i: r.review.value for i, r in known.objects.items()}
    return by_kind("Review", kinds, _MARKS, none=Review.UNREVIEWED.value)


def _confidence(known: Known) -> Colouring:
    none = float("nan")
    values = {i: none if r.confidence is None else r.confidence for i, r in known.objects.items()}
    return by_number("Confidence of the model", values)


def _area(known: Known) -> Colouring:
    unit = "px" if known.planes == 1 else "voxels"
    title = "Area" if known.planes == 1 else "Volume"
    return by_number(title, {i: float(r.area) for i, r in known.objects.items()}, unit)


def _diameter(known: Known) -> Colouring:
    values = {i: diameter(r.area, known.planes) for i, r in known.objects.items()}
    return by_number("Diameter", values, "px")


def _circularity(known: Known) -> Colouring:
    return by_number("Circularity", circularities(known.labels[0].copy(), known.objects, known.cancelled))


def _brightness(channel: int) -> Make:
    def make(known: Known) -> Colouring:
        values = mean_brightness(known.labels.copy(), known.channels[channel], known.cancelled)
        title = "Brightness" if len(known.channels) == 1 else f"Brightness in channel {channel + 1}"
        return by_number(title, {i: values.get(i, float("nan")) for i in known.objects})

    return make


def choices(channels: int, planes: int) -> dict[str, Make | None]:
    """What cells of such an image can be coloured by; None: so that neighbours differ."""
    found: dict[str, Make | None] = {
        EACH: None,
        "Class": _class,
        "Made by": _source,
        "Review": _review,
        "Confidence": _confidence,
        "Area" if planes == 1 else "Volume": _area,
        "Diameter": _diameter,
    }
    if planes == 1:
        found["Circularity"] = _circularity
    if channels == 1:
        found["Brightness"] = _brightness(0)
    else:
        found.update({f"Brightness, channel {n + 1}": _brightness(n) for n in range(channels)})
    return found


class ColourBy(QObject):
    """Says by what the cells of the open document are coloured; gives the colours when they are ready."""

    coloured = pyqtSignal(object)  # a Colouring; None: so that neighbours differ
    offered = pyqtSignal(list)  # the names of all choices, when they are others

    def __init__(self) -> None:
        super().__init__()
        self._document: Document | None = None
        self._choice = EACH
        self._choices = choices(1, 1)
        self._background = Background(self._take)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._compute)

    @property
    def names(self) -> list[str]:
        return list(self._choices)

    @property
    def choice(self) -> str:
        """A name of `names`; assign to change it."""
        return self._choice

    @choice.setter
    def choice(self, name: str) -> None:
        self._choice = name if name in self._choices else EACH
        self._compute()

    def set_document(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.patch_applied.disconnect(self._changed)
        self._document = document
        if document is not None:
            document.patch_applied.connect(self._changed)
            channels, planes, *_ = document.image.shape
            self._choices = choices(channels, planes)
            self.offered.emit(self.names)
        self.choice = self._choice

    def refresh(self) -> None:
        """Something that is not in the records has changed: the colour of a class."""
        self._changed()

    def _changed(self) -> None:
        if self._choices[self._choice] is not None:
            self._rest.start()

    def _compute(self) -> None:
        self._rest.stop()
        self._background.cancel()
        make, document = self._choices[self._choice], self._document
        if make is None or document is None:
            self.coloured.emit(None)
            return
        labels, pixels = document.labels, document.image.pixels  # type: ignore[attr-defined]
        classes = from_setting(document.settings.get(SETTING))

        def compute(cancelled: Callable[[], bool]) -> Colouring | None:
            try:
                return make(Known(labels, pixels, document.objects.snapshot(), classes, cancelled))
            except Cancelled:
                return None

        self._background.start(compute)

    def _take(self, colouring: object) -> None:
        self.coloured.emit(colouring)
