"""Rendered images as contributions, whole and tampered with."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from model_core.community.manifest import Manifest
from model_core.community.pack import pack
from model_core.images.image import Image
from model_core.training.rendered import render

Labelled = tuple[Image, np.ndarray]


def labelled(kind: str, seed: int, count: int = 3, side: int = 128, diameter: float = 20) -> list[Labelled]:
    """Rendered images of a kind with their labels (1, Y, X)."""
    rng = np.random.default_rng(seed)
    pictures = [render(kind, rng, (side, side), diameter) for _ in range(count)]
    return [(Image(p.image[:, None], 0.5), p.labels[None].astype(np.uint32)) for p in pictures]


def bundle(
    folder: Path, images: list[Labelled], by: str = "Ada", kind: str = "red cells", licence: str = "CC0-1.0"
) -> tuple[Path, Manifest]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "made.zip"
    manifest = pack(images, path, by=by, licence=licence, kind=kind)
    return path.rename(folder / f"{manifest.id}.zip"), manifest


def shifted(images: list[Labelled], by: int) -> list[Labelled]:
    """The labels moved down and to the right by so many px."""
    return [
        (image, np.pad(labels, ((0, 0), (by, 0), (by, 0)))[:, :-by, :-by].copy()) for image, labels in images
    ]


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The zip file at ``path`` with its files changed."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def with_manifest(path: Path, **values: object) -> Path:
    """The bundle at ``path`` with other words in its manifest."""

    def change(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"]) | values
        files["manifest.json"] = json.dumps(manifest).encode()

    return rewritten(path, change)
