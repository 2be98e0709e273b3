"""Masks as run lengths, the way COCO writes them: down the columns, background first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_MOST_RUNS = 2**27


def encode_mask(pixels: np.ndarray, top: int, left: int, height: int) -> list[int]:
    """The runs of a mask (rows, columns) at a place in an image of a height; the last one is left open.

    The sum of the runs is at most height * width of the image; the rest is background.
    """
    column, row = np.nonzero(pixels.T)
    at = (column + left) * height + row + top
    if not at.size:
        return []
    first = np.flatnonzero(np.diff(at, prepend=at[0] - 2) > 1)
    begin, end = at[first], np.append(at[first[1:] - 1], at[-1]) + 1
    runs = np.empty(2 * len(begin), np.int64)
    runs[::2] = begin - np.r_[0, end[:-1]]
    runs[1::2] = end - begin
    return runs.tolist()


def decode_runs(runs: Sequence[int], height: int, width: int) -> tuple[slice, slice, np.ndarray]:
    """Rows, columns and bool (rows, columns) of the mask, in a box as small as its columns allow.

    Raises ValueError for runs that are no whole numbers from 0 on, or go beyond the image.
    """
    lengths = np.array(runs, np.int64) if len(runs) <= _MOST_RUNS else np.array([-1])
    if lengths.ndim != 1 or (lengths < 0).any() or any(type(run) is not int for run in runs[:1]):
        raise ValueError("runs that are no lengths")
    ends = np.cumsum(lengths)
    if (len(ends) and not 0 <= int(ends[-1]) <= height * width) or (np.diff(ends) < 0).any():
        raise ValueError(f"runs that do not fit an image of {height} x {width} pixels")
    begin, end = ends[::2][: len(ends) // 2], ends[1::2]
    begin, end = begin[end > begin], end[end > begin]
    if not len(begin):
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), bool)
    left, right = int(begin[0]) // height, (int(end[-1]) - 1) // height + 1
    steps = np.zeros((right - left) * height + 1, np.int8)
    steps[begin - left * height] += 1
    np.subtract.at(steps, end - left * height, 1)
    mask = np.cumsum(steps[:-1], dtype=np.int8).astype(bool).reshape(right - left, height).T
    rows = np.flatnonzero(mask.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    return slice(top, bottom), slice(left, right), mask[top:bottom]


def to_text(runs: Sequence[int]) -> str:
    """COCO's compression: from the third run on the difference to the last but one, in groups of 5 bits.

    A group is a letter from "0" on; its sixth bit says that more follow, the fifth of the last is the sign.
    """
    letters = []
    for at, run in enumerate(runs):
        value = run - runs[at - 2] if at > 2 else run
        while True:
            group = value & 31
            value >>= 5
            more = value != (-1 if group & 16 else 0)
            letters.append(chr(48 + (group | (32 if more else 0))))
            if not more:
                break
    return "".join(letters)


def from_text(text: str) -> list[int]:
    """The inverse of `to_text`. Raises ValueError for anything that is no such text."""
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        group = ord(letter) - 48
        if not 0 <= group < 64 or shift > 60:
            raise ValueError("a damaged mask")
        value |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("a mask that is cut off")
    return runs
