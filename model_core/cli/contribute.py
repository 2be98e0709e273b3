"""``contribute``: labelled images to a store, for the next release of the model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from model_core.cli.console import print_table, progress_bar, remark
from model_core.errors import UserError

if TYPE_CHECKING:
    from model_core.community.manifest import Manifest


def contribute(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE", help="Images, or folders of them, with NAME_masks.* or NAME.cells."),
    ],
    to: Annotated[
        str, typer.Option(metavar="STORE", help="A folder, or an address that fsspec opens (s3://, sftp://).")
    ],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who contributes: a name or a pseudonym.")],
    licence: Annotated[str, typer.Option(help="CC0-1.0, CC-BY-4.0 or MIT.")],
    kind: Annotated[str, typer.Option(help="What the images show, as in “yeast, phase contrast”.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is sent.")] = False,
) -> None:
    """Sends images with their labels to a store, after showing what would be sent.

    Only pixels, axes and pixel size go along, under names that are numbers: everything else that the files
    say (names, dates, devices, comments) stays here.
    """
    from model_core.community.labelled import labelled_images, read_labelled
    from model_core.community.pack import pack
    from model_core.community.store import CONTRIBUTIONS, Store

    store = Store(to)
    found = labelled_images(images)
    with tempfile.TemporaryDirectory(prefix="contribution-") as folder, progress_bar() as bar:
        bundle = Path(folder) / "bundle.zip"
        task = bar.add_task("", total=len(found))
        manifest = pack(
            read_labelled(found),
            bundle,
            by=by,
            licence=licence,
            kind=kind,
            report=lambda done, name: bar.update(task, completed=done, description=name),
        )
        bar.stop()
        name = f"{CONTRIBUTIONS}/{manifest.id}.zip"
        if store.has(name):
            raise UserError(f"The store has this contribution already: {manifest.id}.")
        _preview(manifest, [path.name for path, _ in found], bundle.stat().st_size)
        if not yes and not _asked(store.address):
            remark("Nothing was sent.")
            raise typer.Exit(1)
        store.write(bundle, name)
    typer.echo(f"{manifest.id}\t{len(manifest.items)}\t{sum(item.objects for item in manifest.items)}")


def _preview(manifest: Manifest, names: list[str], size: int) -> None:
    table = Table("in the bundle", "made of", "channels, z, y, x", "type", "pixel size (µm)", "objects")
    for item, name in zip(manifest.items, names, strict=True):
        pixel_size = "" if item.pixel_size is None else f"{item.pixel_size:g}"
        shape = " x ".join(str(length) for length in item.shape)
        table.add_row(item.files[0], name, shape, item.dtype, pixel_size, f"{item.objects:,}")
    print_table(table)
    remark(f"By {manifest.by}; {manifest.kind}; {size / 2**20:,.1f} MB. The names of your files stay here.")
    remark(f"You agree to this: {manifest.consent}")


def _asked(address: str) -> bool:
    try:
        return typer.confirm(f"Send this to {address}?", err=True)
    except typer.Abort:  # nobody is there to answer
        return False
