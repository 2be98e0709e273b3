"""Pickled dicts in ``.npy`` files, as Cellpose writes them, read without running anything in them.

Nothing of numpy is built while unpickling either: what the pickle calls arrays and dtypes become records of
plain values here, and arrays are made from those after their sizes were checked. The file is mapped and
looked through first, so that a pickle that lies about lengths takes no memory.
"""

from __future__ import annotations

import io
import math
import mmap
import pickle
import pickletools
import re
from pathlib import Path
from typing import Any

import numpy as np

_MOST_STEPS = 2_000_000  # opcodes; files with 100,000 cells have fewer, and each may take 200 bytes
_NUMBERS = re.compile(r"b1|f[248]|[iu][1248]")
_MEMO = {"PUT", "BINPUT", "LONG_BINPUT"}


def read_pickled_dict(path: Path, most_bytes: int) -> dict[Any, Any]:
    """The dict in the only element of the array in a ``.npy`` file.

    Its arrays are stand-ins that `as_array` turns into arrays.

    Raises:
        OSError: the file can't be read. ValueError or any other exception: it is damaged, too large, no
            pickled dict, or asks for something else than plain values and arrays.
    """
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        if size > most_bytes:
            raise ValueError(f"too large: {size:,} bytes")
        if size == 0:
            raise ValueError("empty: 0 bytes")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            _skip_header(content)
            start = content.tell()
            _look_through(content)
            content.seek(start)
            value = _Unpickler(content).load()  # a map reads like a file
    if isinstance(value, _Array) and isinstance(value.values, list) and len(value.values) == 1:
        value = value.values[0]
    if not isinstance(value, dict):
        raise ValueError("not a dict")
    return value


def as_array(value: Any) -> np.ndarray:
    """The numbers of a stand-in, with their sizes checked; read-only. Raises ValueError for anything else."""
    if isinstance(value, bool | int | float):
        return np.array(value)
    if not isinstance(value, _Array) or not isinstance(value.dtype, _Type):
        raise ValueError("not an array of numbers")
    raw = value.values
    if isinstance(raw, _Bytes) and raw.shape == "latin1" and isinstance(raw.values, str):
        raw = raw.values.encode("latin1")
    shape, text, order = value.shape, value.dtype.text, value.dtype.order
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("not an array of numbers")
    if not isinstance(text, str) or not _NUMBERS.fullmatch(text) or order not in ("<", ">", "|", "="):
        raise ValueError("not an array of numbers")
    dtype = np.dtype(order + text)
    if (
        len(shape) > 6
        or not isinstance(raw, bytes | bytearray)
        or len(raw) != math.prod(shape) * dtype.itemsize
    ):
        raise ValueError("an array of another length than it claims")
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if value.columns_first else "C")


def as_list(value: Any) -> list[Any]:
    """The elements of a list, a tuple or an array of objects. Raises ValueError for anything else."""
    if isinstance(value, _Array) and isinstance(value.values, list):
        value = value.values
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")
    return list(value)


def _skip_header(content: mmap.mmap) -> None:
    version = np.lib.format.read_magic(content)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read_header:
        raise ValueError("not a dict")
    shape, _, dtype = read_header[version](content)
    if shape != () or dtype != np.dtype("O"):
        raise ValueError("not a dict")


def _look_through(content: mmap.mmap) -> None:
    """Raises ValueError for lengths beyond the end of the file, endless steps and numbers of the memo that
    would make it huge: Python takes the memory before it notices."""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(content)):  # type: ignore[arg-type]
        if count > _MOST_STEPS:
            raise ValueError("too many values")
        if opcode.name in _MEMO and not (isinstance(argument, int) and 0 <= argument <= count):
            raise ValueError("a damaged pickle")


class _Array:
    """Stands for a numpy array in the pickle."""

    shape: Any = None
    dtype: Any = None
    values: Any = None
    columns_first: Any = False

    def __init__(self, *_: Any) -> None:
        """What numpy would make an empty array of."""

    def __setstate__(self, state: tuple[Any, Any, Any, Any, Any]) -> None:
        _, self.shape, self.dtype, self.columns_first, self.values = state


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


class _Buffer(_Array):
    """Stands for a numpy array in a pickle of protocol 5."""

    def __init__(self, values: Any, dtype: Any, shape: Any, order: Any, axes: Any = None) -> None:
        if axes is not None:
            raise pickle.UnpicklingError("an array with its axes in another order")
        self.values, self.dtype, self.shape, self.columns_first = values, dtype, shape, order == "F"


class _Bytes(_Array):
    """Stands for the bytes of an array in a pickle of Python 2's protocol, which spells them as text."""

    def __init__(self, text: Any, encoding: Any) -> None:
        self.values, self.shape = text, encoding


class _Path:
    """Stands for a path in the pickle: some scripts give Cellpose paths instead of texts."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __str__(self) -> str:
        return "/".join(map(str, self.parts)).replace("//", "/")


_STAND_INS: dict[tuple[str, str], type] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _Bytes,
    ("pathlib", "PosixPath"): _Path,
    ("pathlib", "WindowsPath"): _Path,
    ("pathlib._local", "PosixPath"): _Path,
    ("pathlib._local", "WindowsPath"): _Path,
}
for _package in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _STAND_INS |= {(_package, "_reconstruct"): _Array, (_package, "scalar"): _Scalar}
for _package in ("numpy.core.numeric", "numpy._core.numeric"):
    _STAND_INS |= {(_package, "_frombuffer"): _Buffer}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None
