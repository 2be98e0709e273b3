"""Classes: which there may be, and cells that go into them and out again."""

from __future__ import annotations

import numpy as np
import pytest

from model_core.annotation.classes import (
    COLOURS,
    MOST_CLASSES,
    CellClass,
    completed,
    from_setting,
    rename_class,
    set_class,
    to_setting,
    with_class,
)
from model_core.annotation.label_store import LabelStore
from model_core.errors import UserError
from tests.model_core.annotation.cells import apply, lock, square, store_of


@pytest.fixture
def store() -> LabelStore:
    labels = np.zeros((40, 60), int)
    for number, x in enumerate((0, 20, 40), start=1):
        square(labels, number, 10, x, 8)
    return store_of(labels)


def names(store: LabelStore) -> list[str]:
    return [store.objects[id_].class_name for id_ in (1, 2, 3)]


def test_cells_are_put_into_a_class_as_one_step_and_undo_takes_them_out(store: LabelStore) -> None:
    lock(store, 2)
    before = store.labels.copy()
    assert apply(store, set_class(store, [1, 2, 99], "mitotic")) == "2 cells in class “mitotic”"
    assert names(store) == ["mitotic", "mitotic", ""]
    assert np.array_equal(store.labels, before)
    assert set_class(store, [1], "mitotic").patch is None
    assert set_class(store, [], "mitotic").said == "Select a cell first"
    store.undo()
    assert names(store) == ["", "", ""]
    store.redo()
    assert apply(store, set_class(store, [1], "")) == "1 cell in no class"
    assert names(store) == ["", "mitotic", ""]


def test_a_class_takes_its_cells_along_when_it_is_renamed_and_lets_them_go_when_it_is_removed(
    store: LabelStore,
) -> None:
    apply(store, set_class(store, [1, 3], "dead"))
    apply(store, rename_class(store, "dead", "apoptotic"))
    assert names(store) == ["apoptotic", "", "apoptotic"]
    apply(store, rename_class(store, "apoptotic", ""))
    assert names(store) == ["", "", ""]
    assert rename_class(store, "never", "seen").patch is None


def test_each_class_gets_a_colour_of_its_own() -> None:
    classes: tuple[CellClass, ...] = ()
    for number in range(MOST_CLASSES):
        classes = with_class(classes, f"class {number}")
    assert [each.colour for each in classes] == list(COLOURS)
    with pytest.raises(UserError, match="9 classes already"):
        with_class(classes, "one more")
    assert from_setting(to_setting(classes)) == classes


@pytest.mark.parametrize("name", ["", " ", " a", "x" * 61, "two\nlines"])
def test_names_that_nobody_could_read_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="name of 1 to"):
        with_class((), name)


def test_a_name_is_given_once() -> None:
    with pytest.raises(UserError, match="“a” already"):
        with_class(with_class((), "a"), "a")


@pytest.mark.parametrize(
    "setting",
    [
        None,
        "classes",
        {},
        [["a"]],
        [["a", 5]],
        [["a", "red"]],
        [["a", "#12345"]],
        [["", "#123456"]],
        [[[], {}]],
    ],
)
def test_a_damaged_setting_gives_no_classes(setting: object) -> None:
    assert from_setting(setting) == ()


def test_cells_of_classes_that_are_not_listed_bring_them_along(store: LabelStore) -> None:
    apply(store, set_class(store, [2], "from another program"))
    classes = completed((CellClass("a", "#000000"),), store.objects.values())
    assert [each.name for each in classes] == ["a", "from another program"]
