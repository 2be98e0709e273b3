"""Whatever is done in whatever order: records stay right, locked cells stay, undo and the file are exact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_core.annotation import merging, planes, reshaping
from model_core.annotation.classes import set_class
from model_core.annotation.deleting import Measured, Rule, delete
from model_core.annotation.filling import fill_area
from model_core.annotation.finished import rectangle
from model_core.annotation.importing import place
from model_core.annotation.label_store import LabelStore
from model_core.annotation.locking import set_locked
from model_core.annotation.model_patch import model_patch
from model_core.annotation.objects import Review, Source
from model_core.annotation.patch import box_shape
from model_core.annotation.pieces import separate_pieces
from model_core.annotation.polygon import reshape_outline
from model_core.annotation.proposal import Proposal, propose
from model_core.annotation.region_patch import region_patch
from model_core.annotation.reviewing import mark_finished, set_review, unmark_finished
from model_core.annotation.splitting import split_by_line, split_by_points, through_planes
from model_core.formats.labelling import Labelling
from tests.model_core.annotation.cells import assert_records_are_right
from tests.model_core.annotation.documents import SavedStore

SHAPE = (4, 28, 36)
Dice = np.random.Generator
Play = Callable[[LabelStore, Dice], Proposal]


def some_ids(store: LabelStore, dice: Dice) -> list[int]:
    ids = [*store.objects, 999]
    return dice.choice(ids, int(dice.integers(1, 5))).tolist()


def plane(dice: Dice) -> int:
    return int(dice.integers(SHAPE[0]))


def pixel(dice: Dice) -> tuple[int, int]:
    return int(dice.integers(SHAPE[1])), int(dice.integers(SHAPE[2]))


def patch_of(dice: Dice) -> tuple[int, int, np.ndarray]:
    """A rectangle or an ellipse somewhere in the image, full or as a ring."""
    (top, left), height, width = pixel(dice), *dice.integers(1, 16, 2).tolist()
    mask = np.ones((min(height, SHAPE[1] - top), min(width, SHAPE[2] - left)), bool)
    if dice.random() < 0.5:
        rows, cols = (np.linspace(-1, 1, size) for size in mask.shape)
        mask = np.hypot(rows[:, None], cols) <= 1
    if dice.random() < 0.3:
        mask[2:-2, 2:-2] = False
    return top, left, mask


def paint(store: LabelStore, dice: Dice, erase: bool = False, over: bool = False) -> Proposal:
    """What brush and eraser do with what they cover."""
    top, left, mask = patch_of(dice)
    z = plane(dice)
    box = slice(z, z + 1), slice(top, top + mask.shape[0]), slice(left, left + mask.shape[1])
    new = store.labels[box].copy()
    locked = [record.id for record in store.objects.values() if record.locked]
    allowed = ~np.isin(new, locked) if over or erase else new == 0
    new[mask[None] & allowed] = 0 if erase else store.new_id()
    whole, labels = separate_pieces(store.labels, store.objects, box, new, store.new_id)
    return propose(store, whole, labels, "Paint", source=Source.DRAWN)


def by_rule(store: LabelStore, dice: Dice) -> Proposal:
    rule = Rule(int(dice.integers(0, 12)), bool(dice.random() < 0.1))
    return delete(store, Measured(store.objects, SHAPE).matching(rule)[0], rule.words)


def fill(store: LabelStore, dice: Dice) -> Proposal:
    """A click in the middle of some cell, where rings have their holes."""
    middles = [record.centroid for record in store.objects.values()] or [(0.0, 0.0, 0.0)]
    z, y, x = dice.choice(middles).round().astype(int).tolist()
    return fill_area(store, z, y, x)


def divide(store: LabelStore, dice: Dice) -> Proposal:
    """Clicks on two pixels, mostly of the same cell."""
    z = plane(dice)
    places = np.argwhere(store.labels[z] == dice.choice([*store.objects, 0]))
    if not len(places) or dice.random() < 0.2:
        return split_by_points(store, z, pixel(dice), pixel(dice))
    one, other = (tuple(place) for place in dice.choice(places, 2).tolist())
    return split_by_points(store, z, one, other)


def line(dice: Dice) -> list[tuple[float, float]]:
    return [tuple(point) for point in dice.uniform(-10, 45, (int(dice.integers(1, 5)), 2)).tolist()]


def found_cells(dice: Dice, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """What a model may find or a file may hold: some squares of a grid, which may touch."""
    side = int(dice.integers(4, 9))
    places = np.indices(shape) // np.array([shape[0], side, side])[:, None, None, None]
    cells = (1 + places[1] * 99 + places[2]).astype(np.int64)
    return np.where(np.isin(cells, dice.choice(np.unique(cells), 4)), cells, 0)


def run_model(store: LabelStore, dice: Dice) -> Proposal:
    found = found_cells(dice)
    confidence = {id_: float(dice.random()) for id_ in np.unique(found).tolist()}
    return Proposal(model_patch(store, found, confidence), "Found")


def run_in_box(store: LabelStore, dice: Dice) -> Proposal:
    (top, left), z = pixel(dice), plane(dice)
    box = slice(z, z + 1), slice(top, min(top + 14, SHAPE[1])), slice(left, min(left + 14, SHAPE[2]))
    found = found_cells(dice, box_shape(box))
    confidence = {id_: float(dice.random()) for id_ in np.unique(found).tolist()}
    return Proposal(region_patch(store, box, found, confidence, "Box"), "Found")


def import_labels(store: LabelStore, dice: Dice) -> Proposal:
    found = found_cells(dice)
    classes = {int(id_): "odd" for id_ in np.unique(found).tolist() if id_ % 2}
    labelling = Labelling(found.astype(np.uint32), classes=classes)
    return place(store, labelling, bool(dice.random() < 0.5), "file")


def finish(store: LabelStore, dice: Dice) -> Proposal:
    if store.finished and dice.random() < 0.5:
        return unmark_finished(store.finished, store.finished[0])
    (y, x), z = pixel(dice), plane(dice)
    return mark_finished(store, store.finished, rectangle((z, z + 1), x, y, x + 9.0, y + 9.0))


PLAYS: dict[str, Play] = {
    "paint": paint,
    "paint over": lambda s, d: paint(s, d, over=True),
    "erase": lambda s, d: paint(s, d, erase=True),
    "expand": lambda s, d: reshaping.expand(s, some_ids(s, d), plane(d), int(d.integers(1, 5))),
    "shrink": lambda s, d: reshaping.shrink(s, some_ids(s, d), plane(d), int(d.integers(1, 4))),
    "smooth": lambda s, d: reshaping.smooth(s, some_ids(s, d), plane(d)),
    "hull": lambda s, d: reshaping.convex_hull(s, some_ids(s, d), plane(d)),
    "fill holes": lambda s, d: reshaping.fill_holes(s, some_ids(s, d), plane(d)),
    "merge": lambda s, d: merging.merge(s, some_ids(s, d)),
    "delete": lambda s, d: delete(s, some_ids(s, d)[:1]),
    "by rule": by_rule,
    "fill": fill,
    "cut": lambda s, d: split_by_line(s, plane(d), line(d), some_ids(s, d)[:1]),
    "cut all planes": lambda s, d: split_by_line(s, plane(d), line(d), parting=through_planes),
    "divide": divide,
    "lock": lambda s, d: set_locked(s, some_ids(s, d)[:1], bool(d.random() < 0.4)),
    "copy": lambda s, d: planes.copy_to_plane(
        s, some_ids(s, d), (z := plane(d)), z + int(d.choice([-2, -1, 1, 2]))
    ),
    "interpolate": lambda s, d: planes.interpolate(s, [*s.objects]),
    "model run": run_model,
    "box": run_in_box,
    "import": import_labels,
    "review": lambda s, d: set_review(s, some_ids(s, d), list(Review)[int(d.integers(3))]),
    "finish": finish,
    "class": lambda s, d: set_class(s, some_ids(s, d), ["", "a", "b"][int(d.integers(3))]),
    "outline": lambda s, d: reshape_outline(s, some_ids(s, d)[0], plane(d), patch_of(d), patch_of(d)),
}
# Painting first and most often: without cells there is nothing to do.
SCENES = st.lists(
    st.tuples(st.sampled_from([*PLAYS, "paint", "paint", "undo", "redo"]), st.integers(0, 2**32 - 1)),
    min_size=1,
    max_size=25,
)


def step(store: LabelStore, name: str, seed: int) -> None:
    """One action, and all that must hold after any."""
    if name in ("undo", "redo"):
        store.undo() if name == "undo" else store.redo()
        assert_records_are_right(store)
        return
    before, records, finished = store.labels.copy(), store.objects.snapshot(), store.finished
    proposal = PLAYS[name](store, np.random.default_rng(seed))
    np.testing.assert_array_equal(store.labels, before, "a proposal changes nothing")
    assert proposal.said
    if proposal.patch is None:
        return
    assert proposal.patch.text
    store.apply(proposal.patch)
    assert_records_are_right(store)
    if name != "lock":  # not even a model run or an import changes a locked cell
        for record in records.values():
            if record.locked:
                np.testing.assert_array_equal(store.labels == record.id, before == record.id)
    assert (proposal.selected or frozenset()) <= set(store.objects)
    after = store.labels.copy()
    store.undo()
    np.testing.assert_array_equal(store.labels, before)
    assert store.objects.snapshot() == records
    assert store.finished == finished
    store.redo()
    np.testing.assert_array_equal(store.labels, after)


def first_cells(store: LabelStore) -> None:
    for seed in range(6):
        step(store, "paint", seed)


@settings(max_examples=60, deadline=None)
@given(SCENES)
def test_any_actions_can_be_taken_back_exactly(scene: list[tuple[str, int]]) -> None:
    store = LabelStore.empty(SHAPE)
    first_cells(store)
    for name, seed in scene:
        step(store, name, seed)
    final, records, position = store.labels.copy(), store.objects.snapshot(), store.history.position
    while store.undo():
        pass
    assert not store.labels.any() and len(store.objects) == 0
    for _ in range(position):
        store.redo()
    np.testing.assert_array_equal(store.labels, final)
    assert store.objects.snapshot() == records


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scene=SCENES)
def test_the_reopened_document_equals_the_one_in_memory(
    scene: list[tuple[str, int]], tmp_path_factory: Any
) -> None:
    image: Path = tmp_path_factory.mktemp("document") / "cells.tif"
    saved = SavedStore(image, SHAPE)
    first_cells(saved.store)
    for name, seed in scene:
        step(saved.store, name, seed)
    saved.close()
    again = SavedStore(image, SHAPE)
    np.testing.assert_array_equal(again.store.labels, saved.store.labels)
    assert again.store.objects.snapshot() == saved.store.objects.snapshot()
    assert again.store.finished == saved.store.finished
    assert again.store.history.position == saved.store.history.position
    one, other = ([step.packed for step in s.history.steps] for s in (again.store, saved.store))
    assert one == other
    again.close()
    assert_records_are_right(again.store)


def test_no_action_is_always_refused() -> None:
    """A play that never does anything would prove nothing."""
    store, dice = LabelStore.empty(SHAPE), np.random.default_rng(3)
    idle = set(PLAYS)
    for _ in range(1000):
        name = str(dice.choice([*sorted(idle), "paint", "paint", "copy"]))  # what others need
        done = len(store.history.steps)
        step(store, name, int(dice.integers(2**32)))
        if len(store.history.steps) > done:
            idle.discard(name)
        if not idle:
            break
        if len(store.objects) > 30:  # begin again with room for all
            store = LabelStore.empty(SHAPE)
    assert not idle
