"""Size models of Cellpose: a pickled dict in a ``.npy`` file, read without running anything in it.

Nothing of numpy is built while unpickling either: what the pickle calls arrays and dtypes become records of
plain values here, and arrays are made from those after their sizes were checked.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model_core.errors import UserError

_LARGEST_FILE = 2**20  # bytes; real ones have about 5,000
_NUMBERS = re.compile(r"f[248]|[iu][1248]")
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
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        values = _table(content)
        slope, mean, diameter, offset = (np.array(_array(values[key]), np.float32).ravel() for key in _KEYS)
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


def _table(content: bytes) -> dict[str, Any]:
    """The dict in the only element of the array in the file."""
    if len(content) > _LARGEST_FILE:
        raise ValueError("too large")
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = read_header[version](file)
    if shape != () or dtype != np.dtype("O"):
        raise ValueError("not a dict")
    array = _Unpickler(file).load()
    if isinstance(array, _Array) and isinstance(array.values, list) and len(array.values) == 1:
        array = array.values[0]
    if not isinstance(array, dict):
        raise ValueError("not a dict")
    return array


class _Array:
    """Stands for a numpy array in the pickle."""

    shape: Any = None
    dtype: Any = None
    values: Any = None

    def __init__(self, *_: Any) -> None:
        """What numpy would make an empty array of."""

    def __setstate__(self, state: tuple[Any, Any, Any, Any, Any]) -> None:
        _, self.shape, self.dtype, _, self.values = state


class _Type:
    """Stands for a numpy dtype in the pickle."""

    order = "<"

    def __init__(self, text: Any, *_: Any) -> None:
        self.text = text

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]


class _Scalar(_Array):
    """Stands for a numpy number in the pickle."""

    def __init__(self, dtype: Any, values: Any) -> None:
        self.shape, self.dtype, self.values = (), dtype, values


class _Bytes(_Array):
    """Stands for the bytes of an array in a pickle of Python 2's protocol, which spells them as text."""

    def __init__(self, text: Any, encoding: Any) -> None:
        self.values, self.shape = text, encoding


_STAND_INS: dict[tuple[str, str], type] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _Bytes,
}
for _package in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _STAND_INS |= {(_package, "_reconstruct"): _Array, (_package, "scalar"): _Scalar}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def _array(value: Any) -> np.ndarray | float:
    """The numbers that a stand-in was told, with their sizes checked."""
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, _Array) or not isinstance(value.dtype, _Type):
        raise ValueError("not an array of numbers")
    raw = value.values
    if isinstance(raw, _Bytes) and raw.shape == "latin1" and isinstance(raw.values, str):
        raw = raw.values.encode("latin1")
    shape, text, order = value.shape, value.dtype.text, value.dtype.order
    if not isinstance(shape, tuple) or not all(type(n) is int and 0 <= n <= _LARGEST_FILE for n in shape):
        raise ValueError("not an array of numbers")
    if not isinstance(text, str) or not _NUMBERS.fullmatch(text) or order not in ("<", ">", "|", "="):
        raise ValueError("not an array of numbers")
    dtype = np.dtype(order + text)
    if len(shape) > 4 or not isinstance(raw, bytes) or len(raw) != math.prod(shape) * dtype.itemsize:
        raise ValueError("an array of another length than it claims")
    return np.frombuffer(raw, dtype)
