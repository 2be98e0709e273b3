"""``segment``: images to label images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model_core.cli.console import complain, progress_bar, remark
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason

if TYPE_CHECKING:
    from model_core.cli.jobs import Job
    from model_core.models.model import Model
    from model_core.segmentation.batch import Outcome
    from model_core.segmentation.options import Options
    from model_core.segmentation.run_record import Record


def segment(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT", help="Images, folders of images, or patterns like “*.tif”."),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the results; made if missing.")
    ] = None,
    into_documents: Annotated[
        bool,
        typer.Option(
            help="Put the cells into NAME.cells beside each image, which the window opens; what a person "
            "drew, corrected or accepted there stays."
        ),
    ] = False,
    pattern: Annotated[
        list[str] | None,
        typer.Option(help="Of folders, only files like this: “*.tif”, “day?/*_c1.png”. May be given often."),
    ] = None,
    recursive: Annotated[bool, typer.Option("-r", "--recursive", help="Folders in folders too.")] = False,
    model: Annotated[str | None, typer.Option(help="Name of a model, or a file.")] = None,
    channels: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Channels that the model looks at, counted from 1: “2,3” is cells in the second, nuclei in "
            "the third; “0” is the mean of all; the first ones if not given.",
        ),
    ] = None,
    diameter: Annotated[
        float | None, typer.Option(help="Of the cells, in pixels; measured in each image if not given.")
    ] = None,
    score_threshold: Annotated[
        float | None,
        typer.Option(
            help="From 0 to 1: cells that less speaks for are dropped; 0 keeps all; as the model asks, if "
            "not given."
        ),
    ] = None,
    flow_threshold: Annotated[
        float | None,
        typer.Option(
            help="Instead: cells whose flows are further off are dropped, as Cellpose does with 0.4; 0 keeps "
            "all."
        ),
    ] = None,
    cellprob_threshold: Annotated[
        float, typer.Option(help="Lower finds more and larger cells; from -6 to 6.")
    ] = 0.0,
    min_size: Annotated[int, typer.Option(help="Pixels; smaller cells are dropped.")] = 15,
    niter: Annotated[int | None, typer.Option(help="Most steps that a pixel walks.")] = None,
    augment: Annotated[bool, typer.Option(help="Look at each image in four mirrorings; slower.")] = False,
    anisotropy: Annotated[
        float | None, typer.Option(help="Of a stack: plane distance over pixel size; else from the file.")
    ] = None,
    stitch_threshold: Annotated[
        float, typer.Option(help="Of a stack: segment planes, then join cells with this overlap (IoU).")
    ] = 0.0,
    do_3d: Annotated[
        bool | None, typer.Option("--do-3d/--no-do-3d", help="Of a stack: as a volume, or plane by plane.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or mps; the best there is if not given.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option(help="Replace results that were made otherwise, or by something else.")
    ] = False,
) -> None:
    """Finds the cells in images.

    Options may also be spelt as Cellpose does: --flow_threshold, --do_3D.

    Writes NAME_masks.tif for each image: 0 is background, each cell has a number of its own. Prints a line
    for each: the file, the number of cells and their diameter, separated by tabs.

    An interrupted run goes on where it stopped when it is started again: results that the same model and
    options have made of the same image are not made twice. A file that fails does not stop the others; they
    are listed at the end, and the exit code is 1.
    """
    from model_core.cli.jobs import find_images, make_jobs, make_plan
    from model_core.models.model import load_model
    from model_core.segmentation.options import Options
    from model_core.segmentation.run_record import run_record, weights_digest

    if (output is None) != into_documents:
        raise typer.BadParameter("Say where the results go: either --output FOLDER or --into-documents.")

    options = Options(
        channels=None if channels is None else _channels(channels),
        diameter=diameter,
        do_3D=do_3d,
        stitch_threshold=stitch_threshold,
        anisotropy=anisotropy,
        flow_threshold=flow_threshold,
        score_threshold=score_threshold,
        cellprob_threshold=cellprob_threshold,
        min_size=min_size,
        niter=niter,
        augment=augment,
    ).checked()
    jobs = make_jobs(find_images(inputs, pattern or [], recursive), output)
    weights = weights_digest(model)
    engine = load_model(model, device)
    plan = make_plan(jobs, run_record(engine.id, weights, options), overwrite)
    if output is not None:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder “{output}” could not be made: {plain_reason(error)}.") from error
    for job, record in plan.finished:
        typer.echo(_line(job, record))
    if plan.finished:
        remark(f"{len(plan.finished)} of {len(jobs)} images were finished already.")
    failed = [*plan.failed, *_run(plan.to_do, engine, options)]
    if failed:
        complain(f"{len(failed)} of {len(jobs)} images could not be segmented:")
        for job, why in failed:
            remark(f"  {job.image}: {why}")
        raise typer.Exit(1)


def _channels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise UserError(f"Channels are given as “2,3”; “{text}” is not possible.") from None


def _run(to_do: list[tuple[Job, Record]], model: Model, options: Options) -> list[tuple[Job, str]]:
    """Segments one image after the other; gives those that failed and why."""
    from model_core.segmentation.batch import segment_images

    failed = []
    with progress_bar() as bar:
        task = bar.add_task("", total=len(to_do))
        number = 0

        def tell(path: Path, fraction: float) -> None:
            bar.update(task, completed=number + fraction, description=path.name)

        outcomes = segment_images([job.image for job, _ in to_do], model, options, tell)
        for (job, record), outcome in zip(to_do, outcomes, strict=True):
            why = outcome.error or _write(job, record, outcome)
            if why:
                failed.append((job, why))
            number += 1
            bar.update(task, completed=number)
    return failed


def _write(job: Job, record: Record, outcome: Outcome) -> str:
    """Writes a result and prints its line; why it could not be written, "" if it was."""
    from model_core.formats.label_image import write_labels
    from model_core.segmentation.into_document import write_into_document
    from model_core.segmentation.left_out import left_out

    assert outcome.image is not None and outcome.result is not None
    result = outcome.result
    record = {**record, "cells": int(result.labels.max()), "diameter": float(result.diameter)}
    try:
        if job.into_document:
            write_into_document(outcome.image, result, record, left_out=left_out(result))
        else:
            job.result.parent.mkdir(parents=True, exist_ok=True)
            write_labels(job.result, result.labels, note=record)
    except UserError as error:
        return str(error)
    except OSError as error:
        return f"The folder “{job.result.parent}” could not be made: {plain_reason(error)}."
    for note in result.notes:
        remark(f"“{job.image.name}”: {note}")
    typer.echo(_line(job, record))
    return ""


def _line(job: Job, record: Record) -> str:
    return f"{job.result}\t{record.get('cells', '')}\t{float(record.get('diameter', 0)):.1f}"
