"""``train``: labelled images to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model_core.cli.console import remark
from model_core.cli.shown import training_shown
from model_core.errors import UserError


def train(
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA",
            help="Folders of labelled images: NAME.cells or NAME_seg.npy beside the image (with --from), "
            "or pairs NAME_img.* and NAME_masks.*.",
        ),
    ],
    target: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The model file to write (.safetensors). With --from, if not given: "
            "among your models, named after the folder.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Model to start from: a name or a file. Some cells are held back, and the new model is "
            "written if it does better on them.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="Stop after this time. With --from, if not given: by the number of cells."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Stop after as many crops as there are images (with --from: cells), this often."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on where an earlier run with the same --out stopped.")
    ] = False,
    split: Annotated[str, typer.Option(help="Folder inside each data set to train on.")] = "train",
    rendered: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Share of rendered cells among the crops. Without --from, if not given: 0."
        ),
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="The highest learning rate.")] = None,
    crops: Annotated[int | None, typer.Option(min=1, help="Crops of 224 px in a step.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads to use.")] = None,
    device: Annotated[
        str | None, typer.Option(help="With --from: cpu, cuda or mps; the best there is if not given.")
    ] = None,
    worse: Annotated[
        bool,
        typer.Option("--even-if-worse", help="With --from: write the model also if it became no better."),
    ] = False,
) -> None:
    """Trains a model on labelled images; Ctrl+C keeps what it has learned so far."""
    if start is None:
        _from_scratch(data, target, minutes, epochs, resume, split, rendered, learning_rate, crops, threads)
        return
    from model_core.cli.retrain import Asked, retrain_from
    from model_core.training.retrain_request import RetrainOptions

    _use(threads)
    options = RetrainOptions(minutes, epochs, learning_rate, rendered, crops, device)
    retrain_from(Asked(data, target, start, options, split, resume, worse))


def _use(threads: int | None) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)


def _from_scratch(
    data: list[Path],
    target: Path | None,
    minutes: float | None,
    epochs: int | None,
    resume: bool,
    split: str,
    rendered: float | None,
    learning_rate: float | None,
    crops: int | None,
    threads: int | None,
) -> None:
    from model_core.training.training_run import TrainingRequest, train_model

    if target is None:
        raise UserError("Say where the model goes: --out FILE. Or start from a model: --from MODEL.")
    request = TrainingRequest(
        data=data,
        target=target,
        minutes=minutes,
        epochs=epochs,
        resume=resume,
        split=split,
        rendered=rendered or 0.0,
        learning_rate=learning_rate,
        crops=crops or TrainingRequest.crops,
        threads=threads,
    )
    with training_shown() as report:
        train_model(request, remark, report)
