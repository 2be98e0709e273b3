"""A labelled image for training: ``NAME_img.tif`` and ``NAME_masks.tif``, as `find_pairs` finds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from model_core.errors import UserError
from model_core.formats.atomic import write_atomically
from model_core.formats.label_image import write_labels
from model_core.formats.labelling import Labelling

IMAGE_ENDING, MASKS_ENDING = "_img.tif", "_masks.tif"


def write_training_pair(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes the image to ``path``, which ends in _img.tif, and the labels beside it. Raises UserError."""
    path = Path(path)
    if cells.image is None:
        raise UserError(f"{path.name} was not written: the image that belongs to the labels is missing.")
    pixels = np.asarray(cells.image.pixels)
    kept = [axis for axis in range(4) if axis >= 2 or pixels.shape[axis] > 1]
    axes = "".join("CZYX"[axis] for axis in kept)
    write_labels(path.with_name(path.name.removesuffix(IMAGE_ENDING) + MASKS_ENDING), cells.labels)
    with write_atomically(path) as temporary:
        tifffile.imwrite(
            temporary,
            pixels.reshape([pixels.shape[axis] for axis in kept]),
            compression="zlib",
            photometric="minisblack",
            metadata={"axes": axes},
        )
    return ()
