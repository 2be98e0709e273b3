"""``convert`` and ``measure``: labels into other formats and into tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model_core.cli.console import complain, progress_bar, remark
from model_core.errors import UserError

if TYPE_CHECKING:
    from model_core.exports.all_formats import Format
    from model_core.exports.exporting import Item, Outcome, Plan

Inputs = Annotated[
    list[Path],
    typer.Argument(metavar="IN", help="Files of labels, images with labels beside them, folders of those."),
]


def convert(
    inputs: Inputs,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A file, or with --to a folder; else beside the input."),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="FORMAT", help="May be given several times."),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(help="The image that the labels belong to, if it is not beside them.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace files that exist already.")] = False,
) -> None:
    """Writes labels in other formats.

    Labels are read from documents of this program, label images, _seg.npy files of Cellpose, ROIs of ImageJ,
    GeoJSON, COCO, OME-Zarr and outlines as text. Prints the files that were written.

    FORMAT: seg-npy, tiff, ome-tiff, ome-zarr, imagej, geojson, coco, outlines, csv, parquet, pairs, png, svg,
    report.
    """
    from model_core.exports.all_formats import format_called, format_of
    from model_core.exports.exporting import Plan

    items = _items(inputs, image)
    if to:
        formats = [format_called(name) for name in to]
        _finish(Plan(items, formats, output), overwrite)
        return
    if output is None:
        raise UserError("Say where to write with -o FILE, or in which format with --to FORMAT.")
    _finish(_into_file(items, format_of(output), output), overwrite)


def measure(
    inputs: Inputs,
    output: Annotated[Path, typer.Option("-o", "--output", help="A table: NAME.csv or NAME.parquet.")],
    image: Annotated[
        Path | None, typer.Option(help="The image that the labels belong to, if it is not beside them.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the table if it exists already.")] = False,
) -> None:
    """Measures the objects of images: area, shape, position, brightness.

    A row for each object, under scikit-image's names with the unit behind them: area_um2 where the image
    knows its pixel size, area_px2 where not.
    """
    from model_core.exports.all_formats import format_of

    fmt = format_of(output)
    if fmt.name not in ("csv", "parquet"):
        raise UserError(f"Tables are written as .csv or .parquet; “{output.name}” is neither.")
    _finish(_into_file(_items(inputs, image), fmt, output), overwrite)


def _items(inputs: list[Path], image: Path | None) -> list[Item]:
    from model_core.exports.exporting import Item
    from model_core.exports.sources import Labelled, find_labelled, load

    found = [labelled for path in inputs for labelled in find_labelled(path)]
    if image is not None:
        if len(found) != 1:
            raise UserError("--image is for one file of labels.")
        found = [Labelled(found[0].labels, image)]
    return [Item(each.image or each.labels, each.name, partial(load, each)) for each in found]


def _into_file(items: list[Item], fmt: Format, output: Path) -> Plan:
    """A plan whose only file is the one that was asked for."""
    from dataclasses import replace

    from model_core.exports.exporting import Plan

    if len(items) > 1 and fmt.write_many is None:
        raise UserError(f"{len(items)} inputs do not go into one file “{output.name}”; use --to {fmt.name}.")
    name = output.name
    named = replace(fmt, ending="", subfolder="")  # the name is whole already
    return Plan([replace(item, name=name) for item in items], [named], output.parent, common=name)


def _finish(plan: Plan, overwrite: bool) -> None:
    from model_core.exports.exporting import already_there, export

    if (there := plan.existing()) and not overwrite:
        raise UserError(f"{already_there(there)}; add --overwrite to replace.")
    with progress_bar() as bar:
        task = bar.add_task("", total=1)
        outcome: Outcome = export(
            plan, overwrite, lambda part, text: bar.update(task, completed=part, description=text)
        )
    for note in outcome.notes:
        remark(note)
    for path in outcome.written:
        typer.echo(path)
    for why in outcome.failed.values():
        complain(why)
    if outcome.failed:
        raise typer.Exit(1)
