"""One rendered image: a kind drawn on a canvas, seen through a camera, cut to size."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered.fields import log_uniform
from model_core.training.rendered.kind import Canvas, Rendered
from model_core.training.rendered.kinds import KINDS
from model_core.training.rendered.optics import expose, focus
from model_core.training.rendered.placement import tidy

MARGIN = 16  # px drawn around the image, so that blur and halos of what lies outside reach in
DRAWS = 4  # a field in which nothing came to lie is drawn again, so often at most
SMALLEST = 4  # px: no object is smaller


def render(
    kind: str, rng: np.random.Generator, shape: tuple[int, int] = (256, 256), diameter: float | None = None
) -> Rendered:
    """A rendered microscope image with its labels; the same for the same state of `rng`.

    `diameter` is the wanted median diameter of the objects, `2 * sqrt(area / pi)` in px; without it the kind
    draws one at which the image holds a good number of objects. Objects cut by the border are normal.
    Raises KeyError for an unknown kind, ValueError for a shape or diameter that is not positive.
    """
    if min(shape) < 1 or (diameter is not None and not diameter > 0):
        raise ValueError(f"shape and diameter must be positive, got {shape} and {diameter}")
    chosen = KINDS[kind]
    if diameter is None:
        low, high = chosen.diameters
        diameter = log_uniform(rng, low, max(min(high, min(shape) / 3), low + 1))
    canvas = Canvas((shape[0] + 2 * MARGIN, shape[1] + 2 * MARGIN), float(diameter))
    inner = (slice(MARGIN, MARGIN + shape[0]), slice(MARGIN, MARGIN + shape[1]))
    for _ in range(DRAWS):
        picture = chosen.draw(rng, canvas)
        if chosen.may_be_empty or picture.labels[inner].any():
            break
    light = focus(picture.light, picture.camera)[(slice(None), *inner)]
    least = max(SMALLEST, 0.02 * diameter**2)
    labels = tidy(picture.labels[inner], least, split=True)
    return Rendered(expose(rng, light, picture.camera), labels)


def render_any(
    rng: np.random.Generator, shape: tuple[int, int] = (256, 256), diameter: float | None = None
) -> Rendered:
    """`render` of a kind drawn by the weights of the kinds."""
    weights = np.array([kind.weight for kind in KINDS.values()])
    name = str(rng.choice(list(KINDS), p=weights / weights.sum()))
    return render(name, rng, shape, diameter)
