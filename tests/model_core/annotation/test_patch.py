"""Patches as bytes: exact round trips, and damaged or hostile bytes are refused without large allocations."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from dataclasses import replace

import numpy as np
import pytest

from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import record_from_row, record_to_row
from model_core.annotation.patch import Patch, decode_block, encode_block, pack


def a_patch() -> Patch:
    store = LabelStore.empty((2, 30, 30))
    new = np.zeros((2, 10, 12), np.uint32)
    new[0, 1:5, 1:5] = 1
    new[1, 3:9, 3:9] = 2**32 - 1
    patch = store.edit((slice(0, 2), slice(5, 15), slice(7, 19)), new, "Dränge “中”")
    assert patch is not None
    return patch


def test_a_patch_survives_packing() -> None:
    patch = a_patch()
    again = pack(patch).unpack()
    assert (again.box, again.text, again.records) == (patch.box, patch.text, patch.records)
    np.testing.assert_array_equal(again.old, patch.old)
    np.testing.assert_array_equal(again.new, patch.new)
    assert again.new.dtype == np.uint32


def test_reversing_twice_is_the_patch() -> None:
    patch = a_patch()
    again = patch.reversed().reversed()
    assert again.records == patch.records
    np.testing.assert_array_equal(again.new, patch.new)
    np.testing.assert_array_equal(patch.reversed().new, patch.old)


def test_a_record_survives_its_row() -> None:
    record = next(after for _, after in a_patch().records.values() if after)
    record = replace(record, confidence=0.25, note="x", class_name="Zelle", locked=True)
    assert record_from_row(json.loads(json.dumps(record_to_row(record)))) == record


@pytest.mark.parametrize(
    "field_and_value",
    [(0, 0), (0, 2**32), (1, -1), (2, 0), (7, 0), (7, 10**9), (8, float("nan")), (8, "1"),
     (11, "god"), (12, "high"), (13, "x"), (14, None), (16, 7), (3, 1.5), (0, True)],
)  # fmt: skip
def test_a_damaged_row_is_no_record(field_and_value: tuple[int, object]) -> None:
    record = next(after for _, after in a_patch().records.values() if after)
    row = list(record_to_row(record))
    field, value = field_and_value
    row[field] = value
    with pytest.raises(ValueError):
        record_from_row(row)


@pytest.mark.parametrize("shape", [(1, 7, 9), (3, 1, 1), (0, 0, 0), (1, 512, 512)])
def test_blocks_round_trip(shape: tuple[int, ...]) -> None:
    block = np.random.default_rng(1).integers(0, 2**32, shape, dtype=np.uint32)
    np.testing.assert_array_equal(decode_block(encode_block(block), shape), block)


def test_blocks_of_another_shape_or_damaged_are_refused() -> None:
    data = encode_block(np.arange(60, dtype=np.uint32).reshape(3, 4, 5))
    for bad in (data[:-3], data[:5] + b"xxxx" + data[9:], b"", b"not zlib"):
        with pytest.raises(ValueError):
            decode_block(bad, (3, 4, 5))
    for shape in ((3, 4, 4), (3, 4, 6), (0, 4, 5)):
        with pytest.raises(ValueError):
            decode_block(data, shape)


def test_a_decompression_bomb_takes_no_memory() -> None:
    bomb = zlib.compress(bytes(200 * 2**20), 9)
    tracemalloc.start()
    with pytest.raises(ValueError):
        decode_block(bomb, (1, 16, 16))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
