"""The tiles and strips of a TIFF, each read and unpacked when somebody looks at it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import tifffile

from model_core.errors import UserError
from model_core.images.lazy import LazyPixels, in_chunks

_CHUNK_BYTES = 2**20  # strips are read together up to this
_LARGEST_SEGMENT = 64 * 2**20  # bytes: what comes in larger pieces is better read at once


def lazy_series(path: Path, size: int, series: tifffile.TiffPageSeries) -> LazyPixels | None:
    """The pixels of one level, with the axes of the series; None where parts can't be read by themselves.

    The file is opened anew for each part, so nothing keeps it from being moved meanwhile.

    Raises:
        UserError: parts lie beyond the end of the file, which has `size` bytes.
    """
    keyframe, dtype = series.keyframe, series.dtype
    if dtype is None:
        return None
    inner = keyframe.ndim
    outer = series.shape[: series.ndim - inner]
    pages = list(series.pages)
    in_order = series.shape[series.ndim - inner :] == keyframe.shape and len(pages) == int(np.prod(outer))
    segment_bytes = int(np.prod(keyframe.chunks, dtype=object)) * dtype.itemsize
    if not in_order or segment_bytes > _LARGEST_SEGMENT:
        return None
    places = np.zeros((len(pages), int(np.prod(keyframe.chunked)), 2), np.int64)  # offset, bytes
    for number, page in enumerate(pages):
        if page is not None:
            places[number] = np.transpose((page.dataoffsets, page.databytecounts))
    if (places < 0).any() or places.sum(-1).max(initial=0) > size:
        raise UserError(f"“{path.name}” is damaged or incomplete: parts of its pixels are missing.")
    decode, tables = keyframe.decode, keyframe.jpegtables
    grid = keyframe.chunked
    segment = (1,) * (inner - len(keyframe.chunks)) + keyframe.chunks  # samples may lie plane by plane
    nothing = keyframe.nodata

    def read(box: tuple[slice, ...], out: np.ndarray) -> None:
        page = int(np.ravel_multi_index([part.start for part in box[: len(outer)]], outer)) if outer else 0
        plane, part = out[(0,) * len(outer)], box[len(outer) :]
        spans = [range(p.start // s, -(-p.stop // s)) for p, s in zip(part, segment, strict=True)]
        with path.open("rb") as file:
            for at in itertools.product(*spans):
                number = int(np.ravel_multi_index(at, grid))
                offset, length = places[page, number].tolist()
                inside = tuple(
                    slice(n * s - p.start, min((n + 1) * s, p.stop) - p.start)
                    for n, s, p in zip(at, segment, part, strict=True)
                )
                data = None
                if length:
                    file.seek(offset)
                    data = file.read(length)
                pixels = decode(data, number, jpegtables=tables)[0]  # z, y, x, samples; tiles are never cut
                target = plane[inside]
                size = dict(zip(keyframe.axes, target.shape, strict=True))
                if pixels is None:
                    target[...] = nothing
                else:
                    cut = pixels[: size.get("Z", 1), : size["Y"], : size["X"]]
                    target[...] = cut.reshape(target.shape)

    chunk = [1] * len(outer) + list(segment)
    if not keyframe.is_tiled:
        rows = len(outer) + keyframe.axes.index("Y")
        chunk[rows] *= max(1, _CHUNK_BYTES // segment_bytes)
    return in_chunks(read, series.shape, tuple(chunk), dtype.newbyteorder("="), path.name)
