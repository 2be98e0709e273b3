"""True cells that were missed, and what of a review queue leads a person to them. Used by `worst_first`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from model_core.annotation.candidates import Candidate
from model_core.annotation.matching import Shared, match, shared_pixels

MOST = 0.5  # of an object's pixels: then it lies in the other one
PART = 0.25  # of a missed cell, or of what points at it, that the other one is at least


@dataclass
class Missed:
    """The true cells of one image that no object matches at an IoU of 0.5.

    count: of them. under: int64 ``(N, 2)``, pairs (row of a wrong object, missed cell 0..count-1) of which
    one lies in the other. of_traces: int64 by trace, the missed cell that it points at and that lies under no
    wrong object; -1 where there is none. scores: of the traces. fits: whether a trace matches the cell.
    """

    count: int
    under: np.ndarray
    of_traces: np.ndarray
    scores: np.ndarray
    fits: np.ndarray

    @property
    def free(self) -> int:
        """How many lie under no wrong object."""
        return self.count - len(np.unique(self.under[:, 1]))


def missed_cells(
    true: np.ndarray, labels: np.ndarray, ids: np.ndarray, traces: Sequence[Candidate]
) -> Missed:
    """`ids`: of the objects in `labels`, in the order of the rows. Both label images are ``(Z, Y, X)``."""
    pairs = match(true, labels, 0.5)
    missed = np.setdiff1d(np.unique(true[true > 0]), pairs[0])
    shared = shared_pixels(true, labels)
    wrong = ~np.isin(shared.b, pairs[1])
    lies = np.isin(shared.a, missed) & wrong & _mostly(shared)
    under = np.stack([np.searchsorted(ids, shared.b[lies]), np.searchsorted(missed, shared.a[lies])], axis=1)
    placed = np.zeros(true.shape, np.int64)
    for number, trace in enumerate(traces, 1):
        placed[trace.box][trace.pixels] = number
    free = np.setdiff1d(np.arange(len(missed)), under[:, 1])
    met = shared_pixels(np.where(np.isin(true, missed[free]), true, 0), placed)
    smaller = np.minimum(met.pixels / met.size_a, met.pixels / met.size_b)
    points = _mostly(met) & (smaller >= PART)
    of_traces = np.full(len(traces), -1)
    of_traces[met.b[points] - 1] = np.searchsorted(missed, met.a[points])
    fits = np.zeros(len(traces), bool)
    fits[met.b[met.pixels / (met.size_a + met.size_b - met.pixels) >= 0.5] - 1] = True
    return Missed(len(missed), under, of_traces, np.array([trace.chance for trace in traces]), fits)


def _mostly(shared: Shared) -> np.ndarray:
    """Where one of both lies in the other for the most part."""
    return (shared.pixels >= MOST * shared.size_a) | (shared.pixels >= MOST * shared.size_b)


def found_errors(
    wrong: Sequence[np.ndarray],
    missed: Sequence[Missed],
    doubts: Sequence[np.ndarray],
    chances: Sequence[np.ndarray] | None,
    share: float,
) -> tuple[int, int, int]:
    """What a person finds who looks at as many rows as a share of the objects, the most doubtful first.

    Args: lists by image: which objects are wrong, how doubtful each is, and how likely each trace is a missed
    cell; None: traces are not in the queue.

    Returns:
        wrong objects, missed cells under them, other missed cells.
    """
    rows = [
        (float(value), image, row) for image, values in enumerate(doubts) for row, value in enumerate(values)
    ]
    count = round(share * len(rows))
    for image, values in enumerate(chances or ()):
        rows += [(float(value), image, -1 - number) for number, value in enumerate(values)]
    rows.sort(key=lambda entry: -entry[0])
    objects = 0
    under: set[tuple[int, int]] = set()
    free: set[tuple[int, int]] = set()
    for _, image, row in rows[:count]:
        of = missed[image]
        if row < 0:
            if (cell := int(of.of_traces[-1 - row])) >= 0:
                free.add((image, cell))
        elif wrong[image][row]:
            objects += 1
            under |= {(image, int(cell)) for cell in of.under[of.under[:, 0] == row, 1]}
    return objects, len(under), len(free)


def found_at_random(
    wrong: Sequence[np.ndarray], missed: Sequence[Missed], share: float
) -> tuple[float, float]:
    """Wrong objects and missed cells under them that are found on average, when objects come in any order."""
    under = sum(
        float((1 - (1 - share) ** np.unique(of.under[:, 1], return_counts=True)[1]).sum()) for of in missed
    )
    return share * sum(int(each.sum()) for each in wrong), under


def most_errors(wrong: Sequence[np.ndarray], missed: Sequence[Missed], share: float) -> int:
    """How many of the errors that `found_errors` counts any order could find at most."""
    rows = sum(len(each) for each in wrong)
    worth = [1] * sum(len(np.unique(of.of_traces[of.of_traces >= 0])) for of in missed)
    for each, of in zip(wrong, missed, strict=True):
        _, first = np.unique(of.under[:, 1], return_index=True)  # a missed cell under two objects counts once
        worth += (1 + np.bincount(of.under[first, 0], minlength=len(each)))[each].tolist()
    return int(sum(sorted(worth, reverse=True)[: round(share * rows)]))


def fit_likelihood(missed: Sequence[Missed], highest: float) -> tuple[float, float]:
    """Constant and weight of the logistic regression of being a missed cell over the score of a trace.

    highest: score beyond which more says nothing.
    """
    score = np.minimum(np.concatenate([of.scores for of in missed]), highest)
    cell = np.concatenate([of.of_traces >= 0 for of in missed]).astype(float)

    def loss(line: np.ndarray) -> float:
        odds = line[0] + line[1] * score
        return float((np.logaddexp(0, odds) - cell * odds).mean())

    constant, slope = minimize(loss, np.zeros(2)).x
    return float(constant), float(slope)


def calibration(chances: np.ndarray, cell: np.ndarray) -> str:
    """How often there was a cell where that was called so and so likely."""
    words = []
    for low in np.arange(0, 1, 0.1):
        here = (chances >= low) & (chances < low + 0.1)
        if here.any():
            words.append(f"{chances[here].mean():.2f} -> {cell[here].mean():.2f} of {here.sum()}")
    return ", ".join(words)
