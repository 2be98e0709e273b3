"""``models``: which models there are, and more of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from model_core.cli.console import complain, print_table
from model_core.errors import UserError

app = typer.Typer(invoke_without_command=True, add_completion=False)


@app.callback()
def models(context: typer.Context) -> None:
    """Lists the models that can be named, with what their cards say; or imports one."""
    if context.invoked_subcommand is None:
        _list_models()


@app.command("import")
def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="A model package, or a model of Cellpose 1 to 3.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Its name from now on; that of the file if not given.")
    ] = None,
) -> None:
    """Puts a model beside yours, as a package that can be named.

    Several files become one model that says the mean of what they say: the four nets of a model of
    Cellpose 1.
    """
    from model_core.models.imports import import_model

    typer.echo(str(import_model(files, name)))


def _list_models() -> None:
    from model_core.models.package import read_card
    from model_core.models.registry import find_model, model_names

    table = Table("name", "date", "objects", "data sets", "AP 0.5", "licence", "file")
    table.columns[2].justify = table.columns[3].justify = table.columns[4].justify = "right"
    for name in model_names():
        path = find_model(name)
        try:
            card = read_card(path)
        except UserError as error:
            complain(str(error))
            continue
        objects = sum(entry["objects"] for entry in card.data if isinstance(entry.get("objects"), int))
        score = card.scores.get("mean", {}).get("ap50")
        table.add_row(
            name,
            card.date[:10],
            f"{objects:,}" if objects else "",
            str(len(card.data) or ""),
            f"{score:.3f}" if isinstance(score, float) else "",
            card.licence,
            str(path),
        )
    print_table(table)
