"""One training from folders to a model package: what the command line and the window both start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model_core.errors import UserError
from model_core.formats.pairs import Pair, find_pairs
from model_core.models.package import SUFFIX, Card
from model_core.networks.flow_net import FlowNet, FlowNetOptions
from model_core.networks.net import Net
from model_core.training.batches import CropSource, crops_of_planes, mixed
from model_core.training.catalogue import Catalogue, bundled_catalogue
from model_core.training.dataset import LabelledPlane, load_planes
from model_core.training.trainer import Progress, Trainer, TrainingOptions
from model_core.training.workers import workers_for


@dataclass(frozen=True)
class TrainingRequest:
    """What to train on, from which model, for how long and where the result goes.

    network: the size of a net that starts from nothing; None is the usual one. workers: processes that make
    the crops; None is as many as the device needs. catalogue: what is known of the data sets; None is the
    bundled one.
    """

    data: list[Path]
    target: Path
    start: str | None = None
    network: FlowNetOptions | None = None
    minutes: float | None = None
    epochs: int | None = None
    steps: int | None = None
    resume: bool = False
    split: str | None = "train"
    rendered: float = 0.0
    learning_rate: float | None = None
    crops: int = TrainingOptions.crops
    threads: int | None = None
    workers: int | None = None
    catalogue: Catalogue | None = None


def train_model(
    request: TrainingRequest,
    say: Callable[[str], None] | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Card:
    """Trains and writes the package, with a checkpoint every few minutes and when it is interrupted.

    Args:
        say: called with a sentence now and then. report: called about once a second with the progress.

    Raises:
        UserError: nothing to train on, no time given, the target exists and is not resumed, or bad files.
    """
    say = say or (lambda sentence: None)
    if request.target.suffix != SUFFIX:
        raise UserError(f"The model file must end in {SUFFIX}: “{request.target}”.")
    if request.target.exists() and not request.resume:
        raise UserError(f"“{request.target}” exists already; add --resume to go on, or give another --out.")
    if [request.minutes, request.epochs, request.steps].count(None) != 2:
        raise UserError("Say how long to train: either --minutes or --epochs.")
    if not 0 <= request.rendered <= 1:
        raise UserError("--rendered is a share between 0 and 1.")
    if request.threads:
        torch.set_num_threads(request.threads)
    pairs = [pair for folder in request.data for pair in find_pairs(folder, request.split)]
    say(f"Reading {len(pairs)} labelled images…")
    planes = load_planes(pairs)
    if not any(plane.somewhere.size for plane in planes):
        raise UserError("None of the images has a labelled object; there is nothing to learn from.")
    network, card = _start(request, planes)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    options = TrainingOptions(
        minutes=request.minutes,
        crops=request.crops,
        steps=_steps(request, len(planes)),
        learning_rate=request.learning_rate or (3e-4 if request.start else TrainingOptions.learning_rate),
        workers=workers_for(device) if request.workers is None else request.workers,
    )
    trainer = Trainer(network, options, device)
    if request.resume:
        trainer.resume(request.target)
        say(f"Going on after {trainer.progress.step:,} steps.")
    known = request.catalogue or bundled_catalogue()
    card.data = describe_data(pairs, planes, known)
    arrange = None if network.any_channel_order else network.arrange
    source: CropSource = crops_of_planes(planes, card.diameter, arrange, known.weights())
    if request.rendered:
        from model_core.training.rendered_crops import rendered_crops

        source = mixed(
            [source, rendered_crops(card.diameter, arrange)], [1 - request.rendered, request.rendered]
        )
        card.recipe["rendered"] = request.rendered
    try:
        trainer.run(source, report=report, checkpoint=lambda: trainer.save(request.target, card))
    except KeyboardInterrupt:
        trainer.save(request.target, card)
        say("Interrupted; --resume goes on from here.")
        raise
    say(f"Wrote {request.target}.")
    return card


def _steps(request: TrainingRequest, images: int) -> int | None:
    if request.epochs is None:
        return request.steps
    return max(1, round(request.epochs * images / request.crops))


def _start(request: TrainingRequest, planes: list[LabelledPlane]) -> tuple[Net, Card]:
    if request.start:
        from model_core.models.imports import read_model
        from model_core.models.registry import find_model

        path = find_model(request.start)
        network, parent = read_model(path)
        network.prepare_for(float(np.median([plane.diameter for plane in planes if plane.diameter])))
        card = Card(name=request.target.stem, diameter=parent.diameter, parent=parent.name)
        card.calibration = parent.calibration  # until the new model is evaluated: better than none
        return network, card
    return FlowNet(request.network), Card(name=request.target.stem)


def describe_data(pairs: list[Pair], planes: list[LabelledPlane], known: Catalogue) -> list[dict[str, Any]]:
    """One entry a data set for the card: what is known of it, images, objects, diameters in px."""
    entries: list[dict[str, Any]] = []
    for name in sorted({pair.dataset for pair in pairs}):
        of_set = [plane for plane in planes if plane.dataset == name]
        entry = known.datasets.get(name)
        words = {} if entry is None else {key: getattr(entry, key) for key in ("kind", "licence", "source")}
        sizes = [plane.diameter for plane in of_set if plane.diameter]
        entries.append(
            {
                "name": name,
                **words,
                "images": sum(pair.dataset == name for pair in pairs),
                "objects": int(sum(np.count_nonzero(plane.areas[1:]) for plane in of_set)),
                "diameter": [round(float(v), 1) for v in np.percentile(sizes, (5, 50, 95))] if sizes else [],
            }
        )
    return entries
