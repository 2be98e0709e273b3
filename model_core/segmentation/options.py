"""How a segmentation is made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from model_core.errors import UserError
from model_core.segmentation.tiling import OVERLAP, TILE

if TYPE_CHECKING:
    from model_core.networks.net import Net

_FILTERS = ("flow_threshold", "score_threshold")
_NUMBERS = ("diameter", "stitch_threshold", "anisotropy", "cellprob_threshold", *_FILTERS)
_WHOLE = ("min_size", "niter", "tile", "batch_size")


@dataclass(frozen=True)
class Options:
    """How a segmentation was made; the names are those of `segment`, and of Cellpose where it has them.

    flow_threshold, score_threshold: where both are None the net decides; else one that is None drops nothing.
    """

    channels: Sequence[int] | None = None
    diameter: float | None = None
    do_3D: bool | None = None
    stitch_threshold: float = 0.0
    anisotropy: float | None = None
    flow_threshold: float | None = None
    score_threshold: float | None = None
    cellprob_threshold: float = 0.0
    min_size: int = 15
    niter: int | None = None
    augment: bool = False
    tile: int = TILE
    batch_size: int = 4

    def checked(self) -> Options:
        """Itself, with channels as a tuple, if every value makes sense; `UserError` otherwise."""
        for names, kind, words in ((_NUMBERS, Real, "a number"), (_WHOLE, Integral, "a whole number")):
            for name in names:
                value = getattr(self, name)
                if not (isinstance(value, kind) or (value is None and getattr(Options, name) is None)):
                    raise UserError(f"The option {name} is {words}; {value!r} is not possible.")
        channels = None if self.channels is None else _as_channels(self.channels)
        if channels == ():
            raise UserError(
                f"Channels are given as numbers from 1, such as (2, 3), 0 for all or none; {self.channels!r} "
                "is not possible."
            )
        thresholds = self.flow_threshold or 0, self.score_threshold or 0, self.cellprob_threshold
        if not all(map(math.isfinite, thresholds)):
            raise UserError("Thresholds of flows, scores and cell probabilities are finite numbers.")
        if self.diameter is not None and not 1 <= self.diameter <= 10_000:
            raise UserError(
                f"The diameter is given in pixels, from 1 to 10,000; {self.diameter:g} is not possible. "
                "Leave it out, and it is measured."
            )
        if self.anisotropy is not None and not 0.05 <= self.anisotropy <= 50:
            raise UserError(
                f"An anisotropy of {self.anisotropy:g} is not possible; it is plane distance over pixel size."
            )
        if not 0 <= self.stitch_threshold <= 1:
            raise UserError("The stitch threshold is an overlap between 0 and 1.")
        if self.tile < 2 * OVERLAP or self.batch_size < 1 or self.min_size < 0:
            raise UserError(
                f"Tiles are at least {2 * OVERLAP} px, batches at least 1 tile, and sizes not negative."
            )
        if self.niter is not None and self.niter < 1:
            raise UserError("A pixel walks at least 1 step.")
        return replace(self, channels=channels)

    def changed(self, **changes: Any) -> Options:
        """With other values; a filter that is given takes the place of the other one."""
        if any(changes.get(name) is not None for name in _FILTERS):
            changes = dict.fromkeys(_FILTERS, 0.0) | changes
        return replace(self, **changes)

    def suited_to(self, network: Net) -> Options:
        """With the filter that a net asks for, unless one was given."""
        if any(getattr(self, name) is not None for name in _FILTERS):
            return self
        return replace(self, **{name: getattr(network, name) for name in _FILTERS})


def _as_channels(channels: object) -> tuple[int, ...]:
    """Empty for what cannot be numbers of channels."""
    numbers = channels.tolist() if isinstance(channels, np.ndarray) else channels
    if not isinstance(numbers, list | tuple):
        return ()
    possible = all(isinstance(number, Integral) and int(number) >= 0 for number in numbers)
    return tuple(int(number) for number in numbers) if possible else ()
