"""What `segment` has to do: which images, where each result goes, and which are finished already."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_summary import RUN_SETTING, read_summary
from model_core.errors import UserError
from model_core.formats.folder import natural
from model_core.formats.label_image import read_note
from model_core.images.readers import is_folder, is_image, is_image_file
from model_core.segmentation.run_record import Record, differences, for_image, same_run


@dataclass(frozen=True)
class Job:
    """An image and where its result goes: a label image, or a document (`into_document`)."""

    image: Path
    result: Path
    into_document: bool = False

    @property
    def finished(self) -> object:
        """The record of what is there; None where nothing is, False for a file without a record.

        Raises UserError for a document that can't be read.
        """
        if self.into_document:
            return read_summary(self.result).settings.get(RUN_SETTING)
        if not self.result.exists():
            return None
        return read_note(self.result) or False


def find_images(inputs: Iterable[Path], patterns: list[str], recursive: bool) -> list[tuple[Path, Path]]:
    """Each image and its place relative to the input in which it was found.

    A file counts whatever its name; of a folder those that are images and match one of `patterns` (their
    name or their path in it), if there are patterns. Raises UserError.
    """
    found: dict[Path, Path] = {}
    for path in (one for given in inputs for one in _expanded(given)):
        if not is_folder(path):
            found.setdefault(path, Path(path.name))
            continue
        inside = [place for place in _walk(path, recursive) if _fits(place, patterns)]
        if not inside:
            wanted = f" that match {' or '.join(patterns)}" if patterns else ""
            raise UserError(f"The folder “{path}” holds no images{wanted}.")
        for place in inside:
            found.setdefault(path / place, place)
    return list(found.items())


def _expanded(given: Path) -> list[Path]:
    """Not every shell knows what * means."""
    if given.exists() or not glob.has_magic(str(given)):
        return [given]
    matching = sorted(glob.glob(str(given), recursive=True), key=natural)  # noqa: PTH207  may be absolute
    if not matching:
        raise UserError(f"No file matches “{given}”.")
    return [Path(name) for name in matching]


def _walk(folder: Path, recursive: bool) -> Iterator[Path]:
    """The images in a folder, relative to it, and those of folders in it; an OME-Zarr image is one itself."""

    def failed(error: OSError) -> None:
        raise UserError(f"The folder “{folder}” cannot be read: {error.strerror}.") from error

    for here, folders, names in os.walk(folder, onerror=failed):
        images = [*filter(is_image_file, map(Path, names)), *(f for f in folders if is_image(Path(here, f)))]
        for name in sorted(map(str, images), key=natural):
            yield Path(here, name).relative_to(folder)
        deeper = (f for f in folders if recursive and not f.startswith(".") and f not in images)
        folders[:] = sorted(deeper, key=natural)


def _fits(place: Path, patterns: list[str]) -> bool:
    return not patterns or any(
        fnmatch(place.name, pattern) or fnmatch(place.as_posix(), pattern) for pattern in patterns
    )


def make_jobs(images: list[tuple[Path, Path]], output: Path | None) -> list[Job]:
    """Where each result goes: NAME_masks.tif below `output`, or the document of the image without one.

    Raises UserError if two results would be one file, or a result an image.
    """
    jobs: dict[str, Job] = {}
    for image, place in images:
        if output is None:
            job = Job(image, cells_path(image), into_document=True)
        else:
            job = Job(image, output / place.with_name(f"{place.stem}_masks.tif"))
        key = str(job.result).casefold()  # most disks do not tell A.tif from a.tif
        other = jobs.setdefault(key, job).image
        if other.resolve() != image.resolve():
            raise UserError(
                f"“{other}” and “{image}” would both be written to “{job.result.name}”; "
                "rename one, or segment them into different folders."
            )
        if job.result.resolve() == image.resolve():
            raise UserError(f"The result for “{image}” would replace it; give another folder.")
    return list(jobs.values())


@dataclass(frozen=True)
class Plan:
    """Jobs to do with the records that their results will have, and those that are finished."""

    to_do: list[tuple[Job, Record]]
    finished: list[tuple[Job, Record]]
    failed: list[tuple[Job, str]]


def make_plan(jobs: list[Job], record: Record, overwrite: bool) -> Plan:
    """What is left to do; `record` is that of the run, without an image.

    A result that this very run would make again is finished. Any other one is made anew if `overwrite` says
    so; documents always, for they keep what was there for an undo. Raises UserError otherwise, before
    anything is done.
    """
    plan = Plan([], [], [])
    in_the_way: list[tuple[Job, str]] = []
    for job in jobs:
        try:
            wanted = for_image(record, job.image)
            there = job.finished
        except UserError as error:
            plan.failed.append((job, str(error)))
            continue
        if same_run(there, wanted):
            assert isinstance(there, dict)
            plan.finished.append((job, there))
            continue
        if there is not None and not job.into_document and not overwrite:
            in_the_way.append((job, differences(there, wanted)))
        plan.to_do.append((job, wanted))
    if in_the_way:
        job, why = in_the_way[0]
        which = "One result exists" if len(in_the_way) == 1 else f"{len(in_the_way)} results exist"
        raise UserError(
            f"{which} already that this run would replace: “{job.result}”, for {why}. "
            "Add --overwrite to replace, or give another folder."
        )
    return plan
