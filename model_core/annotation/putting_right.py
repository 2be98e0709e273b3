"""What answers to a doubtful object do: each is an operation, one step of undo."""

from __future__ import annotations

import cv2
import numpy as np

from model_core.annotation.candidates import Candidate
from model_core.annotation.deleting import delete
from model_core.annotation.doubt import Advice, Doubt
from model_core.annotation.finished import Regions
from model_core.annotation.left_out_cells import add_cell, no_cell
from model_core.annotation.merging import merge
from model_core.annotation.objects import Review
from model_core.annotation.proposal import Annotated, Proposal
from model_core.annotation.reviewing import set_review
from model_core.annotation.splitting import split_by_points


def put_right(cells: Annotated, doubt: Doubt, advice: Advice, finished: Regions = ()) -> Proposal:
    """Accept, delete, split or merge an object as its doubt proposes; add one that was left out, or not.

    `finished` are the finished regions that there are now.
    """
    if doubt.candidate is not None:
        return _place(cells, doubt.candidate, advice, finished)
    match advice:
        case Advice.ACCEPT:
            return set_review(cells, [doubt.id], Review.ACCEPTED)
        case Advice.DELETE:
            return delete(cells, [doubt.id])
        case Advice.MERGE:
            if not doubt.partner or doubt.partner not in cells.objects:
                return Proposal(None, "Not merged: it touches no other cell")
            return merge(cells, [doubt.id, doubt.partner])
        case Advice.SPLIT:
            if doubt.parts is None:
                return Proposal(None, "Not split: no waist was found. Cut it with the tool “Split” (T)")
            (z, *first), (_, *second) = doubt.parts
            return split_by_points(cells, z, (first[0], first[1]), (second[0], second[1]))
    return Proposal(None, "Correct the outline with the tools, then go on")


def _place(cells: Annotated, candidate: Candidate, advice: Advice, finished: Regions) -> Proposal:
    match advice:
        case Advice.ADD:
            return add_cell(cells, candidate)
        case Advice.NONE:
            return no_cell(finished, candidate)
    return Proposal(None, "Say whether there is a cell (A) or none (D)")


def cut_between(labels: np.ndarray, doubt: Doubt) -> np.ndarray | None:
    """About where a split would cut: the ends of a line, float64 ``(2, 2)`` x, y in the plane of the parts.

    It crosses the narrowest place between the two parts at a right angle. None without parts.
    """
    if doubt.parts is None:
        return None
    z = doubt.parts[0][0]
    plane = labels[z] == doubt.id
    first, second = (np.array(point[1:], float) for point in doubt.parts)
    rows, cols = np.nonzero(plane)
    if not len(rows):
        return None
    corner = np.array([rows.min(), cols.min()])
    mask = np.pad(plane[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1], 1)
    depth = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    steps = np.linspace(0, 1, max(3, int(2 * np.linalg.norm(second - first))))[1:-1]
    path = first + steps[:, None] * (second - first)
    at = np.rint(path - corner + 1).astype(int)
    middle = path[int(depth[at[:, 0], at[:, 1]].argmin())]
    way = (second - first) / max(float(np.linalg.norm(second - first)), 1e-9)
    across = np.array([-way[1], way[0]])
    ends = []
    for side in (across, -across):
        reach = 0.0
        while _inside(plane, middle + (reach + 0.5) * side):
            reach += 0.5
        ends.append((middle + (reach + 1) * side)[::-1] + 0.5)
    return np.array(ends)


def _inside(mask: np.ndarray, point: np.ndarray) -> bool:
    y, x = np.rint(point).astype(int).tolist()
    return 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and bool(mask[y, x])
