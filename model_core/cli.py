"""``cellpose-engine``: the engine from a command line."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console

from model_core.errors import UserError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
out = Console()
err = Console(stderr=True)


@app.command()
def train(
    data: Annotated[list[Path], typer.Argument(help="Folders of pairs NAME_img.* and NAME_masks.*.")],
    target: Annotated[Path, typer.Option("--out", help="The model package to write (.safetensors).")],
    start: Annotated[Optional[str], typer.Option("--from", help="Model to start from: a name or a file.")] = None,  # noqa: UP045
    minutes: Annotated[Optional[float], typer.Option(help="Stop after this time.")] = None,  # noqa: UP045
    epochs: Annotated[Optional[int], typer.Option(help="Stop after as many crops as images, this often.")] = None,  # noqa: UP045
    resume: Annotated[bool, typer.Option(help="Go on where an earlier run with the same --out stopped.")] = False,
    split: Annotated[str, typer.Option(help="Folder inside each data set to train on.")] = "train",
    rendered: Annotated[float, typer.Option(help="Share of rendered cells among the crops, 0 to 1.")] = 0.0,
    learning_rate: Annotated[Optional[float], typer.Option(help="Highest learning rate.")] = None,  # noqa: UP045
    threads: Annotated[Optional[int], typer.Option(help="Processor threads to use.")] = None,  # noqa: UP045
) -> None:
    """Train a model on labelled images."""
    from model_core.training.training_run import TrainingRequest, train_model

    train_model(
        TrainingRequest(
            data=data,
            target=target,
            start=start,
            minutes=minutes,
            epochs=epochs,
            resume=resume,
            split=split,
            rendered=rendered,
            learning_rate=learning_rate,
            threads=threads,
        ),
        print_line=out.print,
    )


def main() -> None:
    """Runs the command line; a `UserError` becomes one red line and exit code 1."""
    logging.basicConfig(level=logging.WARNING)
    try:
        app()
    except UserError as error:
        err.print(f"[red]Error:[/red] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
