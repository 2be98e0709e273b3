"""How long the canvas takes for a repaint, a move of the view and a move of the brush.

    python tests/benchmarks/canvas.py [--sizes 4096 16384] [--check]

Runs without a display. Every figure is the time from the input to the painted widget. `--check` exits with 1
if a figure is above its target.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from model_core.annotation.cells_file import CellsFile
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import ObjectRecord, ObjectTable, Source
from model_core.images.image import Image

WINDOW = (1500, 1000)
MOVES = 300
Times = list[float]


def cells(size: int, count: int) -> tuple[np.ndarray, ObjectTable]:
    """About `count` touching cells in rows and columns, labels (1, size, size) and their records."""
    side = size // int(count**0.5)
    across = size // side
    place = np.minimum(np.arange(size, dtype=np.uint32) // side, across - 1)
    labels = place[:, None] * np.uint32(across) + place + np.uint32(1)
    gap = np.arange(size) % side < side // 8
    labels[gap] = 0
    records = []
    first = int(np.argmin(gap))
    for row in range(across):
        for col in range(across):
            ends = [size if n == across - 1 else (n + 1) * side for n in (row, col)]
            box = (0, 1, row * side + first, ends[0], col * side, ends[1])
            # The last row may hold further gaps; its cells only serve as scenery here.
            area = (box[3] - box[2]) * (box[5] - box[4])
            centre = (0.0, (box[2] + box[3] - 1) / 2, (box[4] + box[5] - 1) / 2)
            records.append(ObjectRecord(row * across + col + 1, box, area, centre, Source.MODEL))
    return labels[None], ObjectTable(records)


def canvas_with(size: int, count: int, folder: Path) -> Canvas:
    generator = np.random.default_rng(0)
    block = generator.normal(1000, 200, (256, 256)).clip(0).astype(np.uint16)
    pixels = np.tile(block, (size // 256, size // 256))[None, None]
    labels, objects = cells(size, count)
    image = Image(pixels, path=folder / f"{size}.tif")
    file = CellsFile(folder / f"{size}.cells", folder / f"{size}.tif", image.shape[1:])
    canvas = Canvas()
    canvas.resize(*WINDOW)
    canvas.show()
    canvas.set_document(Document(image, file, LabelStore(labels, objects)))
    settle(1.0 if size < 10_000 else 6.0)
    return canvas


def settle(seconds: float) -> None:
    """Let background work finish and everything be painted."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def timed(action: Callable[[int], None], times: int) -> Times:
    durations = []
    for number in range(times):
        start = time.perf_counter()
        action(number)
        QApplication.processEvents()
        durations.append(1000 * (time.perf_counter() - start))
    return durations


def move_mouse(canvas: Canvas, x: float, y: float) -> None:
    port = canvas.view.viewport()
    held = Qt.MouseButton.LeftButton
    where = QPointF(x, y)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QMouseEvent.Type.MouseMove, where, port.mapToGlobal(where), none, held, NO_KEYS)
    QApplication.sendEvent(port, event)


NO_KEYS = Qt.KeyboardModifier.NoModifier


def repaint(canvas: Canvas, scale: float) -> Times:
    canvas.view.set_scale(scale)
    settle(0.2)
    return timed(lambda _: paint_anew(canvas), 30)


def fit(canvas: Canvas) -> Times:
    canvas.fit()
    settle(0.2)
    return timed(lambda _: paint_anew(canvas), 30)


def paint_anew(canvas: Canvas) -> None:
    """Nothing is taken over from the last picture."""
    for item in canvas.view.scene().items():
        item.update()
    canvas.view.viewport().repaint()


def pan(canvas: Canvas) -> Times:
    view = canvas.view
    view.set_scale(0.5)
    return timed(
        lambda n: view.place(0.5, view.image_position(QPointF(0, 0)), QPointF(7 if n < 50 else -7, 3)), 100
    )


def zoom(canvas: Canvas) -> Times:
    canvas.fit()
    anchor = QPointF(700, 400)
    view = canvas.view
    return timed(lambda n: view.set_scale(view.scale_factor * (1.06 if n < 50 else 1 / 1.06), anchor), 100)


def brush(canvas: Canvas, scale: float, size: float) -> tuple[Times, float]:
    """The moves of one long stroke, and its release."""
    canvas.view.zoom_to(QRectF(0, 0, *canvas.view._image_size[::-1]))
    canvas.view.set_scale(scale)
    canvas.set_tool("brush")
    canvas.brush_size = size
    settle(0.2)
    width, height = WINDOW
    path = [
        (width * (0.5 + 0.45 * np.sin(0.05 * n)), height * (0.5 + 0.45 * np.sin(0.083 * n)))
        for n in range(MOVES)
    ]
    port = canvas.view.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, NO_KEYS, QPointF(*path[0]).toPoint())
    QApplication.processEvents()
    moves = timed(lambda n: move_mouse(canvas, *path[n]), MOVES)
    release = timed(
        lambda _: QTest.mouseRelease(port, Qt.MouseButton.LeftButton, NO_KEYS, QPointF(*path[-1]).toPoint()),
        1,
    )
    return moves, release[0]


def measure(size: int, count: int, folder: Path, table: list[tuple[str, float, float]]) -> None:
    canvas = canvas_with(size, count, folder)
    name = f"{size} x {size}, {len(canvas.document.objects)} cells"  # type: ignore[union-attr]

    def note(action: str, times: Times, share: float, target: float) -> None:
        value = float(np.quantile(times, share))
        table.append((f"{name}: {action}", value, target))
        label = "median" if share == 0.5 else f"p{round(100 * share)}"
        verdict = "" if value <= target else "  ABOVE"
        print(
            f"{name:32}  {action:34}  {label:6}  {value:7.1f} ms  target {target:5.0f}{verdict}", flush=True
        )

    for scale in (1.0, 6.0):
        note(f"repaint at {scale:g} px", repaint(canvas, scale), 0.5, 16)
    note("repaint, whole image", fit(canvas), 0.5, 16)
    note("pan at 0.5 px", pan(canvas), 0.95, 16)
    note("zoom", zoom(canvas), 0.95, 16)
    for scale, brush_size in ((1.0, 40), (6.0, 40)):
        moves, release = brush(canvas, scale, brush_size)
        note(f"brush of 40 at {scale:g} px, move", moves, 0.5, 8)
        note(f"brush of 40 at {scale:g} px, move", moves, 0.99, 16)
        note(f"brush of 40 at {scale:g} px, release", [release], 0.5, 50)
        undo = timed(lambda _: canvas.document.undo(), 1)  # type: ignore[union-attr]
        note(f"undo of it at {scale:g} px", undo, 0.5, 20)
    canvas.document.close()  # type: ignore[union-attr]
    canvas.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[4096, 16384])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    application = QApplication([])
    table: list[tuple[str, float, float]] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(size, 10_000 if size < 10_000 else 100_000, Path(folder), table)
    application.quit()
    return int(options.check and any(value > target for _, value, target in table))


if __name__ == "__main__":
    sys.exit(main())
