"""Size models of Cellpose: a pickled dict in a ``.npy`` file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from model_core.errors import UserError
from model_core.formats.plain_pickle import as_array, read_pickled_dict

_LARGEST_FILE = 2**20  # bytes; real ones have about 5,000
_KEYS = ("A", "smean", "diam_mean", "ymean")


class SizeValues(NamedTuple):
    """slope and style_mean float32 (S,); see `model_core.networks.cpnet.SizeModel`."""

    slope: np.ndarray
    style_mean: np.ndarray
    diam_mean: float
    offset: float


def find_size_file(model: Path) -> Path | None:
    """The size model beside a model file: ``size_NAME.npy`` or, as training writes it, ``NAME_size.npy``."""
    for name in dict.fromkeys((model.name, model.stem)):
        for candidate in (f"size_{name}.npy", f"{name}_size.npy"):
            if (found := model.with_name(candidate)).is_file():
                return found
    return None


def read_size_file(path: Path, styles: int) -> SizeValues:
    """The regression for styles of this length.

    Raises:
        UserError: damaged, something else than a size model, or for a net with other styles.
    """
    try:
        values = read_pickled_dict(path, _LARGEST_FILE)
        slope, mean, diameter, offset = (as_array(values[key]).astype(np.float32).ravel() for key in _KEYS)
        if not len(slope) == len(mean) == styles or not len(diameter) == len(offset) == 1:
            raise ValueError(f"made for styles of {len(slope)} numbers, not {styles}")
        if not all(np.isfinite(part).all() for part in (slope, mean, diameter, offset)):
            raise ValueError("values that are not numbers")
        if not 1 <= diameter[0] <= 10_000:
            raise ValueError(f"a diameter of {diameter[0]:g}")
    except OSError as error:
        raise UserError(f"The size model “{path}” cannot be read: {error.strerror}.") from error
    except Exception as error:  # whatever a damaged or hostile pickle makes the unpickler raise
        raise UserError(
            f"“{path.name}” beside the model is not a size model that fits it, or it is damaged ({error}). "
            "Without that file the model works too, with the diameter it was trained on."
        ) from error
    return SizeValues(slope, mean, float(diameter[0]), float(offset[0]))
