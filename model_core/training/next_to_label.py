"""What to label next: where the model is least sure, and what looks least like what it was trained on.

Doubt about an object is 1 at a confidence of one half and 0 at 0 and 1: there a person's verdict tells the
model most (uncertainty sampling; Lewis and Gale, 1994). Pixels that the model cannot decide about, without an
object on them, count too: there it may have missed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from model_core.images.normalise import normalise
from model_core.models.model import Model
from model_core.segmentation.scaling import resized
from model_core.segmentation.segmentation import Segmentation

Box = tuple[int, int, int, int]

_REGIONS = 20
_DIAMETERS = 4  # side of a region
_FAR = 0.3  # 1 - cosine of styles: as far as images of different kinds are
_NOVELTY = 0.5  # share in the score
_STYLES = 64  # that a card keeps
_TILE = 512  # px that the net sees of an image to tell its style


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
    doubts = _doubts(result)
    objects = np.flatnonzero(np.bincount(result.labels.ravel())[1:]) + 1
    doubt = float(doubts[objects].mean()) if len(objects) else 0.5
    novelty = _novelty(style_of(model, pixels, result.diameter), model.card.styles)
    return Interest(doubt, novelty, doubt + _NOVELTY * novelty, _regions(result, doubts))


def _doubts(result: Segmentation) -> np.ndarray:
    """float64, by label."""
    confidence = result.confidence
    doubts: np.ndarray = 4 * confidence * (1 - confidence)
    doubts[0] = 0
    return doubts


def _regions(result: Segmentation, doubts: np.ndarray) -> list[Region]:
    """Squares that share no pixel, most doubtful first."""
    side = int(np.clip(_DIAMETERS * result.diameter, 64, 512))
    found: list[Region] = []
    for z, labels in enumerate(result.labels):
        weight = doubts[labels].astype(np.float32)
        undecided = (labels == 0) & (np.abs(result.cellprob[z]) < 1)
        weight[undecided] = 0.5
        height, width = (min(side, length) for length in labels.shape)
        mean = cv2.blur(weight, (width, height), borderType=cv2.BORDER_CONSTANT)
        for _ in range(_REGIONS):
            y, x = np.unravel_index(int(mean.argmax()), mean.shape)
            if mean[y, x] <= 0:
                break
            y0 = int(np.clip(y - height // 2, 0, labels.shape[0] - height))
            x0 = int(np.clip(x - width // 2, 0, labels.shape[1] - width))
            found.append(Region(z, (y0, y0 + height, x0, x0 + width), float(mean[y, x])))
            mean[max(0, y - height) : y + height, max(0, x - width) : x + width] = 0
    return sorted(found, key=lambda region: -region.doubt)[:_REGIONS]


def style_of(model: Model, pixels: np.ndarray, diameter: float) -> np.ndarray:
    """float32 ``(S,)``, a unit vector: how the net sees the image as a whole.

    Args:
        pixels: ``(C, Z, Y, X)``; of a stack the middle plane, of a large plane the middle.
        diameter: px, of its objects: the net sees them at its own size.
    """
    zoom = model.diameter / max(diameter, 1.0)
    reach = int(np.ceil(_TILE / zoom / 2))
    z, y, x = (length // 2 for length in pixels.shape[1:])
    inputs = model.network.options.channels
    part = pixels[:inputs, z, max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
    seen = model.network.arrange(resized(normalise(np.asarray(part)), zoom))
    rest = [(0, 0), *((0, -length % 32) for length in seen.shape[1:])]
    return model.style(np.pad(seen, rest, mode="symmetric")[None])[0]


def _novelty(style: np.ndarray, known: Sequence[Sequence[float]]) -> float:
    styles = np.array([one for one in known if len(one) == len(style)], np.float32)
    if not len(styles):
        return 0.0
    return float(np.clip((1 - (styles @ style).max()) / _FAR, 0, 1))


def spread_styles(styles: Sequence[np.ndarray]) -> list[list[float]]:
    """As many as a card keeps, as different from each other as possible (farthest point first)."""
    if not len(styles):
        return []
    stacked = np.stack(styles)
    chosen, nearest = [0], stacked @ stacked[0]
    while len(chosen) < min(_STYLES, len(stacked)):
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, stacked @ stacked[chosen[-1]])
    return [[round(float(v), 3) for v in stacked[n]] for n in chosen]
