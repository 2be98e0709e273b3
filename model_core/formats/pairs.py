"""Folders of labelled images: pairs ``NAME_img.*`` and ``NAME_masks.*``, as they lie on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model_core.errors import UserError

SPLITS = ("train", "val")
_MASKS = (".png", ".tif", ".tiff")


@dataclass(frozen=True)
class Pair:
    """One labelled image: the data set it belongs to, its name, the two files."""

    dataset: str
    name: str
    image: Path
    masks: Path


def find_pairs(folder: str | Path, split: str | None = None) -> list[Pair]:
    """The pairs in a folder, sorted by name.

    Args:
        folder: holds pairs itself, or folders ``train`` and ``val`` of pairs, or data sets of that layout.
        split: "train" or "val"; None takes both. A folder that holds pairs itself has no splits.

    Raises:
        UserError: the folder does not exist or holds no pairs.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"“{folder}” is not a folder.")
    pairs = _pairs_of_set(folder, folder.resolve().name, split)
    if not pairs:
        for child in sorted(p for p in folder.iterdir() if p.is_dir() and p.name not in SPLITS):
            pairs += _pairs_of_set(child, child.name, split)
    if not pairs:
        wanted = f" in a “{split}” split" if split else ""
        raise UserError(f"“{folder}” holds no pairs NAME_img.* and NAME_masks.*{wanted}.")
    return pairs


def _pairs_of_set(folder: Path, dataset: str, split: str | None) -> list[Pair]:
    pairs = _pairs_in(folder, dataset)
    for name in (split,) if split else SPLITS:
        if (folder / name).is_dir():
            pairs += _pairs_in(folder / name, dataset)
    return pairs


def _pairs_in(folder: Path, dataset: str) -> list[Pair]:
    pairs = []
    for image in sorted(folder.glob("*_img.*")):
        name = image.stem.removesuffix("_img")
        masks = next((m for s in _MASKS if (m := folder / f"{name}_masks{s}").exists()), None)
        if masks:
            pairs.append(Pair(dataset, name, image, masks))
    return pairs
