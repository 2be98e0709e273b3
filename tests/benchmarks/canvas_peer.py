"""The rows of canvas.py in another program: napari's Labels layer, or the GUI of Cellpose 3.

    xvfb-run -a PYTHON tests/benchmarks/canvas_peer.py napari|cellpose [--size 4096]

PYTHON is an interpreter that has that program with PyQt6. Every figure is the time from a call of what the
mouse or key would call to the end of the events that follow, painting included. OpenGL is computed by the CPU
where there is no GPU, which napari pays for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

CELLS = 10_000
MOVES = 60


def cells(size: int) -> np.ndarray:
    """About CELLS touching cells in rows and columns, as canvas.py has them: (size, size)."""
    side = size // int(CELLS**0.5)
    across = size // side
    place = np.minimum(np.arange(size, dtype=np.uint32) // side, across - 1)
    labels = place[:, None] * np.uint32(across) + place + np.uint32(1)
    labels[(np.arange(size) % side < side // 8) & (np.arange(size) < across * side)] = 0
    return labels


def noise(size: int) -> np.ndarray:
    block = np.random.default_rng(0).normal(1000, 200, (256, 256)).clip(0).astype(np.uint16)
    return np.tile(block, (size // 256, size // 256))


def timed(name: str, action: Callable[[int], object], times: int, *shares: float) -> None:
    from qtpy.QtWidgets import QApplication

    durations = []
    for number in range(times):
        start = time.perf_counter()
        action(number)
        QApplication.processEvents()
        durations.append(1000 * (time.perf_counter() - start))
    for share in shares or (0.5,):
        print(f"{name:40}  p{round(100 * share)}  {np.quantile(durations, share):8.1f} ms", flush=True)


def settle(seconds: float) -> None:
    from qtpy.QtWidgets import QApplication

    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def napari_rows(size: int) -> None:
    import napari

    viewer = napari.Viewer()
    viewer.window.resize(1500, 1000)
    viewer.add_image(noise(size))
    layer = viewer.add_labels(cells(size))
    settle(3)
    camera = viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera  # before 0.9
    camera.zoom = 0.5
    settle(1)
    y, x = camera.center[-2:]

    def pan(n: int) -> None:
        camera.center = (y + 6 * n, x + 14 * n)

    def zoom(n: int) -> None:
        camera.zoom *= 1.06 if n < MOVES // 2 else 1 / 1.06

    def move(n: int) -> None:
        layer.paint((y + 8 * n, x + 11 * n), 7)

    timed("pan", pan, MOVES, 0.95)
    timed("zoom", zoom, MOVES, 0.95)
    layer.brush_size, layer.mode = 40, "paint"
    camera.zoom = 1.0
    settle(1)
    timed("brush of 40, move", move, MOVES, 0.5, 0.99)
    timed("undo of a move", lambda _: layer.undo(), 10)
    timed("select a cell", lambda n: setattr(layer, "selected_label", 100 + n), 20)
    layer.mode = "fill"
    timed("delete a cell", lambda n: layer.fill(cell_at(layer.data, n), 0), 10)
    timed("undo of that", lambda _: layer.undo(), 10)


def cell_at(labels: np.ndarray, n: int) -> tuple[int, int]:
    row, col = np.argwhere(labels[:400, 40 * n : 40 * n + 400])[0]
    return int(row), int(col + 40 * n)


def cellpose_rows(size: int) -> None:
    import tifffile
    from cellpose.gui import gui, io
    from qtpy.QtCore import QPointF

    window = gui.MainW()
    window.setGeometry(0, 0, 1500, 1000)
    window.show()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.tif"
        tifffile.imwrite(path, noise(size))
        io._load_image(window, filename=str(path))
        io._masks_to_gui(window, cells(size)[None].astype(np.int32))
        window.draw_layer()
        window.toggle_mask_ops()
        window.update_layer()
        settle(3)
        view = window.p0
        view.setRange(xRange=(0, 2000), yRange=(0, 2000))
        settle(1)
        timed("pan", lambda n: view.translateBy(x=14, y=6), MOVES, 0.95)
        timed(
            "zoom",
            lambda n: view.scaleBy((1 / 1.06,) * 2 if n < MOVES // 2 else (1.06,) * 2, QPointF(700, 400)),
            MOVES,
            0.95,
        )
        timed("select a cell", lambda n: window.select_cell(100 + n), 5)
        timed("delete a cell", lambda n: window.remove_cell(100), 5)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("program", choices=["napari", "cellpose"])
    parser.add_argument("--size", type=int, default=4096)
    options = parser.parse_args()
    from qtpy.QtWidgets import QApplication

    application = QApplication.instance() or QApplication(sys.argv[:1])
    print(f"{options.program}, {options.size} x {options.size}, {cells(options.size).max()} cells")
    (napari_rows if options.program == "napari" else cellpose_rows)(options.size)
    application.quit()


if __name__ == "__main__":
    main()
