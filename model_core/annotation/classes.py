"""Classes of objects: a few names with colours, kept in the document, and which object is in which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from model_core.annotation.objects import ObjectRecord
from model_core.annotation.patch import record_patch
from model_core.annotation.proposal import Annotated, Proposal, count_cells, name_cells
from model_core.errors import UserError

SETTING = "classes"
"""The key of a document's settings under which `to_setting` lies."""

MOST_CLASSES = 9
LONGEST_NAME = 60
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#DDDDDD", "#8C6BB1")
"""For classes one to nine unless others are chosen: those of Okabe and Ito (2008), and a violet."""


@dataclass(frozen=True)
class CellClass:
    """A name, and a colour as "#RRGGBB"."""

    name: str
    colour: str


Classes = tuple[CellClass, ...]


def to_setting(classes: Classes) -> list[list[str]]:
    """What JSON can hold."""
    return [[each.name, each.colour] for each in classes]


def from_setting(setting: Any) -> Classes:
    """The inverse of `to_setting`. Trusts nothing: what makes no sense is left out."""
    found: dict[str, CellClass] = {}
    for entry in setting if isinstance(setting, list) else []:
        if isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
            name, colour = entry
            if valid_name(name) and re.fullmatch("#[0-9A-Fa-f]{6}", colour):
                found.setdefault(name, CellClass(name, colour))
    return tuple(found.values())[:MOST_CLASSES]


def valid_name(name: str) -> bool:
    """Whether a class may be called so: some characters, no blanks around them, none that cannot be seen."""
    return 0 < len(name) <= LONGEST_NAME and name == name.strip() and name.isprintable()


def with_class(classes: Classes, name: str, colour: str | None = None) -> Classes:
    """One class more, in the first colour that none has. Raises UserError if that is not possible."""
    if not valid_name(name):
        raise UserError(f"Give the class a name of 1 to {LONGEST_NAME} letters.")
    if any(each.name == name for each in classes):
        raise UserError(f"There is a class “{name}” already.")
    if len(classes) >= MOST_CLASSES:
        raise UserError(f"There are {MOST_CLASSES} classes already, one for each number key.")
    taken = {each.colour for each in classes}
    free = [each for each in COLOURS if each not in taken]
    return (*classes, CellClass(name, colour or (free or list(COLOURS))[0]))


def completed(classes: Classes, objects: Iterable[ObjectRecord]) -> Classes:
    """With the classes that objects are in, as far as there is room; those of files that others wrote."""
    for name in sorted({record.class_name for record in objects} - {each.name for each in classes} - {""}):
        if len(classes) < MOST_CLASSES and valid_name(name):
            classes = with_class(classes, name)
    return classes


def set_class(cells: Annotated, ids: Iterable[int], name: str) -> Proposal:
    """Put objects into a class, or with "" into none; locked ones too, as no pixel changes."""
    records = [cells.objects[id_] for id_ in sorted(ids) if id_ in cells.objects]
    if not records:
        return Proposal(None, "Select a cell first")
    into = f"class “{name}”" if name else "no class"
    return _changed(
        [record for record in records if record.class_name != name],
        {record.class_name: name for record in records},
        f"Put {{cells}} into {into}",
        f"{{count}} in {into}",
        f"Already in {into}: {name_cells([record.id for record in records])}",
    )


def rename_class(cells: Annotated, before: str, after: str) -> Proposal:
    """Take over a new name into all objects of a class; "" takes them out of it."""
    records = [record for record in cells.objects.values() if record.class_name == before]
    text = f"Rename class “{before}” to “{after}”" if after else f"Remove class “{before}”"
    return _changed(records, {before: after}, text, f"{text}: {{count}}", text)


def _changed(
    records: list[ObjectRecord], names: Mapping[str, str], text: str, said: str, otherwise: str
) -> Proposal:
    if not records:
        return Proposal(None, otherwise)
    pairs = {record.id: (record, replace(record, class_name=names[record.class_name])) for record in records}
    text = text.replace("{cells}", name_cells(pairs))
    patch = record_patch({**pairs}, text)
    return Proposal(patch, said.replace("{count}", count_cells(len(pairs))))
