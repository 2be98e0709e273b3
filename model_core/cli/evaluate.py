"""``evaluate``: a model against labelled images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from model_core.cli.console import print_table, progress_bar, remark
from model_core.formats.atomic import write_atomically

if TYPE_CHECKING:
    from model_core.training.calibration import ReliabilityBin
    from model_core.training.evaluate import Evaluation, Score

_COLUMNS = (
    *("images", "objects", "AP 0.5", "AP 0.75", "AP 0.9"),
    *("missed", "added", "split", "merged", "boundary F", "seconds"),
)


def evaluate(
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA", help="Folders of pairs NAME_img.* and NAME_masks.*.")
    ],
    model: Annotated[str | None, typer.Option(help="Name of a model, or a file.")] = None,
    split: Annotated[str, typer.Option(help="Folder inside each data set to evaluate on.")] = "val",
    to_json: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file too.")
    ] = None,
    into_card: Annotated[
        bool,
        typer.Option("--into-card", help="Store the figures and the calibration in the model's card."),
    ] = False,
    overlays: Annotated[
        Path | None, typer.Option(help="Make a page of the worst images in this folder.")
    ] = None,
    worst: Annotated[int, typer.Option(min=1, help="How many images that page shows.")] = 20,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or mps; the best there is if not given.")
    ] = None,
) -> None:
    """Compares what a model finds with the masks in DATA.

    AP is TP / (TP + FP + FN) with one-to-one matching at an IoU of at least 0.5, 0.75 or 0.9, the mean over
    the images. Missed and added are counted at an IoU of 0.5. A mask is split when two or more found objects
    lie in it; found objects are merged when two or more masks lie in them. Boundary F: how much of the
    outlines lies within 2 px of the others.

    The second table says how far the confidence of objects can be trusted: of those called 0.8 to 0.9, what
    share matches a mask at an IoU of 0.5? For every object it was told without the masks of its own image.
    """
    from model_core.formats.pairs import find_pairs
    from model_core.models.model import load_model
    from model_core.models.package import save_package
    from model_core.models.registry import find_model
    from model_core.training.evaluate import evaluate_model
    from model_core.training.overlays import Gallery

    pairs = [pair for folder in data for pair in find_pairs(folder, split)]
    engine = load_model(model, device)
    with progress_bar() as bar:
        task = bar.add_task("", total=len(pairs))

        def show(done: int, name: str) -> None:
            bar.update(task, completed=done, description=name)

        gallery = Gallery(worst) if overlays else None
        evaluation = evaluate_model(engine, pairs, show, seen=gallery.look if gallery else None)
    print_table(_table(evaluation.scores, evaluation.mean))
    if evaluation.reliability:
        print_table(_reliability_table(evaluation.reliability))
    else:
        remark("Too few objects or images to say how far the confidence can be trusted.")
    figures = _figures(evaluation)
    if gallery and overlays:
        remark(f"Wrote {gallery.write(overlays, engine.id)}.")
    if to_json:
        with write_atomically(to_json) as temporary:
            temporary.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    if into_card:
        engine.card.scores = {"split": split} | figures
        engine.card.calibration = evaluation.calibration or engine.card.calibration
        save_package(find_model(model), engine.network, engine.card)


def _figures(evaluation: Evaluation) -> dict[str, Any]:
    figures: dict[str, Any] = {name: asdict(score) for name, score in evaluation.scores.items()}
    figures["mean"] = asdict(evaluation.mean)
    if evaluation.reliability:
        figures["reliability"] = [asdict(part) for part in evaluation.reliability]
    return figures


def _table(scores: dict[str, Score], mean: Score) -> Table:
    table = Table("data set")
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    for name, score in scores.items():
        table.add_row(name, *_cells(score))
    table.add_section()
    table.add_row("mean", *_cells(mean))
    return table


def _cells(score: Score) -> list[str]:
    counts = [f"{value:,.0f}" for value in (score.images, score.objects)]
    precisions = [f"{value:.3f}" for value in (score.ap50, score.ap75, score.ap90)]
    mistakes = [f"{n:,.0f}" for n in (score.missed, score.added, score.split, score.merged)]
    return [*counts, *precisions, *mistakes, f"{score.boundary:.3f}", f"{score.seconds:.1f}"]


def _reliability_table(bins: Sequence[ReliabilityBin]) -> Table:
    table = Table("confidence")
    for column in ("objects", "mean confidence", "share matched"):
        table.add_column(column, justify="right")
    for part in bins:
        table.add_row(
            f"{part.lowest:.1f} - {part.highest:.1f}",
            f"{part.objects:,}",
            f"{part.confidence:.3f}",
            f"{part.matched:.3f}",
        )
    return table
