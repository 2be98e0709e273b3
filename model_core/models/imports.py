"""Models from files of any kind that is known, and their way into the registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason
from model_core.models.checkpoint import is_checkpoint, read_checkpoint
from model_core.models.package import SUFFIX, Card, read_network, save_package
from model_core.models.registry import model_names, user_folder

if TYPE_CHECKING:
    from model_core.networks.net import Net

_NOT_IN_NAMES = set('<>:"/\\|?*')  # what one system or another does not allow in the name of a file


def read_model(path: str | Path) -> tuple[Net, Card]:
    """Net and card of a model package, or of a model that Cellpose 1 to 3 saved; told apart by their content.

    Raises:
        UserError: neither of them, damaged, or of a kind that is not known.
    """
    path = Path(path)
    return read_checkpoint(path) if is_checkpoint(path) else read_network(path)


def import_model(path: str | Path, name: str | None = None) -> Path:
    """Puts a model into the user's folder as a model package, size model included.

    Args:
        path: anything that `read_model` reads.
        name: by which it is found from now on; None takes that of the file.

    Returns:
        The new package.

    Raises:
        UserError: the file is no model, there is a model of that name, or it cannot be written.
    """
    network, card = read_model(path)
    card.name = (card.name if name is None else name).strip()
    if (
        not card.name
        or card.name.startswith(".")
        or _NOT_IN_NAMES & set(card.name)
        or not card.name.isprintable()
    ):
        raise UserError(f"“{card.name}” cannot be the name of a model: it becomes the name of a file.")
    target = user_folder() / f"{card.name}{SUFFIX}"
    if target.exists() or card.name in model_names():
        raise UserError(f"There is a model called “{card.name}” already; give another name.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {target.parent} cannot be made: {plain_reason(error)}.") from error
    save_package(target, network, card)
    return target
