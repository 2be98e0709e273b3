"""``release``: for those who make the model that everybody uses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from model_core.cli.console import print_table, remark
from model_core.errors import UserError

if TYPE_CHECKING:
    from model_core.community.rounds import Round
    from model_core.community.workplace import Decision

app = typer.Typer(no_args_is_help=True, add_completion=False)

_Store = Annotated[
    str, typer.Argument(metavar="STORE", help="A folder, or an address that fsspec opens (s3://, sftp://).")
]
_Data = Annotated[Path, typer.Option(help="Folder of the data sets that the catalogue names.")]
_Into = Annotated[Path, typer.Option("--into", help="Folder in which contributions become training data.")]
_Catalogue = Annotated[
    Path | None, typer.Option(help="Another catalogue than the one that comes with the program.")
]
_Start = Annotated[
    str | None, typer.Option("--from", help="Model to start from while the store has no release.")
]
_Minutes = Annotated[float | None, typer.Option(min=0, help="Stop the training after this time.")]
_Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads to use.")]


@app.callback()
def release() -> None:
    """Makes releases of the model: from the catalogue, and from what people contribute."""


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of data sets.")],
    catalogue: _Catalogue = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a catalogue with the checksums of this folder.")
    ] = None,
) -> None:
    """Compares the data sets in FOLDER with the catalogue, file by file."""
    from model_core.community.checksums import sums_of
    from model_core.community.verify import catalogue_sums, check_data, write_catalogue_of
    from model_core.formats.pairs import find_pairs
    from model_core.training.catalogue import bundled_catalogue_file, read_catalogue

    path = catalogue or bundled_catalogue_file()
    known, pairs = read_catalogue(path), find_pairs(folder)
    if write:
        if write.exists():
            raise UserError(f"“{write}” exists already; give another file.")
        names = {pair.dataset for pair in pairs}
        here = {name: entry for name, entry in known.datasets.items() if name in names}
        write_catalogue_of(write, replace(known, datasets=here), sums_of(pairs))
        return
    checked = check_data(pairs, known, catalogue_sums(path))
    table = Table("data set", "images", "compared with the catalogue")
    table.columns[1].justify = "right"
    for entry in checked:
        table.add_row(entry.name, str(entry.pairs), "\n".join(entry.differences) or "the same")
    print_table(table)
    if any(entry.differences for entry in checked):
        raise typer.Exit(1)


@app.command()
def train(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of the data sets in the catalogue.")
    ],
    target: Annotated[Path, typer.Option("--out", help="The model file to write (.safetensors).")],
    resume: Annotated[bool, typer.Option(help="Go on with a run of the same --out.")] = False,
    minutes: _Minutes = None,
    threads: _Threads = None,
    catalogue: _Catalogue = None,
) -> None:
    """Makes the bundled model anew: the data, weights and recipe of the catalogue.

    Refuses data that differ from the catalogue, and says what differs. Without --minutes it trains as many
    steps as the recipe says; Ctrl+C saves, --resume goes on.
    """
    from model_core.cli.shown import training_shown
    from model_core.community.reproduce import reproduce

    with training_shown() as report:
        reproduce(
            folder,
            target,
            catalogue,
            minutes=minutes,
            resume=resume,
            threads=threads,
            say=remark,
            report=report,
        )


@app.command()
def intake(
    store: _Store,
    data: _Data,
    into: _Into,
    start: _Start = None,
    catalogue: _Catalogue = None,
) -> None:
    """Judges the contributions in STORE that were not judged before; logs every decision with its reason."""
    from model_core.community.rounds import Round, take_in
    from model_core.community.store import Store

    request = Round(data, into, start=start, catalogue=catalogue)
    _print_decisions(take_in(Store(store), request, remark))


@app.command()
def accept(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="Folder in “review” that was looked at.")],
    into: _Into,
) -> None:
    """Adds a contribution from the review queue, with its labels as they are now.

    Images that were deleted from its folder are left out.
    """
    from model_core.community.review import accept as add
    from model_core.community.workplace import Workplace

    _print_decisions(add(Workplace(into), bundle))


@app.command()
def decline(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="Folder in “review”.")], into: _Into
) -> None:
    """Refuses a contribution in the review queue."""
    from model_core.community.review import decline as refuse
    from model_core.community.workplace import Workplace

    _print_decisions(refuse(Workplace(into), bundle))


@app.command()
def run(
    store: _Store,
    data: _Data,
    into: _Into,
    minutes: _Minutes = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Train so many steps.")] = None,
    start: _Start = None,
    threads: _Threads = None,
    catalogue: _Catalogue = None,
) -> None:
    """Takes in contributions, trains from the last release, and publishes the result if it is better.

    Better: on images that no model learned from, no kind of image loses more than 0.01 AP at an IoU of 0.5,
    and the mean over the kinds rises. Prints the name of the release, or why there is none; the exit code is
    0 in both cases. An interrupted run leaves the store as it was; the next one goes on with the training.
    """
    from model_core.cli.shown import training_shown
    from model_core.community.rounds import Round, run_round
    from model_core.community.store import Store

    if (minutes is None) == (steps is None):
        raise UserError("Say how long to train: either --minutes or --steps.")
    request: Round = Round(data, into, minutes, steps, start, catalogue, threads)
    with training_shown() as report:
        outcome = run_round(Store(store), request, remark, report)
    for line in (*outcome.changes, *(f"No release: {reason}" for reason in outcome.reasons)):
        remark(line)
    if outcome.release:
        typer.echo(outcome.release.name)


@app.command("list")
def list_releases(store: _Store) -> None:
    """Lists the releases in STORE, their scores and what was new in them."""
    from model_core.community.releases import read_releases
    from model_core.community.store import Store

    found = read_releases(Store(store))
    table = Table("", "release", "date", "AP 0.5", "what is new")
    for entry in found.all:
        mark = "current" if entry.name == found.current else ""
        table.add_row(mark, entry.name, entry.date[:10], f"{entry.mean:.3f}", "\n".join(entry.changelog))
    print_table(table)


@app.command()
def get(
    store: _Store,
    name: Annotated[str | None, typer.Argument(help="Of the release; the current one if not given.")] = None,
) -> None:
    """Puts a release from STORE beside your own models, after checking it."""
    from model_core.community.releases import download, read_releases
    from model_core.community.store import Store

    place = Store(store)
    typer.echo(str(download(place, read_releases(place).get(name))))


@app.command()
def rollback(store: _Store) -> None:
    """Makes the release before the current one current again; nothing is deleted."""
    from model_core.community.releases import roll_back
    from model_core.community.store import Store

    typer.echo(roll_back(Store(store)).name)


def _print_decisions(decisions: list[Decision]) -> None:
    for decision in decisions:
        typer.echo("\t".join((decision.bundle, decision.image, decision.outcome, decision.reason)))
