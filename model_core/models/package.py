"""A model package: one ``.safetensors`` file with the weights and, in its metadata, the card."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_core.errors import UserError
from model_core.formats.atomic import write_atomically

if TYPE_CHECKING:
    from model_core.networks.net import Net

SUFFIX = ".safetensors"
ARCHITECTURE = "flow-net-1"
MOST_POINTS = 100  # of a calibration
_LARGEST_HEADER = 16 * 2**20  # bytes of metadata that are read before the file is trusted


@dataclass
class Card:
    """What a model is, where it comes from and how good it is; stored in its file as JSON.

    Attributes:
        name: shown to people.
        architecture: which class of net the weights fit; `ARCHITECTURE` for the project's own,
            "cpnet" for those of Cellpose, "cpnets" for several of them.
        options: the arguments of the net's options.
        diameter: px, the object size that images are scaled to before the net sees them.
        data: one dict a data set: name, kind, licence, images, objects, source.
        recipe: how it was trained: steps, crops, learning rate, minutes...
        scores: AP per data set, as written by the evaluation.
        calibration: points (score of an object, confidence), from the evaluation; empty before one.
        parent: id of the model it was fine-tuned from.
        date: ISO 8601, when the weights were saved.
        licence: of the weights.
        notes: known weaknesses and whatever else a user should know.
        rounds: one dict a retraining, those of the parents first (`learning_curve.Round`).
        styles: unit vectors, the styles of some images that it was retrained on: what it has seen.
    """

    name: str
    architecture: str = ARCHITECTURE
    options: dict[str, Any] = field(default_factory=dict)
    diameter: float = 30.0
    data: list[dict[str, Any]] = field(default_factory=list)
    recipe: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    calibration: list[list[float]] = field(default_factory=list)
    parent: str | None = None
    date: str = ""
    licence: str = "BSD-3-Clause"
    notes: str = ""
    rounds: list[dict[str, Any]] = field(default_factory=list)
    styles: list[list[float]] = field(default_factory=list)


def save_package(path: str | Path, network: Net, card: Card) -> None:
    """Writes weights (as float16 if the net says that is enough: it takes half the space) and card at once.

    Raises:
        UserError: the file cannot be written; an earlier file of that name is then still whole.
    """
    import torch
    from safetensors.torch import save_file

    stored = torch.float16 if network.half_precision else torch.float32
    tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    for key, value in tensors.items():
        # a variance can be larger than float16 holds
        if value.is_floating_point() and (value.abs() <= torch.finfo(stored).max).all():
            tensors[key] = value.to(stored)
    with write_atomically(Path(path)) as temporary:
        save_file(tensors, temporary, metadata={"card": json.dumps(asdict(card))})


def rewrite_card(path: str | Path, card: Card) -> None:
    """Puts another card into a package; the weights stay as they are, byte by byte.

    Raises:
        UserError: not a model package, damaged, or it cannot be written; the file is then as it was.
    """
    path = Path(path)
    read_card(path)
    with write_atomically(path) as temporary, path.open("rb") as old, temporary.open("wb") as new:
        (length,) = struct.unpack("<Q", old.read(8))
        header = json.loads(old.read(length))
        header["__metadata__"]["card"] = json.dumps(asdict(card))
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8, as the format asks
        new.write(struct.pack("<Q", len(text)) + text)
        shutil.copyfileobj(old, new)


def read_card(path: str | Path) -> Card:
    """The card alone, without reading the weights.

    Raises:
        UserError: not a model package, or damaged.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(_LARGEST_HEADER, path.stat().st_size):
                raise UserError(f"“{path.name}” is not a model package, or it is damaged.")
            metadata = json.loads(file.read(length))["__metadata__"]
        values = json.loads(metadata["card"])
        return _checked(Card(**{f.name: values[f.name] for f in fields(Card) if f.name in values}))
    except FileNotFoundError:
        raise UserError(f"The model file “{path}” does not exist.") from None
    except OSError as error:
        raise UserError(f"The model file “{path}” cannot be read: {error.strerror}.") from error
    except (struct.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"“{path.name}” is not a model package, or it is damaged.") from error


def _checked(card: Card) -> Card:
    """The card, if what computes with it can rely on it; ValueError otherwise."""
    if not isinstance(card.diameter, int | float) or not 1 <= card.diameter <= 10_000:
        raise ValueError(f"impossible diameter {card.diameter!r}")
    for f in fields(Card):
        default = getattr(Card(""), f.name)
        if isinstance(default, str | list | dict) and not isinstance(getattr(card, f.name), type(default)):
            raise ValueError(f"{f.name} is not a {type(default).__name__}")
    if card.calibration:
        _check_calibration(card.calibration)
    return card


def _check_calibration(points: list[list[float]]) -> None:
    """Raises ValueError where these are not points that rise within 0..1."""
    if len(points) > MOST_POINTS or any(not isinstance(p, list) or len(p) != 2 for p in points):
        raise ValueError("the calibration is not a short list of points")
    if not all(type(v) in (int, float) and 0 <= v <= 1 for point in points for v in point):
        raise ValueError("the calibration is not between 0 and 1")
    for (score, confidence), (next_score, next_confidence) in pairwise(points):
        if next_score <= score or next_confidence < confidence:
            raise ValueError("the calibration does not rise")


def read_network(path: str | Path) -> tuple[Net, Card]:
    """The net with its weights (float32, on the CPU, in training mode off) and its card.

    Raises:
        UserError: not a model package, damaged, or made for another architecture.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from model_core.networks.average import AverageOfCPnets
    from model_core.networks.cpnet import CPnet
    from model_core.networks.flow_net import FlowNet

    path = Path(path)
    card = read_card(path)
    known: dict[str, type[Net]] = {net.architecture: net for net in (FlowNet, CPnet, AverageOfCPnets)}
    if card.architecture not in known:
        raise UserError(
            f"“{path.name}” holds a model of a kind this version does not know: {card.architecture}."
        )
    try:
        with torch.device("meta"):
            network = known[card.architecture].from_options(card.options)
        tensors = {k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()}
        network.load_state_dict(tensors, assign=True)
    except (SafetensorError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"The weights in “{path.name}” are damaged or do not fit their card.") from error
    return network.eval(), card
