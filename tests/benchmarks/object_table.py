"""How long the thread of the window is held by the table and the plots at 100,000 cells.

    python tests/benchmarks/object_table.py [--cells 100000]

Each line is what a person does and the milliseconds until the window answers again, the median and the
longest of three times; in brackets the processor time of the window's thread, which says more on a busy
machine.
What is computed in workers is told apart. Limits: 100 ms, and no stay in the window's thread over 50 ms.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PyQt6.QtCore import QRectF, QSettings, Qt
from PyQt6.QtGui import QPainterPath
from PyQt6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parents[2]))

from cellpose_gui.main_window import MainWindow
from model_core.annotation.model_patch import model_patch

SIDE = 16  # px a cell


def grid(cells: int) -> np.ndarray:
    """Discs of several sizes in rows."""
    across = int(np.ceil(np.sqrt(cells)))
    labels = np.zeros((across * SIDE, across * SIDE), np.uint32)
    yy, xx = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    rng = np.random.default_rng(0)
    for number in range(cells):
        y, x = divmod(number, across)
        a, b = rng.uniform(3, 8, 2)
        part = labels[y * SIDE : (y + 1) * SIDE, x * SIDE : (x + 1) * SIDE]
        part[(yy / a) ** 2 + (xx / b) ** 2 < 1] = number + 1
    return labels


def wait(until: Callable[[], bool], seconds: float = 300) -> str:
    """How long that takes, and the longest time that the window meanwhile did not answer."""
    started, stays = time.perf_counter(), [(0.0, 0.0)]
    while not until():
        stays.append(stay(QApplication.processEvents))
        time.sleep(0.002)
        if time.perf_counter() - started > seconds:
            raise TimeoutError
    QApplication.processEvents()
    longest, busiest = np.max(stays, axis=0)
    return (
        f"{time.perf_counter() - started:.2f} s; the window did not answer for {longest:.0f} ms "
        f"({busiest:.0f}) at most"
    )


def stay(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds, and those of the processor in this thread."""
    wall, busy = time.perf_counter(), time.thread_time()
    work()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.thread_time() - busy)


def timed(name: str, work: Callable[[], object], times: int = 3) -> None:
    """Prints the time until all events that follow are done."""
    taken = np.array([stay(lambda: (work(), QApplication.processEvents())) for _ in range(times)])
    (wall, busy), (longest, busiest) = np.median(taken, axis=0), taken.max(axis=0)
    print(f"{name:44} {wall:7.1f} ms ({busy:5.1f})   longest {longest:7.1f} ({busiest:5.1f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100_000)
    wanted = parser.parse_args().cells
    app = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        labels = grid(wanted)
        pixels = np.random.default_rng(0).integers(0, 200, labels.shape, dtype=np.uint8) + (labels > 0) * 40
        path = Path(folder) / "cells.tif"
        tifffile.imwrite(path, pixels.astype(np.uint8))
        window = MainWindow(QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat))
        window.show()
        window.open(path)
        wait(lambda: window.workbench.document is not None)
        document = window.workbench.document
        assert document is not None
        confidence = dict(enumerate(np.random.default_rng(1).uniform(0, 1, wanted + 1).tolist()))
        patch = model_patch(document.store, labels[None], confidence, "Start")
        assert patch is not None
        document.apply(patch)
        panel = window.curation.objects
        timed("the panel is opened", lambda: window.docks["Table and plot"].show(), 1)
        print(f"  measured in a worker in {wait(lambda: len(panel.values) == wanted)}")
        measure(window, wanted)
        window.workbench.close()
        window.tasks.stop_all()
    app.quit()


def measure(window: MainWindow, wanted: int) -> None:
    panel, document = window.curation.objects, window.workbench.document
    assert document is not None
    model, table = panel.model, panel.table
    order = iter([Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder] * 10)
    timed("sort by area", lambda: table.sortByColumn(model.names.index("area"), next(order)))
    timed("sort by class", lambda: table.sortByColumn(model.names.index("class"), next(order)))
    bar = table.verticalScrollBar()
    assert bar is not None
    places = iter(range(1000, 100_000, 20_000))
    timed("scroll", lambda: bar.setValue(next(places) % max(1, model.rowCount())), 5)
    timed("filter", lambda: panel.rule.setText("area > 80 and circularity < 0.9"), 1)
    timed("filter off", lambda: panel.rule.setText(""), 1)
    panel.y_axis.setCurrentText("circularity")
    timed("scatter plot", panel.plot._draw)
    gated = panel.plot.gate.gated.emit
    boxes, lassos = iter([box(place) for place in range(50, 60)]), iter([lasso(r) for r in range(50, 53)])
    timed("gate: a box", lambda: gated(next(boxes)))
    print(f"  {len(document.selected):,} cells in it")
    timed("gate: a lasso of 200 corners", lambda: gated(next(lassos)))
    panel.y_axis.setCurrentIndex(0)
    timed("gate in the histogram", lambda: gated(next(boxes)))
    timed("select all", lambda: document.select(document.objects), 1)
    timed("a click on a row", lambda: table._go(500, Qt.KeyboardModifier.NoModifier))
    window.canvas.classes.add("round")
    timed("class of one cell", lambda: window.canvas.classes.put([5], 0), 1)
    document.select(range(1, wanted // 2))
    before = document.store.history.position
    timed("class of half of the cells: until it starts", lambda: window.selected_cells.classify(0), 1)
    print(f"  done in a worker in {wait(lambda: document.store.history.position > before)}")
    print(f"  shown after {wait(lambda: (model.columns['class'] == 'round').sum() > wanted // 2 - 9)}")
    timed("one cell erased", lambda: erase(window, 77), 1)
    print(f"  measured again in {wait(lambda: len(panel.values) == wanted - 1)}")
    timed("undo of it", lambda: document.undo(), 1)
    print(f"  measured again in {wait(lambda: len(panel.values) == wanted)}")


def box(left: float) -> QPainterPath:
    path = QPainterPath()
    path.addRect(QRectF(left, 0.7, 80, 0.3))
    return path


def lasso(radius: float) -> QPainterPath:
    path = QPainterPath()
    for number in range(200):
        angle = number / 200 * 2 * np.pi
        point = (90 + radius * np.cos(angle), 0.85 + 0.1 * np.sin(angle))
        path.lineTo(*point) if number else path.moveTo(*point)
    return path


def erase(window: MainWindow, id_: int) -> None:
    document = window.workbench.document
    assert document is not None
    box = document.objects[id_].slices
    new = document.labels[box].copy()
    new[new == id_] = 0
    document.edit(box, new, "Erase")


if __name__ == "__main__":
    main()
