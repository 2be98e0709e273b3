"""The fields of planes, each by itself, at the size of the image."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model_core.images.scaled import ScaledImage
from model_core.segmentation.diameter import LARGEST_ZOOM
from model_core.segmentation.options import Options
from model_core.segmentation.scaling import resized, resized_to
from model_core.segmentation.tiling import Cancel, Fields, cut, predict_fields, widened

if TYPE_CHECKING:
    from model_core.models.model import Model

_SIDE = 2560  # px as the net sees them: what is predicted at once
_MARGIN = 32  # px likewise: how far the net sees beyond a part, so that parts fit together
_NOTHING = -30.0  # cellprob where there is nothing to see


@dataclass(frozen=True)
class PlanePredictor:
    """Shows planes of an image to the net at the scale it is used to.

    Attributes:
        diameter: px of the objects. options: tile, batch_size and augment count here.
        cancel: asked before every batch of tiles.
    """

    model: Model
    image: ScaledImage
    diameter: float
    options: Options
    cancel: Cancel | None = None

    def no_fields(self, dtype: type[np.floating]) -> Fields:
        """Fields of the whole image that are yet to be written; planes that nobody writes take no memory."""
        return Fields(np.zeros((2, *self.image.shape), dtype), np.zeros(self.image.shape, dtype))

    def predict(
        self,
        fields: Fields,
        z: int,
        rows: slice,
        columns: slice,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Writes the fields of a part of a plane, seen with what surrounds it.

        A part that shows the same value everywhere is not worth a look: its flows are 0.

        Args:
            progress: called with the fraction done.

        Raises:
            Cancelled: ``cancel`` said so.
        """
        wanted = self.model.network.magnified * self.model.diameter
        zoom = min(wanted / self.diameter, LARGEST_ZOOM)
        parts = [(ys, xs) for ys in cut(rows, _SIDE / zoom) for xs in cut(columns, _SIDE / zoom)]
        for number, (ys, xs) in enumerate(parts):

            def tiles(done: int, total: int, number: int = number) -> None:
                if progress:
                    progress((number + done / total) / len(parts))

            self._predict_part(fields, z, ys, xs, zoom, tiles)

    def _predict_part(
        self,
        fields: Fields,
        z: int,
        rows: slice,
        columns: slice,
        zoom: float,
        tiles: Callable[[int, int], None],
    ) -> None:
        flows, cellprob = fields.flows[:, z, rows, columns], fields.cellprob[z, rows, columns]
        margin = math.ceil(_MARGIN / zoom)
        _, height, width = self.image.shape
        ys, xs = widened(rows, margin, height), widened(columns, margin, width)
        if self.image.is_blank(z, ys, xs):
            flows[...], cellprob[...] = 0, _NOTHING
            return
        seen = predict_fields(
            self.model,
            self.model.network.arrange(resized(self.image.window(z, ys, xs), zoom)),
            tile=self.options.tile,
            batch_size=self.model.at_once(self.options.batch_size),
            augment=self.options.augment,
            progress=tiles,
            cancel=self.cancel,
        )
        size = ys.stop - ys.start, xs.stop - xs.start
        top, left = rows.start - ys.start, columns.start - xs.start
        here = np.s_[:, top : top + cellprob.shape[0], left : left + cellprob.shape[1]]
        flows[...] = resized_to(seen.flows, *size)[here]
        cellprob[...] = resized_to(seen.cellprob[None], *size)[here][0]


def predict_planes(predictor: PlanePredictor, progress: Callable[[float], None]) -> Fields:
    """Fields float32 of all planes; ``progress`` is called with the fraction done."""
    depth, height, width = predictor.image.shape
    fields = predictor.no_fields(np.float32)
    for z in range(depth):
        predictor.predict(
            fields,
            z,
            slice(0, height),
            slice(0, width),
            lambda fraction, z=z: progress((z + fraction) / depth),  # type: ignore[misc]
        )
    return fields
