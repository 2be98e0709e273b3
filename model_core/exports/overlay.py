"""A picture of an image with the outlines of its cells, for a talk: PNG, or SVG whose outlines stay sharp."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import cv2
import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from model_core.annotation.classes import COLOURS
from model_core.errors import UserError
from model_core.formats.atomic import write_atomically
from model_core.formats.labelling import Labelling
from model_core.formats.rings import Outline, outlines
from model_core.images.image import Image
from model_core.images.normalise import intensity_range, scale
from model_core.images.units import in_words, round_length

_LARGEST = 4096  # px of the longer side; larger images are shown smaller
_USUAL = 1600  # px that small images are enlarged to, in whole steps
_NO_CLASS = "#FFD400"
_CHANNELS = ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0), (0, 1.0, 1.0), (1.0, 0, 1.0), (1.0, 1.0, 0))
_TWO_CHANNELS = ((0, 1.0, 0), (1.0, 0, 1.0))  # green and magenta: told apart by the colour-blind too


@dataclass(frozen=True, eq=False)
class Shown:
    """What there is to see: RGB uint8 ``(Y, X, 3)``, px of it for one of the image, and the outlines."""

    pixels: np.ndarray
    scale: float
    outlines: list[Outline]
    notes: tuple[str, ...]


def write_png(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes image, outlines (in the colours of classes) and scale bar. Raises UserError."""
    shown, image = show(cells), _image(cells)
    picture = Picture.fromarray(drawn(shown, cells))
    if image.pixel_size:
        _draw_scale_bar(picture, image.pixel_size / shown.scale)
    with write_atomically(Path(path)) as temporary:
        picture.save(temporary, "PNG")
    return shown.notes


def write_svg(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """The same with outlines and scale bar as vectors, grouped by class. Raises UserError."""
    shown, image = show(cells), _image(cells)
    height, width = cells.labels.shape[1:]
    _, code = cv2.imencode(".png", shown.pixels[..., ::-1])
    groups: dict[str, list[str]] = {}
    for outline in shown.outlines:
        way = "".join(f"M{' '.join(f'{x},{y}' for x, y in ring.tolist())}Z" for ring in outline.rings)
        groups.setdefault(cells.classes.get(outline.id, ""), []).append(
            f'<path id="cell{outline.id}" d="{way}"/>'
        )
    colours = _colours(cells.classes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}">',
        f"<title>{escape(image.name)}</title>",
        f'<image width="{width}" height="{height}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{base64.b64encode(code).decode()}"/>',
    ]
    line = f'fill="none" stroke-width="{max(width, height) / 800:.3g}" stroke-linejoin="round"'
    for name, ways in groups.items():
        parts.append(f'<g {line} stroke="{colours[name]}"><title>{escape(name or "cells")}</title>')
        parts += [*ways, "</g>"]
    if image.pixel_size:
        parts.append(_svg_scale_bar(width, height, image.pixel_size))
    parts.append("</svg>\n")
    with write_atomically(Path(path)) as temporary:
        temporary.write_text("\n".join(parts), encoding="utf-8")
    return shown.notes


