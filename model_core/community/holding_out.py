"""Which images of a contribution are kept for the evaluation, and never trained on."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from model_core.community.hashing import ALIKE, distance

_SHARE = 5  # one image in so many


def held_out(hashes: dict[str, str]) -> set[str]:
    """Names of about a fifth of the images; images that look alike, as those of one movie, stay together.

    Args:
        hashes: `image_hash` of each image by its name.

    Returns:
        The smallest groups first, in order of hashes, so that the choice follows from the images alone; none
        of two images, or of a single movie.
    """
    names = sorted(hashes, key=lambda name: (hashes[name], name))
    wanted = (len(names) + _SHARE // 2) // _SHARE
    if not wanted:
        return set()
    alike = np.array([[distance(hashes[a], hashes[b]) <= ALIKE for b in names] for a in names])
    groups, group_of = connected_components(alike, directed=False)
    members = [[name for name, g in zip(names, group_of, strict=True) if g == at] for at in range(groups)]
    chosen: set[str] = set()
    for group in sorted(members, key=len):
        if len(chosen) + len(group) <= wanted:
            chosen |= set(group)
    return chosen
