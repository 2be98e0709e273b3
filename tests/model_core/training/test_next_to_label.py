"""Where the model is least sure, and what looks least like what it has seen."""

from pathlib import Path

import numpy as np
from drawings import balls

from model_core.models.model import load_model
from model_core.segmentation.options import Options
from model_core.segmentation.segmentation import Segmentation
from model_core.training.next_to_label import interest, spread_styles, style_of

SHAPE = (300, 300)
LABELS = balls(SHAPE, [(50, 50), (50, 250), (250, 150)], 12)


def result(scores: list[float], undecided: tuple[int, int] | None = None) -> Segmentation:
    cellprob = np.where(LABELS > 0, 6, -6).astype(np.float32)
    if undecided:
        cellprob[undecided[0] - 10 : undecided[0] + 10, undecided[1] - 10 : undecided[1] + 10] = 0
    labels = LABELS[None].astype(np.uint32)
    flows = np.zeros((2, 1, *SHAPE), np.float32)
    return Segmentation(labels, flows, cellprob[None], 24.0, np.array([0, *scores]), Options(), "m")


def test_the_most_doubtful_region_comes_first(tiny_model_file: Path) -> None:
    model, pixels = load_model(tiny_model_file), np.zeros((1, 1, *SHAPE), np.uint8)
    doubtful = interest(model, pixels, result([0.99, 0.5, 0.99]))
    plane, (y0, y1, x0, x1), doubt = (getattr(doubtful.regions[0], n) for n in ("plane", "box", "doubt"))
    assert plane == 0 and y0 <= 50 < y1 and x0 <= 250 < x1 and 0 < doubt <= 1
    assert doubtful.score > interest(model, pixels, result([0.99, 0.99, 0.99])).score
    assert doubtful.novelty == 0  # the card knows no styles
    boxes = [region.box for region in doubtful.regions]
    assert len(set(boxes)) == len(boxes)
    missed = interest(model, pixels, result([0.99, 0.99, 0.99], undecided=(150, 40)))
    y0, y1, x0, x1 = missed.regions[0].box
    assert y0 <= 150 < y1 and x0 <= 40 < x1


def test_an_image_without_objects_is_of_middling_interest(tiny_model_file: Path) -> None:
    empty = Segmentation(
        np.zeros((1, 9, 9), np.uint32),
        np.zeros((2, 1, 9, 9), np.float32),
        np.full((1, 9, 9), -9, np.float32),
        30.0,
        np.zeros(1),
        Options(),
        "m",
    )
    found = interest(load_model(tiny_model_file), np.zeros((3, 1, 9, 9), np.uint8), empty)
    assert found.doubt == 0.5 and not found.regions


def test_what_looks_like_nothing_before_is_novel(tiny_model_file: Path) -> None:
    model = load_model(tiny_model_file)
    known = (50 + 150 * (LABELS > 0)).astype(np.uint8)[None, None]
    model.card.styles = spread_styles([style_of(model, known, 24.0)])
    assert interest(model, known, result([0.9, 0.9, 0.9])).novelty < 0.01
    model.card.styles = [[-v for v in model.card.styles[0]], [1.0]]  # and one of another net
    assert interest(model, known, result([0.9, 0.9, 0.9])).novelty == 1


def test_the_kept_styles_are_spread() -> None:
    rng = np.random.default_rng(0)
    alike = rng.normal((1, 0, 0, 0), 0.01, (200, 4))
    styles = [style / np.linalg.norm(style) for style in [*alike, np.array([0, 1.0, 0, 0])]]
    kept = spread_styles(styles)
    assert len(kept) == 64 and [0.0, 1.0, 0.0, 0.0] in kept
    assert spread_styles([]) == []
