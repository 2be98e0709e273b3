"""Other thresholds on fields that are there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from model_core.errors import UserError
from model_core.flows.dynamics import no_places
from model_core.segmentation.blocks import in_blocks, outline_in_blocks
from model_core.segmentation.outline import outline
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.sizes import median_diameter
from model_core.segmentation.tiling import Cancel, Fields


def remask(result: Segmentation, *, cancel: Cancel | None = None, **changes: Any) -> Segmentation:
    """The same fields with other thresholds: only the last step is done again.

    Args:
        cancel: asked between the blocks of large images.
        changes: any of cellprob_threshold, flow_threshold, score_threshold, min_size, niter,
            stitch_threshold. A threshold of flows takes the place of that of scores, and the other way round.

    Raises:
        UserError: an option that is not about this step, or a value that makes no sense.
        Cancelled: ``cancel`` said so.
    """
    allowed = {
        "cellprob_threshold",
        "flow_threshold",
        "score_threshold",
        "min_size",
        "niter",
        "stitch_threshold",
    }
    if set(changes) - allowed:
        raise UserError(f"Only {', '.join(sorted(allowed))} can be changed without running the model again.")
    options = result.options.changed(**changes).checked()
    places = result.places if options.niter == result.options.niter else None
    if in_blocks(options, result.cellprob.shape):
        fields = Fields(result.flows, result.cellprob)
        labels, scores = outline_in_blocks(fields, options, result.diameter, cancel=cancel)
    else:
        if places is None:
            places = no_places(result.cellprob.shape)
        labels, scores = outline(result.flows, result.cellprob, options, places=places)
    return replace(
        result,
        labels=labels,
        scores=scores,
        diameter=median_diameter(labels) or result.diameter,
        options=options,
        places=places,
    )
