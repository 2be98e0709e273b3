"""The models of this person as a shelf: look at, rename, annotate, hand on, throw away, bring back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.models import registry
from model_core.models.package import SUFFIX, Card, read_card, rewrite_card
from model_core.models.registry import bundled_folder, find_model, model_names

_KEPT = 30 * 24 * 3600  # seconds that a deleted model can be brought back
_NOT_IN_NAMES = set('<>:"/\\|?*')  # what one system or another does not allow in the name of a file


@dataclass(frozen=True)
class Entry:
    """A model on the shelf.

    card: None where it cannot be read; problem then says why. bundled: it comes with the program and stays.
    imported: it was made elsewhere. parent: the model it was made from, if that is on the shelf.
    """

    name: str
    path: Path
    card: Card | None
    bundled: bool
    parent: str | None = None
    problem: str = ""


def shelf() -> list[Entry]:
    """All models, the default first. A file that cannot be read is listed with the reason."""
    names = model_names()
    return [_entry(name, set(names)) for name in names]


def _entry(name: str, names: set[str]) -> Entry:
    path = find_model(name)
    bundled = path.parent == bundled_folder()
    try:
        card = read_card(path)
    except UserError as error:
        return Entry(name, path, None, bundled, problem=str(error))
    parent = card.parent if card.parent in names and card.parent != name else None
    return Entry(name, path, card, bundled, parent)


def check_name(name: str) -> str:
    """A name that a new model can have, without the space around it.

    Raises:
        UserError: no file can be called so, or there is a model of that name.
    """
    name = name.strip()
    if not name or name.startswith(".") or _NOT_IN_NAMES & set(name) or not name.isprintable():
        raise UserError(f"“{name}” cannot be the name of a model: it becomes the name of a file.")
    if len(name.encode()) > 200:
        raise UserError("This name is too long.")
    if name.casefold() in {known.casefold() for known in model_names()}:
        raise UserError(f"There is a model called “{name}” already; give another name.")
    return name


def free_name(wanted: str) -> str:
    """``wanted``, or with the first number behind it that makes it a name that no model has."""
    taken = {name.casefold() for name in model_names()}
    wanted = "".join(c for c in wanted.strip().lstrip(".") if c not in _NOT_IN_NAMES and c.isprintable())
    wanted = wanted[:60].strip() or "model"
    names = (wanted if number == 1 else f"{wanted} {number}" for number in count(1))
    return next(name for name in names if name.casefold() not in taken)


def rename_model(name: str, new: str) -> None:
    """Gives a model of this person another name; models made from it learn of it.

    Raises:
        UserError: it is bundled, the name is taken or impossible, or the disk refuses.
    """
    path = _own(name)
    if new.strip() == name:
        return
    new = check_name(new) if new.strip().casefold() != name.casefold() else new.strip()
    card = read_card(path)
    card.name = new
    rewrite_card(path, card)
    _move(path, path.with_name(f"{new}{SUFFIX}"))
    for child in shelf():
        if child.card is not None and child.card.parent == name and not child.bundled:
            child.card.parent = new
            rewrite_card(child.path, child.card)


def annotate_model(name: str, notes: str) -> None:
    """Writes notes onto the card of a model of this person.

    Raises:
        UserError: it is bundled, damaged, or the disk refuses.
    """
    path = _own(name)
    card = read_card(path)
    if card.notes != notes:
        card.notes = notes
        rewrite_card(path, card)


def export_model(name: str, target: Path) -> None:
    """Copies the package of a model; all that is needed on another machine is in it.

    Raises:
        UserError: there is no such model, or the disk refuses; nothing is left half done.
    """
    source = find_model(name)
    if target.exists() and target.samefile(source):
        raise UserError("This is the file of the model itself; choose another place.")
    with write_atomically(target) as temporary:
        shutil.copyfile(source, temporary)


def delete_model(name: str) -> Path:
    """Takes a model of this person off the shelf; the file is kept for a month, for `bring_back`.

    Raises:
        UserError: it is bundled, or the disk refuses.
    """
    path = _own(name)
    folder = _deleted_folder()
    _make(folder)
    for old in folder.glob(f"*{SUFFIX}"):
        if time.time() - old.stat().st_mtime > _KEPT:
            old.unlink(missing_ok=True)
    kept = next(
        p for n in count() if not (p := folder / f"{path.stem}{f' ({n})' * bool(n)}{SUFFIX}").exists()
    )
    _move(path, kept)
    kept.touch()
    return kept


def bring_back(kept: Path) -> str:
    """Puts a deleted model back on the shelf, under its name if that is free; the name.

    Raises:
        UserError: the disk refuses.
    """
    name = free_name(read_card(kept).name)
    _move(kept, registry.user_folder() / f"{name}{SUFFIX}")
    return name


def put_on_shelf(name: str, save: Callable[[Path], None]) -> Path:
    """Has a new model saved under a name that must be free; its path.

    Raises:
        UserError: the name is taken or impossible, or the disk refuses.
    """
    path = registry.user_folder() / f"{check_name(name)}{SUFFIX}"
    _make(path.parent)
    save(path)
    return path


def _own(name: str) -> Path:
    path = registry.user_folder() / f"{name}{SUFFIX}"
    if path.is_file():
        return path
    if name in model_names():
        raise UserError(f"“{name}” comes with the program and stays as it is.")
    raise UserError(f"There is no model called “{name}” any more.")


def _deleted_folder() -> Path:
    return registry.user_folder() / "deleted"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be made: {plain_reason(error)}.") from error


def _move(path: Path, target: Path) -> None:
    try:
        path.rename(target)
    except OSError as error:
        raise UserError(f"{path} could not be moved: {plain_reason(error)}.") from error
