"""Which images are there already: for training, for the evaluation, from earlier contributions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from model_core.community.hashing import KnownImages, image_hash
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.formats.pairs import Pair
from model_core.images.readers import read_image


def known_images(
    pairs: list[Pair], cache: Path, report: Callable[[int, str], None] | None = None
) -> KnownImages:
    """The hashes of the images of all pairs, named ``SET/SPLIT/NAME``.

    Args:
        cache: a file that keeps them from one intake to the next.
        report: called with the number of images done and the data set that is next.

    Raises:
        UserError: an image or the cache cannot be read or written.
    """
    before = _read(cache)
    now: dict[str, str] = {}
    known = KnownImages()
    for done, pair in enumerate(pairs):
        if report:
            report(done, pair.dataset)
        try:
            stat = pair.image.stat()
        except OSError as error:
            raise UserError(f"{pair.image} cannot be read: {plain_reason(error)}.") from error
        key = f"{pair.image.resolve()} {stat.st_size} {stat.st_mtime_ns}"
        now[key] = before.get(key) or image_hash(np.asarray(read_image(pair.image).pixels))
        known.add(f"{pair.dataset}/{pair.image.parent.name}/{pair.name}", now[key])
    if now != before:
        with write_atomically(cache) as temporary:
            temporary.write_text(json.dumps(now, indent=0), encoding="utf-8")
    return known


def _read(cache: Path) -> dict[str, str]:
    """What is not there or not readable is measured anew."""
    try:
        values = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in values.items()} if isinstance(values, dict) else {}
