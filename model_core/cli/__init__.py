"""``cellpose-engine``: the engine from a command line."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import model_core
from model_core.cli.console import complain, err
from model_core.cli.contribute import contribute
from model_core.cli.convert import convert, measure
from model_core.cli.evaluate import evaluate
from model_core.cli.models import app as models
from model_core.cli.release import app as release
from model_core.cli.segment import segment
from model_core.cli.train import train
from model_core.errors import UserError


class _Commands(TyperGroup):
    """Commands whose failures are one plain line and an exit code: 1, or 130 for Ctrl+C."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            complain(str(error))
            raise typer.Exit(1) from error
        except MemoryError as error:
            complain("This does not fit into the memory of this computer.")
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            err.print("Stopped.")
            raise typer.Exit(130) from error


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda name: name.replace("_", "-").lower(),  # --do_3D, as in Cellpose
    },
)
for _command in (segment, train, evaluate, convert, measure, contribute):
    app.command()(_command)
app.add_typer(models, name="models")
app.add_typer(release, name="release")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cellpose-engine {model_core.__version__}")
        raise typer.Exit


@app.callback()
def _engine(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """Finds the cells in microscope images, and learns from labelled ones."""


def main() -> None:
    """Runs the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    app(prog_name="cellpose-engine")
