"""``train``: labelled images to a model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from model_core.cli.console import err, remark

if TYPE_CHECKING:
    from model_core.training.trainer import Progress

_SECONDS_A_LINE = 30


def train(
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA", help="Folders of pairs NAME_img.* and NAME_masks.*.")
    ],
    target: Annotated[Path, typer.Option("--out", help="The model file to write (.safetensors).")],
    start: Annotated[
        str | None, typer.Option("--from", help="Model to start from: a name or a file.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after this time.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Stop after as many crops as there are images, this often.")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on where an earlier run with the same --out stopped.")
    ] = False,
    split: Annotated[str, typer.Option(help="Folder inside each data set to train on.")] = "train",
    rendered: Annotated[float, typer.Option(help="Share of rendered cells among the crops, 0 to 1.")] = 0.0,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="The highest learning rate.")] = None,
    crops: Annotated[int, typer.Option(min=1, help="Crops of 224 px in a step.")] = 8,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads to use.")] = None,
) -> None:
    """Trains a model on labelled images; Ctrl+C saves what it has learned so far."""
    from model_core.training.training_run import TrainingRequest, train_model

    request = TrainingRequest(
        data=data,
        target=target,
        start=start,
        minutes=minutes,
        epochs=epochs,
        resume=resume,
        split=split,
        rendered=rendered,
        learning_rate=learning_rate,
        crops=crops,
        threads=threads,
    )
    if not err.is_terminal:
        train_model(request, remark, _Lines())
        return
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(*columns, console=err) as bar:
        task = bar.add_task("starting", total=1.0)

        def show(progress: Progress) -> None:
            bar.update(task, completed=progress.fraction, description=_in_words(progress))

        train_model(request, remark, show)
        bar.update(task, completed=1.0)


def _in_words(progress: Progress) -> str:
    return f"step {progress.step:,}  loss {progress.loss:.3f}  {progress.crops_a_second:.1f} crops/s"


class _Lines:
    """A line about the training twice a minute, where there is no terminal to draw a bar in."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _SECONDS_A_LINE
        parts = "  ".join(f"{name} {value:.3f}" for name, value in progress.parts.items())
        remark(f"{progress.fraction:4.0%}  {_in_words(progress)}  {parts}  waiting {progress.waiting:.0%}")
