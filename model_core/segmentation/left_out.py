"""What the fields of a segmentation show besides the objects that were kept: cells that it may have missed.

A missed cell has often left its trace in the fields: an object that the filter took away, or one whose cell
probability stays below the threshold. Both appear when the last step is done again with a lower threshold and
without a filter.

How likely there is a cell is told by a logistic regression over `Fit.score`. Of all that is known of such an
object (confidence, size, contrast, outline) nothing told more of data sets that were left out of the fit,
and nothing added anything to it. It was fitted by ``tests/benchmarks/worst_first.py --fit`` to train images
of the data sets that the bundled model is evaluated on. There is a cell where one that was missed and the
object lie on each other for the most part.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model_core.annotation.candidates import Candidate
from model_core.annotation.measure import Extent, measure
from model_core.annotation.patch import Box
from model_core.errors import Cancelled
from model_core.flows.masks import flow_fit
from model_core.segmentation.remask import remask
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.tiling import Cancel

_LOWER = 2.0  # logits that the threshold of the cell probability is lowered by
_COVERED = 0.2  # share of an object on kept ones from which on it is one of them, drawn wider
LEAST = 0.1  # likelihood below which nobody is asked
_CONSTANT, _WEIGHT = -2.75, 5.63
HIGHEST = 0.4  # score beyond which more says nothing: such objects would have been kept


def left_out(result: Segmentation, cancel: Cancel | None = None) -> list[Candidate]:
    """The objects that may be missed cells, the likeliest first. Takes about as long as `remask`.

    Raises Cancelled: ``cancel`` said so.
    """
    found = [replace(each, chance=likelihood(each.chance)) for each in traces(result, cancel)]
    likely = [each for each in found if each.chance >= LEAST]
    return sorted(likely, key=lambda each: -each.chance)


def likelihood(score: float) -> float:
    """How likely an object with a score is a cell that was missed, 0..1."""
    return float(1 / (1 + np.exp(-_CONSTANT - _WEIGHT * min(score, HIGHEST))))


def traces(result: Segmentation, cancel: Cancel | None = None) -> list[Candidate]:
    """All objects of a lower threshold that are none of the kept ones; their score in place of a chance."""
    lower = result.options.cellprob_threshold - _LOWER
    wide = remask(result, cancel=cancel, cellprob_threshold=lower, score_threshold=0.0).labels
    covered = measure(wide, where=result.labels > 0)
    found = []
    for id_, extent in measure(wide).items():
        if cancel and cancel():
            raise Cancelled
        on_kept = covered[id_].area if id_ in covered else 0
        if on_kept <= _COVERED * extent.area and extent.area - on_kept >= result.options.min_size:
            found.append(_trace(result, wide, id_, extent))
    return found


def _trace(result: Segmentation, wide: np.ndarray, id_: int, extent: Extent) -> Candidate:
    (z0, y0, x0), (z1, y1, x1) = extent.low, extent.high
    box: Box = (slice(z0, z1), slice(y0, y1), slice(x0, x1))
    own = wide[box] == id_
    return Candidate(box, own & (result.labels[box] == 0), _score(result, box, own))


def _score(result: Segmentation, box: Box, own: np.ndarray) -> float:
    """By what is likely of an object, all of it where nothing is: how wide it is drawn says nothing of it."""
    cellprob = result.cellprob[box].astype(np.float32)
    likely = own & (cellprob > 0)
    flows = result.flows[(slice(None), *box)].astype(np.float32)
    planes = [slice(None)] if len(flows) == 3 else [slice(z, z + 1) for z in range(len(own))]
    anisotropy = (result.options.anisotropy or 1.0) if result.options.do_3D else None
    scores = []
    for part in planes:
        pixels = likely[part] if likely.any() else own[part]
        if pixels.any():
            fit = flow_fit(pixels.astype(np.int32), flows[:, part], cellprob[part], anisotropy)
            scores.append(float(fit.score[1]))
    return float(np.mean(scores))
