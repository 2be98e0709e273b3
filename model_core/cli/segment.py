"""``segment``: images to label images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from model_core.cli.console import complain, progress_bar, remark
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason

if TYPE_CHECKING:
    from model_core.models.model import Model
    from model_core.segmentation.options import Options


@dataclass(frozen=True)
class _Job:
    image: Path
    result: Path


def segment(
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT", help="Images, or folders of images.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results; made if missing.")],
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
    flow_threshold: Annotated[
        float, typer.Option(help="Cells whose flows are further off are dropped; 0 keeps all.")
    ] = 0.4,
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
    overwrite: Annotated[bool, typer.Option(help="Replace results that exist already.")] = False,
) -> None:
    """Finds the cells in images.

    Options may also be spelt as Cellpose does: --flow_threshold, --do_3D.

    Writes NAME_masks.tif for each image: 0 is background, each cell has a number of its own. Prints a line
    for each: the file, the number of cells and their diameter, separated by tabs.
    """
    from model_core.models.model import load_model
    from model_core.segmentation.options import Options

    options = Options(
        channels=None if channels is None else _channels(channels),
        diameter=diameter,
        do_3D=do_3d,
        stitch_threshold=stitch_threshold,
        anisotropy=anisotropy,
        flow_threshold=flow_threshold,
        cellprob_threshold=cellprob_threshold,
        min_size=min_size,
        niter=niter,
        augment=augment,
    ).checked()
    jobs = _jobs(inputs, output, overwrite)
    engine = load_model(model, device)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder “{output}” could not be made: {plain_reason(error)}.") from error
    failed = _run(jobs, engine, options)
    if failed:
        complain(f"{failed} of {len(jobs)} images could not be segmented.")
        raise typer.Exit(1)


def _channels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise UserError(f"Channels are given as “2,3”; “{text}” is not possible.") from None


def _jobs(inputs: list[Path], output: Path, overwrite: bool) -> list[_Job]:
    """What to read and where each result goes; UserError before anything could be overwritten."""
    jobs: dict[str, _Job] = {}
    for image in _images(inputs):
        result = output / f"{image.stem}_masks.tif"
        key = result.name.casefold()  # most disks do not tell A.tif from a.tif
        other = jobs.setdefault(key, _Job(image, result)).image
        if other.resolve() != image.resolve():
            raise UserError(
                f"“{other}” and “{image}” would both be written to “{result.name}”; "
                "rename one, or segment them into different folders."
            )
        if result.resolve() == image.resolve():
            raise UserError(f"The result for “{image}” would replace it; give another folder.")
    there = [job.result for job in jobs.values() if job.result.exists()]
    if there and not overwrite:
        which = (
            f"“{there[0]}” exists" if len(there) == 1 else f"{len(there)} results exist, such as “{there[0]}”"
        )
        raise UserError(f"{which} already; add --overwrite to replace, or give another folder.")
    return list(jobs.values())


def _images(inputs: list[Path]) -> list[Path]:
    from model_core.images.readers import is_folder, is_image

    images = []
    for path in inputs:
        if is_folder(path):
            try:
                inside = sorted(file for file in path.iterdir() if is_image(file))
            except OSError as error:
                raise UserError(f"The folder “{path}” cannot be read: {plain_reason(error)}.") from error
            if not inside:
                raise UserError(f"The folder “{path}” holds no images.")
            images += inside
        else:
            images.append(path)
    return images


def _run(jobs: list[_Job], model: Model, options: Options) -> int:
    """Segments one image after the other; says and counts which failed."""
    failed = 0
    with progress_bar() as bar:
        task = bar.add_task("", total=len(jobs))
        for number, job in enumerate(jobs):
            bar.update(task, description=job.image.name)
            try:
                line = _segment_file(job, model, options, partial(_advance, bar, task, number))
            except UserError as error:
                failed += 1
                complain(str(error))
            except MemoryError:
                failed += 1
                complain(f"“{job.image}” does not fit into the memory of this computer.")
            else:
                typer.echo(line)
            bar.update(task, completed=number + 1)
    return failed


def _advance(bar: Progress, task: TaskID, done: int, fraction: float, _: str) -> None:
    bar.update(task, completed=done + fraction)


def _segment_file(job: _Job, model: Model, options: Options, progress: Callable[[float, str], None]) -> str:
    """Segments one file, writes its labels, and says in a line what came out."""
    from model_core.formats.label_image import write_labels
    from model_core.segmentation.segmenter import segment as find_cells

    result = find_cells(job.image, model, progress=progress, **vars(options))
    for note in result.notes:
        remark(f"“{job.image.name}”: {note}")
    write_labels(job.result, result.labels)
    return f"{job.result}\t{len(result.objects)}\t{result.diameter:.1f}"
