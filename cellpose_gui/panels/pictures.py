"""Small pictures of images, made in workers: QImage, because a QPixmap belongs to the window's thread."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage

from cellpose_gui.canvas.channel_display import default_channels
from model_core.images.image import Image

_SIDE = 160  # px
_OUTLINE = (255, 150, 0)


def picture_of(pixels: np.ndarray, side: int) -> QImage:
    """Channels ``(C, Y, X)`` of any real dtype in the colours of the canvas, at most ``side`` px wide."""
    return _scaled(_rgb(pixels), side)


def outlined(image: Image, labels: np.ndarray, side: int = _SIDE) -> QImage:
    """The plane with most cells, and the outlines of the cells ``(Z, Y, X)`` in it."""
    plane = int(np.argmax((labels > 0).sum(axis=(1, 2))))
    step = max(1, max(labels.shape[1:]) // (2 * side))
    rgb = _rgb(np.asarray(image.pixels[:3, plane, ::step, ::step]))
    cells = labels[plane, ::step, ::step]
    edge = np.zeros(cells.shape, bool)
    edge[:-1] |= cells[:-1] != cells[1:]
    edge[:, :-1] |= cells[:, :-1] != cells[:, 1:]
    rgb[edge] = _OUTLINE
    return _scaled(rgb, side)


def _rgb(pixels: np.ndarray) -> np.ndarray:
    channels = []
    for channel, shown in zip(pixels, default_channels(pixels), strict=True):
        shade = np.clip((channel.astype(np.float32) - shown.black) / (shown.white - shown.black), 0, 1)
        channels.append((255 * np.nan_to_num(shade)).astype(np.uint8))
    if len(channels) < 3:  # grey; or green and magenta, as on the canvas
        channels = [channels[-1], channels[0], channels[-1]]
    return np.stack(channels, axis=-1)


def _scaled(rgb: np.ndarray, side: int) -> QImage:
    height, width = rgb.shape[:2]
    picture = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    return picture.scaled(
        side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
