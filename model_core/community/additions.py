"""Contributed images become a data set of the catalogue."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from model_core.community.holding_out import held_out
from model_core.community.workplace import Workplace
from model_core.training.catalogue import DataSet


@dataclass(frozen=True)
class Labelled:
    """One image to add: its files, and `image_hash` of its pixels."""

    image: Path
    masks: Path
    hash: str


@dataclass(frozen=True)
class Origin:
    """Where images come from: who gave them, when, under which licence; of which kind they are."""

    by: str
    date: str
    licence: str
    kind: str


def add_data_set(work: Workplace, name: str, origin: Origin, images: dict[str, Labelled]) -> None:
    """Copies the images into a data set of their own, some of them for the evaluation, and enters it.

    Raises:
        UserError: the disk refuses; the catalogue is then as before.
    """
    for_evaluation = held_out({image: labelled.hash for image, labelled in images.items()})
    with work.new_folder(work.data / name) as folder:
        for image, labelled in images.items():
            split = folder / ("val" if image in for_evaluation else "train")
            split.mkdir(exist_ok=True)
            shutil.copyfile(labelled.image, split / f"{image}_img.tif")
            shutil.copyfile(labelled.masks, split / f"{image}_masks.tif")
    source = f"contributed by {origin.by}, {origin.date}"
    work.enter(DataSet(name, origin.kind, origin.licence, source, by=origin.by))
