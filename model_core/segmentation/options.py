"""How a segmentation is made."""

from __future__ import annotations

from dataclasses import dataclass

from model_core.errors import UserError
from model_core.segmentation.tiling import OVERLAP, TILE


@dataclass(frozen=True)
class Options:
    """How a segmentation was made; the names are those of `segment`."""

    diameter: float | None = None
    do_3D: bool | None = None
    stitch_threshold: float = 0.0
    anisotropy: float | None = None
    flow_threshold: float = 0.4
    cellprob_threshold: float = 0.0
    min_size: int = 15
    niter: int | None = None
    augment: bool = False
    tile: int = TILE
    batch_size: int = 4

    def checked(self) -> Options:
        """Itself, if every value makes sense; `UserError` otherwise."""
        if self.diameter is not None and not 1 <= self.diameter <= 10_000:
            raise UserError(
                f"The diameter is given in pixels, from 1 to 10,000; {self.diameter:g} is not possible."
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
        return self
