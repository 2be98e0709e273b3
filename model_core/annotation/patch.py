"""The one unit of change: what was in a box, what is in it now, and what became of the object records."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_core.annotation.finished import Regions, regions_from_json, regions_to_json
from model_core.annotation.objects import ObjectRecord, record_from_row, record_to_row

Box = tuple[slice, slice, slice]
RecordChanges = dict[int, tuple[ObjectRecord | None, ObjectRecord | None]]

EMPTY_BOX: Box = (slice(0, 0), slice(0, 0), slice(0, 0))


class StalePatchError(ValueError):
    """The labels or records have changed since the patch was made; make it again from what is there now."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A change of the labels inside `box` from `old` to `new`, both uint32 (Z, Y, X) of the box's shape.

    `records` maps an ID to its record before and after, None where the object does not exist.
    `text` tells the user what was done. `finished` are all finished regions before and after, None where
    they stay as they are. Arrays are never written to once they are in a patch.
    """

    box: Box
    old: np.ndarray
    new: np.ndarray
    records: RecordChanges
    text: str
    finished: tuple[Regions, Regions] | None = None

    def __post_init__(self) -> None:
        shape = box_shape(self.box)
        if self.old.shape != shape or self.new.shape != shape:
            raise ValueError(f"a patch of shape {shape} got labels of {self.old.shape} and {self.new.shape}")

    @property
    def nbytes(self) -> int:
        """Memory held by the two label blocks, in bytes."""
        return self.old.nbytes + self.new.nbytes

    def reversed(self) -> Patch:
        """The patch that takes this one back; shares the arrays."""
        records = {id_: (after, before) for id_, (before, after) in self.records.items()}
        finished = None if self.finished is None else self.finished[::-1]
        return Patch(self.box, self.new, self.old, records, self.text, finished)


def record_patch(records: RecordChanges, text: str, finished: tuple[Regions, Regions] | None = None) -> Patch:
    """A patch that leaves all labels alone."""
    nothing = np.zeros(box_shape(EMPTY_BOX), np.uint32)
    return Patch(EMPTY_BOX, nothing, nothing, dict(records), text, finished)


def box_shape(box: Box) -> tuple[int, int, int]:
    """The shape of the labels inside `box`."""
    z, y, x = (part.stop - part.start for part in box)
    return z, y, x


def encode_block(labels: np.ndarray) -> bytes:
    """Labels as zlib-compressed little-endian uint32."""
    return zlib.compress(np.ascontiguousarray(labels, dtype="<u4").data, 1)


def decode_block(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of `encode_block`: read-only uint32 of `shape`.

    Never allocates more than `shape` calls for; raises ValueError for anything that isn't exactly that.
    """
    raw = np.empty(4 * math.prod(shape), np.uint8)  # the system gives memory only as it is filled
    filled = 0
    for piece in _decompress(data, raw.size):
        raw[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)
    if filled != raw.size:
        raise ValueError(f"a block of labels doesn't have the {raw.size} bytes of its shape {shape}")
    labels = raw.view("<u4").astype(np.uint32, copy=False).reshape(shape)
    labels.flags.writeable = False
    return labels


_PIECE_IN, _PIECE_OUT = 1 << 16, 1 << 20


def _decompress(data: bytes, most: int) -> Iterator[bytes]:
    """The decompressed bytes piece by piece. Raises ValueError for damaged bytes and for more than `most`."""
    stream = zlib.decompressobj()
    given = 0
    try:
        for at in range(0, len(data), _PIECE_IN):
            rest = data[at : at + _PIECE_IN]
            while rest:
                piece = stream.decompress(rest, min(_PIECE_OUT, most + 1 - given))
                given += len(piece)
                if given > most:
                    raise ValueError(f"compressed data hold more than the {most} bytes they should")
                yield piece
                rest = stream.unconsumed_tail
    except zlib.error as error:
        raise ValueError(f"compressed data are damaged: {error}") from None
    if not stream.eof:
        raise ValueError("compressed data are cut off")


@dataclass(frozen=True, slots=True)
class PackedPatch:
    """A patch as it is kept in files and in a long history: compressed bytes."""

    box: tuple[int, int, int, int, int, int]
    old: bytes
    new: bytes
    records: bytes
    text: str

    @property
    def nbytes(self) -> int:
        """Memory that both blocks take once unpacked, in bytes."""
        z0, z1, y0, y1, x0, x1 = self.box
        return 8 * (z1 - z0) * (y1 - y0) * (x1 - x0)

    def unpack(self) -> Patch:
        """The patch again. Raises ValueError when the bytes are damaged."""
        z0, z1, y0, y1, x0, x1 = self.box
        box = (slice(z0, z1), slice(y0, y1), slice(x0, x1))
        shape = box_shape(box)
        old, new = decode_block(self.old, shape), decode_block(self.new, shape)
        records, finished = _decode_records(self.records)
        return Patch(box, old, new, records, self.text, finished)


def pack(patch: Patch) -> PackedPatch:
    """Compress a patch; takes long for large ones, so do it in a worker."""
    z, y, x = patch.box
    box = (z.start, z.stop, y.start, y.stop, x.start, x.stop)
    records = _encode_records(patch)
    # Names of files may hold what UTF-8 can't say.
    text = patch.text.encode(errors="backslashreplace").decode()
    return PackedPatch(box, encode_block(patch.old), encode_block(patch.new), records, text)


def _encode_records(patch: Patch) -> bytes:
    # One line an object, encoded one by one: a single json.dumps of a model run would hold the
    # interpreter lock, and with it the window, for a tenth of a second.
    lines = []
    for before, after in patch.records.values():
        rows = [None if record is None else record_to_row(record) for record in (before, after)]
        lines.append(json.dumps(rows, separators=(",", ":"), allow_nan=False))
    if patch.finished is not None:
        lines.append(json.dumps({"finished": [regions_to_json(regions) for regions in patch.finished]}))
    return zlib.compress("\n".join(lines).encode(), 1)


# An object with a long note takes a few hundred bytes; a hostile file claims terabytes.
_MOST_RECORD_BYTES = 1 << 30


def _decode_records(data: bytes) -> tuple[RecordChanges, tuple[Regions, Regions] | None]:
    changes: RecordChanges = {}
    finished: tuple[Regions, Regions] | None = None
    for line in b"".join(_decompress(data, _MOST_RECORD_BYTES)).decode().splitlines():
        try:
            rows = json.loads(line)
        except RecursionError:
            raise ValueError("a change of an object record is damaged") from None
        if type(rows) is dict:
            finished = _decode_finished(rows)
            continue
        if type(rows) is not list or len(rows) != 2 or rows == [None, None]:
            raise ValueError("a change of an object record is damaged")
        before, after = (None if row is None else record_from_row(row) for row in rows)
        ids = {record.id for record in (before, after) if record is not None}
        if len(ids) != 1:
            raise ValueError("a change of an object record mixes two objects")
        changes[ids.pop()] = (before, after)
    return changes, finished


def _decode_finished(line: dict[str, Any]) -> tuple[Regions, Regions]:
    pair = line.get("finished")
    if len(line) != 1 or type(pair) is not list or len(pair) != 2:
        raise ValueError("a change of the finished regions is damaged")
    return regions_from_json(pair[0]), regions_from_json(pair[1])
