"""Files of Cellpose's window: all layouts are read, ours are laid out so, and no file runs anything."""

from __future__ import annotations

import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_core.errors import UserError
from model_core.formats.labelling import Labelling
from model_core.formats.seg_npy import read_seg_npy, write_seg_npy


def some_labels(depth: int = 1) -> np.ndarray:
    labels = np.zeros((depth, 30, 40), np.uint32)
    labels[:, 2:12, 2:12] = 7
    labels[0, 4:8, 4:8] = 0  # a hole
    labels[0, 0, 39] = 70_000  # one pixel, in the corner
    labels[-1, 20:25, 5:9] = labels[-1, 27, 30:35] = 3  # in two pieces
    labels[0, 2:12, 12:20] = 12  # touches 7
    return labels


def fields(depth: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    parts = 2 if depth == 1 else 3
    return (
        rng.normal(size=(parts, depth, 30, 40)).astype(np.float32),
        rng.normal(size=(depth, 30, 40)).astype(np.float32),
    )


def as_others_write(path: Path, **table: Any) -> Path:
    np.save(path, table, allow_pickle=True)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("depth", [1, 4])
def test_labels_classes_and_fields_come_back(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "Zellen 細胞_seg.npy"
    flows, cellprob = fields(depth)
    cells = Labelling(some_labels(depth), {7: "round", 70_000: "tiny"}, frozenset([3]))
    write_seg_npy(path, cells)
    again = read_seg_npy(path)
    assert again.labels.dtype == np.uint32 and again.flows is None
    np.testing.assert_array_equal(again.labels, cells.labels)
    assert again.classes == cells.classes and again.by_hand == cells.by_hand
    write_seg_npy(path, Labelling(cells.labels, flows=flows, cellprob=cellprob))
    again = read_seg_npy(path)
    assert again.flows is not None and again.cellprob is not None
    np.testing.assert_allclose(again.flows, flows, atol=1e-6)
    np.testing.assert_array_equal(again.cellprob, cellprob)


def test_more_than_65535_objects(tmp_path: Path) -> None:
    labels = np.arange(300 * 300, dtype=np.uint32).reshape(1, 300, 300) * 3
    write_seg_npy(tmp_path / "a_seg.npy", Labelling(labels))
    np.testing.assert_array_equal(read_seg_npy(tmp_path / "a_seg.npy").labels, labels)


def test_the_file_is_what_cellpose_expects(tmp_path: Path) -> None:
    path = tmp_path / "a_seg.npy"
    flows, cellprob = fields(1)
    write_seg_npy(path, Labelling(some_labels(), by_hand=frozenset([7]), flows=flows, cellprob=cellprob))
    assert b"numpy._core" not in path.read_bytes()  # which numpy 1 does not know
    table = np.load(path, allow_pickle=True).item()
    masks, outlines = table["masks"], table["outlines"]
    assert (masks.shape, masks.dtype, int(masks.max())) == ((30, 40), np.uint16, 4)
    assert len(table["colors"]) == len(table["ismanual"]) == 4 and table["ismanual"].tolist() == [0, 1, 0, 0]
    inner = (masks == 2) & (outlines == 0)
    assert ((outlines == 0) | (outlines == masks)).all() and 0 < inner.sum() < (masks == 2).sum()
    colours, grey, scaled, logits, stack = table["flows"]
    assert colours.shape == (30, 40, 3) and grey.dtype == np.uint8
    np.testing.assert_allclose(scaled, 5 * flows[:, 0], rtol=1e-6)  # Cellpose 4
    np.testing.assert_allclose(stack, [*scaled, logits])  # 1 to 3


@pytest.mark.parametrize("depth", [1, 4])
@pytest.mark.parametrize("layout", ["window 4", "command line", "window 1 to 3"])
def test_every_layout_of_flows_is_read(tmp_path: Path, layout: str, depth: int) -> None:
    flows, cellprob = fields(depth)
    labels = some_labels(depth)
    raw, logits, masks = 5 * flows, cellprob, labels
    if depth == 1:
        raw, logits, masks = raw[:, 0], logits[0], masks[0]
    grey = np.zeros(masks.shape, np.uint8)
    first = [np.zeros((*masks.shape, 3), np.uint8), grey]
    layouts: dict[str, list[Any]] = {
        "window 4": [*first, raw, logits],
        "command line": [*first, np.zeros_like(grey), [], np.concatenate([raw, logits[None]])],
        "window 1 to 3": [part[None] for part in first]
        + [grey[None], [], np.concatenate([raw, logits[None]])],
    }
    path = as_others_write(tmp_path / "a_seg.npy", masks=masks, outlines=masks, flows=layouts[layout])
    again = read_seg_npy(path)
    np.testing.assert_array_equal(again.labels, labels)
    assert again.flows is not None and again.cellprob is not None
    np.testing.assert_allclose(again.flows, flows, atol=1e-6)
    np.testing.assert_array_equal(again.cellprob, cellprob)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_old_files_and_other_protocols_are_read(tmp_path: Path, protocol: int) -> None:
    masks = np.asfortranarray(some_labels()[0].astype(np.int32) - 1)  # -1 was the background once
    table = {
        "masks": masks,
        "outlines": masks,
        "filename": Path("some") / "where.tif",
        "est_diam": np.float64(3),
    }
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
    file.write(pickle.dumps(np.array(table, object), protocol=protocol))
    path = tmp_path / "a_seg.npy"
    path.write_bytes(file.getvalue())
    np.testing.assert_array_equal(read_seg_npy(path).labels, some_labels())


def test_flows_of_another_size_are_left_out(tmp_path: Path) -> None:
    masks = some_labels()[0]
    small = [
        np.zeros((1, 15, 20, 3)),
        np.zeros((1, 15, 20)),
        np.zeros((1, 15, 20)),
        [],
        np.zeros((3, 15, 20)),
    ]
    path = as_others_write(tmp_path / "a_seg.npy", masks=masks, outlines=masks, flows=small)
    again = read_seg_npy(path)
    assert again.flows is None and again.cellprob is None
    np.testing.assert_array_equal(again.labels, some_labels())


class Harm:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def pickled(content: bytes) -> bytes:
    """A .npy file around a pickle."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
    return file.getvalue() + content


def test_a_pickle_that_tries_to_run_code_is_refused(tmp_path: Path) -> None:
    path, mark = tmp_path / "a_seg.npy", tmp_path / "harm done"
    for harm in (Harm(mark), [Harm(mark)]):
        as_others_write(path, masks=some_labels(), extra=harm)
        with pytest.raises(UserError, match="run code"):
            read_seg_npy(path)
    path.write_bytes(pickled(b"c__builtin__\nexec\n(S'import os'\ntR."))
    with pytest.raises(UserError, match="run code"):
        read_seg_npy(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not numpy",
        pickled(b""),
        pickled(b"N."),
        pickled(pickle.dumps({"masks": 3})),
        pickled(pickle.dumps({"masks": [[1, 2]]})),
        pickled(pickle.dumps({"other": 3})),
        pickled(b"\x80\x04Nr\xff\xff\xff\xff."),  # a memo of four billion entries
        pickled(b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"abc."),  # bytes of an exabyte
        pickled(b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N."),
        pickled(b"\x80\x04" + b"}" * 2_100_000 + b"."),  # a dict for each byte
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
        b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,)}      \n",
    ],
    ids=range(13),
)
def test_damaged_and_lying_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a_seg.npy"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a_seg\.npy"):
        read_seg_npy(path)


def test_cut_off_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a_seg.npy"
    write_seg_npy(path, Labelling(some_labels()))
    whole = path.read_bytes()
    for length in (20, 130, 200, 1000, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"a_seg\.npy"):
            read_seg_npy(path)
    with pytest.raises(UserError, match="does not exist"):
        read_seg_npy(tmp_path / "none_seg.npy")
