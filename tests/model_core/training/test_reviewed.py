"""What of a document is trusted: reviewed cells, finished regions, rejected and deleted objects."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from model_core.annotation.finished import rectangle
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Review, Source
from model_core.training.reviewed import deleted_objects, reviewed_image

IMAGE = Path("a.png")
SHAPE = (1, 20, 40)


def store_of(boxes: dict[int, tuple[int, int, int, int]], source: Source = Source.MODEL) -> LabelStore:
    store = LabelStore.empty(SHAPE)
    put(store, boxes, source)
    return store


def put(store: LabelStore, boxes: dict[int, tuple[int, int, int, int]], source: Source) -> None:
    new = store.labels.copy()
    for id_, (y0, y1, x0, x1) in boxes.items():
        new[0, y0:y1, x0:x1] = id_
    change(store, new, source)


def change(store: LabelStore, new: np.ndarray, source: Source = Source.EDITED) -> None:
    whole = tuple(slice(0, n) for n in SHAPE)
    patch = store.edit(whole, new, "", source)  # type: ignore[arg-type]
    assert patch is not None
    store.apply(patch)


def review(store: LabelStore, id_: int, verdict: Review) -> None:
    store.apply(store.change_records({id_: replace(store.objects[id_], review=verdict)}, ""))


def test_only_reviewed_cells_are_trusted() -> None:
    store = store_of({1: (2, 6, 2, 6), 2: (2, 6, 10, 14), 3: (2, 6, 20, 24)})
    assert reviewed_image(IMAGE, store.labels, store.objects) is None
    put(store, {4: (10, 14, 2, 6)}, Source.DRAWN)
    review(store, 2, Review.ACCEPTED)
    image = reviewed_image(IMAGE, store.labels, store.objects)
    assert image is not None and image.cells == 2 and not image.complete
    assert set(np.unique(image.labels)) == {0, 2, 4}
    assert np.array_equal(image.trusted, np.isin(store.labels, (2, 4)))
    assert np.array_equal(image.others, np.isin(store.labels, (1, 3)))


def test_finished_region_counts_with_its_background_but_not_with_what_reaches_in() -> None:
    store = store_of({1: (2, 6, 2, 6), 2: (2, 6, 8, 20)})
    image = reviewed_image(IMAGE, store.labels, store.objects, [rectangle((0, 1), 0, 0, 10, 10)])
    assert image is not None and set(np.unique(image.labels)) == {0, 1}
    assert image.trusted[0, 8, 5] and not image.trusted[0, 12, 5]
    assert not image.trusted[0, 4, 9] and image.others[0, 4, 9]  # object 2, whose middle lies outside
    whole = reviewed_image(IMAGE, store.labels, store.objects, [rectangle((0, 1), 0, 0, 40, 20)])
    assert whole is not None and whole.complete and whole.cells == 2


def test_rejected_and_deleted_objects_are_background() -> None:
    store = store_of({1: (2, 6, 2, 6), 2: (2, 6, 10, 14), 3: (2, 6, 20, 24)})
    review(store, 3, Review.REJECTED)
    change(store, np.where(store.labels == 1, 0, store.labels))
    deleted = deleted_objects(store.history, SHAPE)
    assert deleted is not None
    image = reviewed_image(IMAGE, store.labels, store.objects, deleted=deleted)
    assert image is not None and image.cells == 0
    assert image.trusted[0, 3, 3] and image.trusted[0, 3, 21] and image.trusted.sum() == 32
    store.undo()
    assert deleted_objects(store.history, SHAPE) is None


def test_many_deleted_at_once_say_nothing() -> None:
    store = store_of({n + 1: (0, 1, n, n + 1) for n in range(0, 40)})
    change(store, np.zeros(SHAPE, np.uint32))
    assert deleted_objects(store.history, SHAPE) is None
