"""``train --from``: a model learns from the labelled images of folders, and is kept if it became better."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from model_core.cli.console import print_table, remark
from model_core.cli.shown import shown
from model_core.errors import UserError

if TYPE_CHECKING:
    from model_core.training.collecting import Collected
    from model_core.training.comparing import Comparison
    from model_core.training.retrain_request import RetrainOptions
    from model_core.training.retraining import RetrainProgress, RetrainResult


@dataclass(frozen=True)
class Asked:
    """What the command line asks for. target: None puts the model among the user's own, named after the
    folder. worse: write it also when it became no better."""

    folders: list[Path]
    target: Path | None
    start: str
    options: RetrainOptions
    split: str
    resume: bool
    worse: bool


def retrain_from(asked: Asked) -> None:
    """Trains, compares and writes; exit code 1 if the model became no better and so nothing was written."""
    from model_core.training.retraining import RetrainRequest, retrain, work_folder

    target = _target(asked)
    found = _collected(asked)
    for problem in found.problems:
        remark(f"Left out: {problem}")
    remark(f"{found.cells:,} cells in {len(found.images):,} images.")
    request = RetrainRequest(
        found.images, target.stem, work_folder(target), asked.start, asked.options, asked.resume
    )
    with stoppable() as stopped, shown(_in_words) as report:
        result = retrain(request, report, cancel=stopped)
    for note in result.notes:
        remark(note)
    remark(result.stopped.value)
    print_table(_table(result.comparison))
    if not (result.comparison.better or asked.worse):
        remark("It became no better on the held-out cells, so nothing was written (--even-if-worse does).")
        raise typer.Exit(1)
    _write(result, target)


def _target(asked: Asked) -> Path:
    from model_core.models.package import SUFFIX
    from model_core.models.registry import user_folder

    if asked.target is None:
        name, number = asked.folders[0].resolve().name, 1
        target = user_folder() / f"{name}{SUFFIX}"
        while target.exists() and not asked.resume:
            number += 1
            target = user_folder() / f"{name}-{number}{SUFFIX}"
        return target
    if asked.target.suffix != SUFFIX:
        raise UserError(f"The model file must end in {SUFFIX}: “{asked.target}”.")
    if asked.target.exists() and not asked.resume:
        raise UserError(f"“{asked.target}” exists already; give another --out.")
    return asked.target


def _collected(asked: Asked) -> Collected:
    """The labelled images of all folders, or of their split where they have one."""
    from model_core.training.collecting import Collected, collect_reviewed

    folders = [f / asked.split if (f / asked.split).is_dir() else f for f in asked.folders]
    parts = [collect_reviewed(folder) for folder in folders]
    return Collected([i for part in parts for i in part.images], [p for part in parts for p in part.problems])


def _write(result: RetrainResult, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        from model_core.formats.atomic import plain_reason

        raise UserError(f"{target.parent} could not be made: {plain_reason(error)}.") from error
    result.save(target)
    remark(f"Wrote {target}.")


def _in_words(progress: RetrainProgress) -> str:
    words = [progress.phase.value]
    if progress.loss is not None:
        words += [f"epoch {progress.epoch:.1f}", f"loss {progress.loss:.3f}"]
    if progress.ap_before is not None:
        best = progress.ap_before if progress.ap_best is None else progress.ap_best
        words.append(f"AP {progress.ap_before:.2f} -> {best:.2f} on {progress.held_out} held-out cells")
    return "  ".join([*words, progress.device])


def _table(comparison: Comparison) -> Table:
    from model_core.training.comparing import Change

    table = Table("image")
    for column in ("cells", "AP before", "AP after", "fixed", "broken"):
        table.add_column(column, justify="right")
    for image in comparison.images:
        changes = [cell.change for cell in image.cells]
        table.add_row(
            image.path.name,
            f"{len(changes):,}",
            f"{image.ap_before:.3f}",
            f"{image.ap_after:.3f}",
            f"{changes.count(Change.FIXED):,}",
            f"{changes.count(Change.BROKEN):,}",
        )
    table.add_section()
    table.add_row(
        "all",
        f"{len(comparison.cells):,}",
        f"{comparison.ap_before:.3f}",
        f"{comparison.ap_after:.3f}",
        f"{comparison.count(Change.FIXED):,}",
        f"{comparison.count(Change.BROKEN):,}",
    )
    return table


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """What says whether Ctrl+C was pressed: the best so far is then kept. A second one stops at once."""
    pressed = False

    def note(*_: Any) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        remark("Stopping; the best so far is kept. Ctrl+C again stops at once.")

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
