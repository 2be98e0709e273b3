"""Models from files of any kind that is known, and their way into the registry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from model_core.errors import UserError
from model_core.models.checkpoint import CHECKPOINT_SUFFIXES, is_checkpoint, read_checkpoint
from model_core.models.package import SUFFIX, Card, read_network, save_package
from model_core.models.shelf import put_on_shelf

if TYPE_CHECKING:
    from model_core.networks.net import Net

SUFFIXES = (SUFFIX, *CHECKPOINT_SUFFIXES)  # of models; those of Cellpose often have none


def read_model(path: str | Path) -> tuple[Net, Card]:
    """Net and card of a model package, or of a model that Cellpose 1 to 3 saved; told apart by their content.

    Raises:
        UserError: neither of them, damaged, or of a kind that is not known.
    """
    path = Path(path)
    return read_checkpoint(path) if is_checkpoint(path) else read_network(path)


def looks_like_model(path: Path) -> bool:
    """Whether a file is meant to be a model, by its suffix or its first bytes; nothing more is read.

    Raises:
        UserError: it does not exist or cannot be read.
    """
    return path.suffix.lower() in SUFFIXES or is_checkpoint(path)


def import_model(path: str | Path | Sequence[str | Path], name: str | None = None) -> Path:
    """Puts a model into the user's folder as a model package, size model included.

    Args:
        path: anything that `read_model` reads. Of several, which must be CPnets of one shape, the package
            holds all: it says the mean of what they say, as the four nets do that make a model of Cellpose 1.
        name: by which it is found from now on; None takes that of the file, of several what their names
            have in common.

    Returns:
        The new package.

    Raises:
        UserError: the file is no model, there is a model of that name, or it cannot be written.
    """
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(part) for part in path]
    network, card = read_model(paths[0]) if len(paths) == 1 else _read_several(paths, name is None)
    card.name = (card.name if name is None else name).strip()
    return put_on_shelf(card.name, lambda target: save_package(target, network, card))


def _read_several(paths: list[Path], unnamed: bool) -> tuple[Net, Card]:
    """Net and card of CPnets whose mean is asked for."""
    from model_core.networks.average import AverageOfCPnets
    from model_core.networks.cpnet import CPnet

    nets: list[CPnet] = []
    cards: list[Card] = []
    for path in paths:
        network, card = read_model(path)
        if not isinstance(network, CPnet):
            raise UserError(f"“{path.name}” is not a net of Cellpose 1 to 3; only those can be averaged.")
        if cards and (network.options.shape, card.diameter) != (nets[0].options.shape, cards[0].diameter):
            raise UserError(f"“{paths[0].name}” and “{path.name}” cannot be averaged: their nets differ.")
        if nets:
            network.forget_size_model()
        nets.append(network)
        cards.append(card)
    average, card = AverageOfCPnets(nets).eval(), cards[0]
    names = [path.name for path in paths]
    letters = takewhile(lambda at: len(set(at)) == 1, zip(*(card.name for card in cards), strict=False))
    common = "".join(at[0] for at in letters).rstrip("_-. ")
    if unnamed and not common:
        raise UserError(f"The names of {', '.join(names)} have nothing in common; give the model a name.")
    card.name, card.architecture, card.options = common, average.architecture, average.options.as_dict()
    card.notes = f"The mean of {len(nets)} nets of Cellpose, read from {', '.join(names)}."
    return average, card
