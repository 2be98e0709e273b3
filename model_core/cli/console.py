"""What the commands share: results go to the standard output, all else to the standard error."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

_WIDTH_OF_PIPES = 160  # characters; a pipe has no width, and a table for a program should not be cut

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def complain(message: str) -> None:
    """One line about what went wrong."""
    err.print("[red]Error:[/red]", end=" ")
    err.print(message, markup=False, soft_wrap=True)


def remark(message: str) -> None:
    """One line beside the results."""
    err.print(message, markup=False, soft_wrap=True)


def print_table(table: Table) -> None:
    (out if out.is_terminal else Console(width=_WIDTH_OF_PIPES)).print(table)


def progress_bar() -> Progress:
    """Images done, time left; only seen in a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
