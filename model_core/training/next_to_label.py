"""What to label next: where the model is least sure, and what looks least like what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_core.models.model import Model
from model_core.segmentation.segmentation import Segmentation

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Region:
    """plane: z. box: (y0, y1, x0, x1), px. doubt: 0..1, how unsure the model is of what it found there."""

    plane: int
    box: Box
    doubt: float


@dataclass(frozen=True)
class Interest:
    """How much there is to learn from an image.

    doubt: 0..1, the mean over its objects of how unsure the model is; 0.5 where it found none.
    novelty: 0..1, how far its style is from that of all training images; 0 where the card tells no styles.
    score: what images are ranked by, highest first. regions: where to begin, most doubtful first.
    """

    doubt: float
    novelty: float
    score: float
    regions: Sequence[Region]


def interest(model: Model, pixels: np.ndarray, result: Segmentation) -> Interest:
    """How much there is to learn from an image that has been segmented.

    Args:
        pixels: ``(C, Z, Y, X)`` of the image. result: of that image and model; not segmented again.
    """
    raise NotImplementedError
