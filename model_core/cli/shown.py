"""The progress of a training: a bar in a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from model_core.cli.console import err, remark

if TYPE_CHECKING:
    from model_core.training.trainer import Progress

_SECONDS_A_LINE = 30


class _Fraction(Protocol):
    @property
    def fraction(self) -> float: ...


_Told = TypeVar("_Told", bound=_Fraction)


@contextmanager
def shown(
    in_words: Callable[[_Told], str], in_line: Callable[[_Told], str] | None = None
) -> Iterator[Callable[[_Told], None]]:
    """What takes the progress and shows it.

    Args:
        in_words: a few words beside the bar. in_line: for the lines, where there is more room.
    """
    if not err.is_terminal:
        yield _lines(in_line or in_words)
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
        yield lambda told: bar.update(task, completed=told.fraction, description=in_words(told))
        bar.update(task, completed=1.0)


def _lines(in_line: Callable[[_Told], str]) -> Callable[[_Told], None]:
    next_line = 0.0

    def show(told: _Told) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + _SECONDS_A_LINE
            remark(f"{told.fraction:4.0%}  {in_line(told)}")

    return show


def training_shown() -> AbstractContextManager[Callable[[Progress], None]]:
    """`shown` for a training from scratch."""
    return shown(_in_words, _in_a_line)


def _in_words(progress: Progress) -> str:
    return f"step {progress.step:,}  loss {progress.loss:.3f}  {progress.crops_a_second:.1f} crops/s"


def _in_a_line(progress: Progress) -> str:
    parts = "  ".join(f"{name} {value:.3f}" for name, value in progress.parts.items())
    return f"{_in_words(progress)}  {parts}  waiting {progress.waiting:.0%}"