def show(cells: Labelling, usual: int = _USUAL, largest: int = _LARGEST) -> Shown:
    """The image in colours, of a stack the plane with the most cells; raises UserError without an image."""
    image = _image(cells)
    plane = int(np.argmax([np.count_nonzero(labels) for labels in cells.labels]))
    level = image.coarse(min(largest, max(image.shape[2:])))
    step = -(-max(level.shape[2:]) // largest)
    channels = [np.asarray(channel[plane, ::step, ::step]) for channel in level[: len(_CHANNELS)]]
    pixels = _coloured(channels)
    times = max(1, usual // max(pixels.shape[:2]))
    pixels = np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)
    notes = []
    if len(cells.labels) > 1:
        notes.append(f"The picture shows plane {plane + 1} of {len(cells.labels)} of {image.name}.")
    if not image.pixel_size:
        notes.append(f"The picture has no scale bar: {image.name} does not tell the size of a pixel.")
    ways = list(outlines(cells.labels[plane : plane + 1]))
    return Shown(pixels, pixels.shape[1] / image.shape[3], ways, tuple(notes))


def drawn(shown: Shown, cells: Labelling) -> np.ndarray:
    """RGB uint8 ``(Y, X, 3)``: the image with its outlines."""
    pixels = shown.pixels.copy()
    thick = max(1, round(max(pixels.shape[:2]) / 800))
    colours = {name: _rgb(colour) for name, colour in _colours(cells.classes).items()}
    for outline in shown.outlines:
        # OpenCV counts from the middle of the first pixel, in parts of 16.
        rings = [np.rint((ring * shown.scale - 0.5) * 16).astype(np.int32) for ring in outline.rings]
        colour = colours[cells.classes.get(outline.id, "")]
        cv2.polylines(pixels, rings, True, colour, thick, cv2.LINE_AA, shift=4)
    return pixels


def _image(cells: Labelling) -> Image:
    if cells.image is None:
        raise UserError("No picture was made: the image that belongs to the labels is missing.")
    return cells.image


def _coloured(channels: list[np.ndarray]) -> np.ndarray:
    """RGB uint8 of channels (Y, X): photos as they are, others with their contrast stretched."""
    if len(channels) == 3 and channels[0].dtype == np.uint8:
        return np.stack(channels, axis=-1)
    colours = {1: ((1.0, 1.0, 1.0),), 2: _TWO_CHANNELS}.get(len(channels), _CHANNELS)
    mixed = np.zeros((*channels[0].shape, 3), np.float32)
    for channel, colour in zip(channels, colours, strict=False):
        grey = np.empty(channel.shape, np.float32)
        scale(channel, *intensity_range(channel), grey)
        mixed += np.clip(grey, 0, 1)[..., None] * np.array(colour, np.float32)
    return np.rint(np.clip(mixed, 0, 1) * 255).astype(np.uint8)


def _colours(classes: Mapping[int, str]) -> dict[str, str]:
    """A colour for each class, and one for cells without."""
    names = sorted(set(classes.values()))
    return {"": _NO_CLASS} | {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(names)}


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _draw_scale_bar(picture: Picture.Image, pixel_size: float) -> None:
    """In the lower right corner; `pixel_size`: micrometres a pixel of the picture."""
    width, height = picture.size
    length = round_length(width * pixel_size / 5)
    across, edge = length / pixel_size, max(width, height) / 60
    thick = max(2.0, edge / 4)
    draw = ImageDraw.Draw(picture)
    left, top = width - edge - across, height - edge - thick
    draw.rectangle((left, top, left + across, top + thick), fill="white", outline="black")
    font = ImageFont.load_default(size=max(10.0, 1.2 * edge))
    middle = (left + across / 2, top - thick)
    draw.text(
        middle,
        in_words(length).replace("µ", "u"),  # the font has no µ
        "white",
        font,
        "mb",
        stroke_width=max(1, round(thick / 6)),
        stroke_fill="black",
    )


def _svg_scale_bar(width: int, height: int, pixel_size: float) -> str:
    length = round_length(width * pixel_size / 5)
    across, edge = length / pixel_size, max(width, height) / 60
    left, top = width - edge - across, height - 1.25 * edge
    return (
        f'<g fill="white" stroke="black" stroke-width="{edge / 20:.3g}" paint-order="stroke">'
        f'<rect x="{left:.3f}" y="{top:.3f}" width="{across:.3f}" height="{edge / 4:.3f}"/>'
        f'<text x="{left + across / 2:.3f}" y="{top - edge / 3:.3f}" font-family="sans-serif" '
        f'font-size="{1.2 * edge:.3f}" text-anchor="middle">{in_words(length)}</text></g>'
    )
