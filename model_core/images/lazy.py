"""Pixels that are read when somebody looks at them: a part of the file at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from model_core.errors import UserError

if TYPE_CHECKING:
    import tensorstore

CACHE_BYTES = 192 * 2**20  # of decoded parts kept, of all images together: neighbours share parts
_LARGEST_CHUNK = 2**30  # bytes that one part may unpack to, whatever the header says

ReadChunk = Callable[[tuple[slice, ...], np.ndarray], None]


class LazyPixels:
    """An array that is indexed like one of numpy and read by ``np.asarray``; parts of it are lazy too.

    Integers, slices, None and lists of integers are understood. What was read lately is kept in a cache
    that all images share (`CACHE_BYTES`); any thread may read. Reading raises UserError where the file is
    damaged.
    """

    def __init__(self, store: tensorstore.TensorStore, name: str) -> None:
        """`store`: its domain begins at 0 on every axis. `name`: of the file, for messages."""
        self._store = store
        self._name = name
        self.shape: tuple[int, ...] = tuple(store.shape)
        self.dtype = np.dtype(store.dtype.numpy_dtype)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=object))

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[LazyPixels]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, key: Any) -> LazyPixels:
        keys = list(key) if isinstance(key, tuple) else [key]
        given = sum(part is not None and part is not Ellipsis for part in keys)
        if Ellipsis not in keys:
            keys.append(Ellipsis)
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (self.ndim - given)
        store, axis, length = self._store, 0, iter(self.shape)
        for part in keys:
            if part is None:
                store = store[(slice(None),) * axis + (None,)]
                axis += 1
                continue
            index = _index(part, next(length))
            store = store[(slice(None),) * axis + (index,)]
            axis += not isinstance(index, int)
        return LazyPixels(store.translate_to[0] if store.ndim else store, self._name)

    def transpose(self, axes: list[int]) -> LazyPixels:
        return LazyPixels(self._store.transpose(axes), self._name)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        try:
            pixels = np.asarray(self._store.read().result())
        except (ValueError, OSError, RuntimeError) as error:
            raise UserError(
                f"A part of “{self._name}” cannot be read; the file seems to be damaged ({error})."
            ) from error
        return pixels if dtype is None else pixels.astype(dtype, copy=False)


Pixels: TypeAlias = np.ndarray | LazyPixels


def _index(part: Any, length: int) -> int | slice | list[int]:
    """Numpy's meaning of an index, as the store understands it."""
    if isinstance(part, slice):
        start, stop, step = part.indices(length)
        if step < 0:
            return list(range(start, stop, step))
        return slice(start, max(start, stop), step)
    if isinstance(part, list | np.ndarray):
        return [int(place) + length * (place < 0) for place in part]
    place = int(part)
    if not -length <= place < length:
        raise IndexError(f"index {place} is out of bounds for an axis of length {length}")
    return place % length


def open_zarr(spec: dict[str, Any], name: str) -> LazyPixels:
    """A zarr array, as tensorstore's specification says where. Raises UserError, ValueError."""
    import tensorstore

    store = tensorstore.open(
        {**spec, "recheck_cached_data": "open"}, open=True, read=True, context=_context()
    ).result()
    if store.dtype.numpy_dtype.kind not in "buif":
        raise UserError(f"“{name}” holds no pixels: its values are of the type {store.dtype.name}.")
    chunk = store.chunk_layout.read_chunk.shape or ()
    _check_chunk(tuple(length or 1 for length in chunk), store.dtype.numpy_dtype, name)
    return LazyPixels(store, name)


def in_chunks(
    read: ReadChunk, shape: tuple[int, ...], chunk: tuple[int, ...], dtype: np.dtype, name: str
) -> LazyPixels:
    """Pixels of which ``read(box, out)`` fetches one chunk: its slices, and an array of that shape to fill.

    `read` is called from several threads. Raises UserError for chunks that are too large to be true.
    """
    import tensorstore

    _check_chunk(chunk, dtype, name)

    def read_function(domain: Any, out: np.ndarray, parameters: Any) -> None:
        read(tuple(slice(part.inclusive_min, part.exclusive_max) for part in domain), out)

    store = tensorstore.virtual_chunked(
        read_function,
        rank=len(shape),
        shape=shape,
        dtype=dtype,
        chunk_layout=tensorstore.ChunkLayout(read_chunk_shape=chunk),
        context=_context(),
    )
    return LazyPixels(store, name)


def _check_chunk(chunk: tuple[int, ...], dtype: np.dtype, name: str) -> None:
    size = int(np.prod(chunk, dtype=object)) * dtype.itemsize
    if size > _LARGEST_CHUNK:
        raise UserError(f"“{name}” is damaged, or its parts are too large to be read: {size:,} bytes each.")


@lru_cache(1)
def _context() -> Any:
    import tensorstore

    return tensorstore.Context({"cache_pool": {"total_bytes_limit": CACHE_BYTES}})
