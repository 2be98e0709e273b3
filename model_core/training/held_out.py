"""Which cells are held back from training, to see on them whether it helped.

A cell is held back by a number drawn from its image's name and its own number. So it is the same cells in
every round, and a model that learned in an earlier round has not seen them either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from model_core.training.reviewed import ReviewedImage

_SHARE = 0.2  # of the cells that are held back
_FEWEST = 10  # held-out cells that still say something; with fewer all are held back in turn
_FOLDS = 3
RING = 2  # px of background around a trusted cell that are trusted too: a person drew its border


@dataclass(frozen=True, eq=False)
class HeldOut:
    """One image in two parts that share no pixel.

    learned: what training sees. cells: uint32 (Z, Y, X), the held-out cells. zone: bool (Z, Y, X), the
    trusted pixels that are nearer to a held-out cell than to any other: what is found there is judged.
    """

    learned: ReviewedImage
    cells: np.ndarray
    zone: np.ndarray


def splits(images: Sequence[ReviewedImage]) -> list[list[HeldOut]]:
    """The ways to hold cells back: one, or with few cells several, each cell being held back in one of them.

    Empty where that is not possible, with a single cell.
    """
    drawn = [_drawn(image) for image in images]
    numbers = np.concatenate([list(of_image.values()) for of_image in drawn] or [[]])
    if len(numbers) < 2:
        return []
    if np.count_nonzero(numbers < _SHARE) >= _FEWEST:
        held = [{n for n, u in of_image.items() if u < _SHARE} for of_image in drawn]
        return [[_split(image, of_image) for image, of_image in zip(images, held, strict=True)]]
    folds = min(_FOLDS, len(numbers))
    edges = np.sort(numbers)[np.arange(1, folds) * len(numbers) // folds]
    fold_of = [{n: int(np.searchsorted(edges, u, "right")) for n, u in d.items()} for d in drawn]
    return [
        [_split(i, {n for n, f in of.items() if f == fold}) for i, of in zip(images, fold_of, strict=True)]
        for fold in range(folds)
    ]


def _drawn(image: ReviewedImage) -> dict[int, float]:
    """A number in 0..1 for each cell, always the same."""
    ids = np.unique(image.labels)
    return {id_: _number(f"{image.path.name}/{id_}") for id_ in ids[ids > 0].tolist()}


def _number(text: str) -> float:
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _split(image: ReviewedImage, held: set[int]) -> HeldOut:
    on_held = np.isin(image.labels, list(held))
    zone = np.stack(
        [
            nearer_to(held, labels > 0) & trusted
            for held, labels, trusted in zip(on_held, image.labels, image.trusted, strict=True)
        ]
    )
    learned = replace(
        image, labels=np.where(on_held, 0, image.labels).astype(np.uint32), trusted=image.trusted & ~zone
    )
    return HeldOut(learned, np.where(on_held, image.labels, 0).astype(np.uint32), zone)


def nearer_to(some: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """bool (Y, X): pixels of a plane that are nearer to some of the cells, bool (Y, X), than to others."""
    if not some.any():
        return some
    if (some | ~cells).all():
        return np.ones_like(some)
    _, nearest = cv2.distanceTransformWithLabels(
        (~cells).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_some = np.zeros(int(nearest.max()) + 1, bool)
    of_some[nearest[cells]] = some[cells]  # every pixel of a cell has a number of its own
    nearer: np.ndarray = of_some[nearest]
    return nearer


def with_ring(image: ReviewedImage, width: int = RING) -> ReviewedImage:
    """The same with a ring of trusted background around each cell, where no unreviewed object lies."""
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    wide = np.stack([cv2.dilate((plane > 0).astype(np.uint8), kernel) for plane in image.labels]) > 0
    return replace(image, trusted=image.trusted | (wide & ~image.others))
