"""A page of pictures: what a model found beside what it should have found."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from model_core.annotation.mistakes import outlines
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.formats.pairs import Pair
from model_core.images.image import Image
from model_core.images.normalise import normalise
from model_core.training.evaluate import ImageScore

_LONGEST = 1000  # px, side of a picture
_TRUE, _FOUND, _BOTH = (0, 200, 70), (230, 0, 200), (255, 255, 255)  # red, green, blue

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:sans-serif;background:#222;color:#ddd;margin:2em}}img{{max-width:100%}}
figure{{margin:2em 0}}</style>
<h1>{title}</h1>
<p>Outlines: <span style="color:rgb{true}">missed</span> (only in the labels),
<span style="color:rgb{found}">added</span> (only found), white where both agree.</p>
{figures}
</html>
"""


@dataclass(frozen=True)
class Overlay:
    """A picture, uint8 RGB (Y, X, 3), the name of its file, and the line below it."""

    name: str
    caption: str
    picture: np.ndarray


class Gallery:
    """Keeps the pictures of the images on which a model does worst."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._kept: list[tuple[float, Overlay]] = []

    def look(
        self, pair: Pair, image: Image, labels: np.ndarray, found: np.ndarray, score: ImageScore
    ) -> None:
        """Keeps the picture if this image is among the worst so far; `Seen` of an evaluation."""
        ap = float(score.ap[0])
        if len(self._kept) == self._count and ap >= self._kept[-1][0]:
            return
        caption = (
            f"{pair.dataset}, {pair.name}: AP {ap:.2f} at 0.5; {score.objects} objects, "
            f"{score.missed[0]} missed, {score.added[0]} added, {score.split} split, {score.merged} merged"
        )
        name = "".join(c if c.isalnum() else "_" for c in f"{pair.dataset}_{pair.name}")
        self._kept.append(
            (ap, Overlay(name, caption, overlay_picture(np.asarray(image.pixels), labels, found)))
        )
        self._kept.sort(key=lambda kept: kept[0])
        del self._kept[self._count :]

    def write(self, folder: Path, title: str) -> Path:
        """The page, worst first. Raises UserError as `write_page`."""
        return write_page(folder, title, [overlay for _, overlay in self._kept])


def overlay_picture(pixels: np.ndarray, true: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The plane with most objects in grey, with the outlines of both labellings.

    Args:
        pixels: ``(C, Z, Y, X)`` of any real dtype. true, found: integers ``(Z, Y, X)``.

    Returns:
        uint8 RGB ``(Y, X, 3)``, shrunk to a longest side of 1,000 px.
    """
    z = int(np.argmax([len(np.unique(plane)) for plane in true]))
    grey = np.clip(normalise(pixels[:, z]), 0, 1).mean(0)
    height, width = grey.shape
    scale = min(1.0, _LONGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    picture = np.repeat((grey * 200).astype(np.uint8)[..., None], 3, axis=2)
    mine, theirs = (
        outlines(cv2.resize(labels[z].astype(np.float64), size, interpolation=cv2.INTER_NEAREST))
        for labels in (true, found)
    )
    near = np.ones((3, 3), np.uint8)  # a pixel off is agreement
    mine_near, theirs_near = (cv2.dilate(edge.astype(np.uint8), near) > 0 for edge in (mine, theirs))
    picture[mine & ~theirs_near] = _TRUE
    picture[theirs & ~mine_near] = _FOUND
    picture[mine & theirs_near] = _BOTH
    return picture


def write_page(folder: Path, title: str, overlays: Sequence[Overlay]) -> Path:
    """Writes the pictures and ``index.html`` into a folder, which is made; returns the page.

    Raises:
        UserError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"“{folder}” cannot be made: {plain_reason(error)}.") from error
    figures = []
    for number, overlay in enumerate(overlays):
        name = f"{number:03d}_{overlay.name}.png"
        _, encoded = cv2.imencode(".png", overlay.picture[..., ::-1])
        with write_atomically(folder / name) as temporary:
            temporary.write_bytes(encoded.tobytes())
        caption = html.escape(overlay.caption)
        source = html.escape(name, quote=True)
        figures.append(
            f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
        )
    page = folder / "index.html"
    text = _PAGE.format(title=html.escape(title), true=_TRUE, found=_FOUND, figures="\n".join(figures))
    with write_atomically(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return page
