"""How long the canvas takes for what a hand does on it, and what its overlay takes of the memory.

    python tests/benchmarks/canvas.py [--sizes 4096 8192 16384] [--check]

Runs without a display. Every figure is the time from the input to the painted widget; in “sharp” rows it
goes on until nothing stands in any more for what a worker draws. `--check` exits with 1 if a figure is above
its target.
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
import tifffile
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.label_item import LabelItem
from cellpose_gui.document.document import Document
from cellpose_gui.tasks.work import open_image
from model_core.annotation.cells_file import CellsFile
from model_core.annotation.label_store import LabelStore
from model_core.annotation.model_patch import model_patch
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
    gap = (np.arange(size) % side < side // 8) & (np.arange(size) < across * side)
    labels[gap] = 0
    records = []
    first = int(np.argmin(gap))
    for row in range(across):
        for col in range(across):
            ends = [size if n == across - 1 else (n + 1) * side for n in (row, col)]
            box = (0, 1, row * side + first, ends[0], col * side, ends[1])
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


def timed(action: Callable[[int], object], times: int, sharp: Canvas | None = None) -> Times:
    """ms of each; with `sharp` until no worker draws what that canvas shows."""
    durations = []
    for number in range(times):
        start = clock()
        action(number)
        QApplication.processEvents()
        while sharp is not None and drawing(sharp):
            QApplication.processEvents()
        durations.append(1000 * (clock() - start))
    return durations


def drawing(canvas: Canvas) -> bool:
    return canvas._image.busy or canvas._overlay.busy


def move_mouse(canvas: Canvas, x: float, y: float) -> None:
    port = canvas.view.viewport()
    held = Qt.MouseButton.LeftButton
    where = QPointF(x, y)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QMouseEvent.Type.MouseMove, where, port.mapToGlobal(where), none, held, NO_KEYS)
    QApplication.sendEvent(port, event)


clock = time.perf_counter
NO_KEYS = Qt.KeyboardModifier.NoModifier


def repaint(canvas: Canvas, scale: float | None) -> tuple[Times, Times]:
    """The frame, and until all is drawn; None: the whole image."""
    if scale is None:
        canvas.fit()
    else:
        canvas.view.set_scale(scale)
    settle(0.3)
    frames = timed(lambda _: paint_anew(canvas), 30)
    settle(0.3)
    return frames, timed(lambda _: paint_anew(canvas), 15, canvas)


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


def zoom(canvas: Canvas) -> tuple[Times, Times]:
    """The frames of a long zoom, and how long single steps take until they are sharp."""
    canvas.fit()
    settle(0.3)
    anchor = QPointF(700, 400)
    view = canvas.view

    def step(n: int) -> None:
        view.set_scale(view.scale_factor * (1.06 if n < 50 else 1 / 1.06), anchor)

    frames = timed(step, 100)
    settle(0.3)
    return frames, timed(step, 20, canvas)


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


def click(canvas: Canvas, tool: str) -> Times:
    """Clicks on cells with a tool, one after the other."""
    canvas.view.set_scale(1.0)
    canvas.set_tool(tool)
    settle(0.5)
    port = canvas.view.viewport()
    places = [QPointF(60 + 43.0 * n, 60 + 29.0 * n).toPoint() for n in range(30)]
    left = Qt.MouseButton.LeftButton
    return timed(lambda n: QTest.mouseClick(port, left, NO_KEYS, places[n]), len(places))


def model_run(canvas: Canvas) -> tuple[Times, Times]:
    """Undo and redo of a step that has replaced all cells."""
    document = canvas.document
    assert document is not None
    found = np.where(document.labels, document.labels[:, ::-1], 0).astype(np.int64)
    patch = model_patch(document.store, found)
    assert patch is not None
    document.apply(patch)
    settle(3.0)
    undo = timed(lambda _: document.undo(), 1)
    settle(3.0)
    return undo, timed(lambda _: document.redo(), 1)


def opening(folder: Path) -> Times:
    """A 16-bit image of 4096 x 4096, from the file to the painted canvas."""
    noise = np.random.default_rng(0).integers(0, 4000, (4096, 4096), dtype=np.uint16)
    tifffile.imwrite(folder / "open.tif", noise)
    canvas = Canvas()
    canvas.resize(*WINDOW)
    canvas.show()
    settle(0.5)

    def open_once(_: int) -> None:
        opened = open_image(folder / "open.tif")
        canvas.set_document(Document(opened.image, opened.file, opened.store))  # type: ignore[arg-type]
        canvas.view.viewport().repaint()

    times = timed(open_once, 1, canvas)
    settle(1.0)
    canvas.document.close()  # type: ignore[union-attr]
    canvas.close()
    return times


def overlay_memory(size: int, count: int) -> float:
    """Memory that showing labels takes beyond their array, in % of that."""
    labels, _ = cells(size, count)
    before = resident()
    item = LabelItem()
    item.set_labels(labels)
    settle(10.0)
    return 100 * (resident() - before) / labels.nbytes


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


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

    for scale in (1.0, 6.0, None):
        frames, sharp = repaint(canvas, scale)
        where = "whole image" if scale is None else f"at {scale:g} px"
        note(f"repaint, {where}", frames, 0.5, 16)
        note(f"repaint, {where}, sharp", sharp, 0.5, 100)
    note("pan at 0.5 px", pan(canvas), 0.95, 16)
    frames, sharp = zoom(canvas)
    note("zoom", frames, 0.95, 16)
    note("zoom, sharp", sharp, 0.5, 100)
    for scale, brush_size in ((1.0, 40), (6.0, 40)):
        moves, release = brush(canvas, scale, brush_size)
        note(f"brush of 40 at {scale:g} px, move", moves, 0.5, 8)
        note(f"brush of 40 at {scale:g} px, move", moves, 0.99, 16)
        note(f"brush of 40 at {scale:g} px, release", [release], 0.5, 50)
        undo = timed(lambda _: canvas.document.undo(), 1)  # type: ignore[union-attr]
        note(f"undo of it at {scale:g} px", undo, 0.5, 20)
    note("select a cell", click(canvas, "select"), 0.5, 16)
    note("delete a cell", click(canvas, "delete"), 0.5, 16)
    if size < 5000:
        undo, redo = model_run(canvas)
        note("undo of a model run", undo, 0.5, 150)
        note("redo of it", redo, 0.5, 150)
        note("open a 16-bit image", opening(folder), 0.5, 300)
    canvas.document.close()  # type: ignore[union-attr]
    canvas.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[4096, 8192, 16384])
    parser.add_argument("--check", action="store_true")
    parser.add_argument(
        "--cpu",
        action="store_true",
        help="count what the thread of the window computes, not how long it waits: for a busy machine",
    )
    options = parser.parse_args()
    if options.cpu:
        global clock
        clock = time.thread_time
    application = QApplication([])
    table: list[tuple[str, float, float]] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(size, 10_000 if size < 10_000 else 100_000, Path(folder), table)
    if max(options.sizes) > 10_000 and Path("/proc/self/statm").exists():
        percent = overlay_memory(max(options.sizes), 100_000)
        table.append(("memory of the overlay", percent, 10))
        print(f"memory of the overlay beyond the labels: {percent:.1f} %, target 10 %", flush=True)
    application.quit()
    return int(options.check and any(value > target for _, value, target in table))


if __name__ == "__main__":
    sys.exit(main())
