"""Exports: some formats for some images into a folder; every file whole or not at all, none overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from model_core.errors import Cancelled, UserError
from model_core.exports.all_formats import Format
from model_core.formats.atomic import plain_reason
from model_core.formats.labelling import Labelling

Progress = Callable[[float, str], None]
Cancel = Callable[[], bool]


@dataclass(frozen=True)
class Item:
    """One image to be exported: its file, the name for its files, and what reads its labels."""

    image: Path
    name: str
    load: Callable[[], Labelling]


@dataclass
class Outcome:
    """What came of an export.

    failed: why, by the name of the image or file. notes: what files could not hold.
    """

    written: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Which files an export will write."""

    items: Sequence[Item]
    formats: Sequence[Format]
    folder: Path | None
    """None: beside each image."""
    common: str = ""
    """Name of the files that are about several images."""

    def path(self, item: Item, fmt: Format) -> Path:
        """The file of one image in a format."""
        if fmt.inside is not None:
            return fmt.inside(item.image)
        return (self.folder or item.image.parent) / fmt.subfolder / f"{item.name}{fmt.ending}"

    def common_path(self, fmt: Format) -> Path:
        """The file of all images in a format."""
        if len(self.items) == 1:
            return self.path(self.items[0], fmt)
        return (self.folder or self.items[0].image.parent) / f"{self.common or 'cells'}{fmt.ending}"

    def files(self) -> dict[Path, str]:
        """All files and what is in each. Raises UserError if two images want the same one, or one its own."""
        files: dict[str, tuple[Path, Item]] = {}
        for item in self.items:
            for fmt in self.formats:
                if fmt.write is None:
                    continue
                path = self.path(item, fmt)
                other = files.setdefault(str(path).casefold(), (path, item))[1]  # most disks take A for a
                if other is not item:
                    raise UserError(
                        f"“{other.image.name}” and “{item.image.name}” would both be exported to "
                        f"“{path.name}”; rename one, or export them into different folders."
                    )
        images = {str(item.image).casefold(): item.image for item in self.items}
        common = [self.common_path(fmt) for fmt in self.formats if fmt.write_many is not None]
        paths = {path: item.image.name for path, item in files.values()} | dict.fromkeys(common, "all images")
        for path in paths:
            if str(path).casefold() in images:
                raise UserError(f"“{path}” is an image and would be replaced; choose another folder.")
        return paths

    def existing(self) -> list[Path]:
        """The files that are there already. Raises UserError as `files` does."""
        return [path for path in self.files() if path.exists()]


def already_there(paths: Sequence[Path]) -> str:
    """In words, without a full stop."""
    if len(paths) == 1:
        return f"“{paths[0]}” exists already"
    return f"{len(paths):,} of the files exist already, such as “{paths[0]}”"


def export(
    plan: Plan,
    overwrite: bool = False,
    progress: Progress = lambda fraction, text: None,
    cancelled: Cancel = lambda: False,
) -> Outcome:
    """Carries out a plan. What fails for one image does not keep the others from being written.

    Raises:
        UserError: files are there already and may not be overwritten, or the folder can't be made.
        Cancelled: between two files; those that were written stay.
    """
    if (there := plan.existing()) and not overwrite:
        raise UserError(f"{already_there(there)}.")
    if plan.folder is not None:
        _make(plan.folder)
    outcome = Outcome()
    single = [fmt for fmt in plan.formats if fmt.write is not None]
    common = [fmt for fmt in plan.formats if fmt.write_many is not None]
    rounds = (1 if single else 0) + len(common)

    def loaded(round_: int) -> Iterator[tuple[Item, Labelling]]:
        for number, item in enumerate(plan.items):
            if cancelled():
                raise Cancelled
            progress((round_ + number / len(plan.items)) / rounds, item.image.name)
            try:
                cells = item.load()
            except UserError as error:
                outcome.failed[item.image.name] = str(error)
                continue
            outcome.notes += [f"{item.image.name}: {note}" for note in cells.notes if round_ == 0]
            yield item, cells

    if single:
        for item, cells in loaded(0):
            for fmt in single:
                if cancelled():
                    raise Cancelled
                path = plan.path(item, fmt)
                try:
                    if fmt.subfolder:
                        _make(path.parent)
                    assert fmt.write is not None
                    outcome.notes += fmt.write(path, cells)
                    outcome.written.append(path)
                except UserError as error:
                    outcome.failed[path.name if fmt.inside is None else item.image.name] = str(error)
    for number, fmt in enumerate(common, rounds - len(common)):
        path = plan.common_path(fmt)
        try:
            assert fmt.write_many is not None
            outcome.notes += fmt.write_many(path, (cells for _, cells in loaded(number)))
            outcome.written.append(path)
        except UserError as error:
            outcome.failed[path.name] = str(error)
    progress(1.0, "")
    return outcome


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder “{folder}” could not be made: {plain_reason(error)}.") from error
