"""Whether a person can go on drawing while the model learns.

    python tests/benchmarks/while_training.py [--seconds 20] [--check]

Opens a folder of rendered images in the window, without a display, and measures how late the event loop is
and how long each move of the brush takes: before, and while a real training runs. Then it pauses, goes on and
stops, and measures how long each takes. `--check` exits with 1 if a figure is above its target.
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
from PyQt6.QtCore import QPointF, QSettings, Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cellpose_gui.main_window import MainWindow
from model_core.training.rendered.render import render

TICK = 5  # ms
LATE, TWICE, STOPPED = 50.0, 2.0, 1.0  # ms at p99; times as long; s


def wait(until: Callable[[], object], seconds: float = 120) -> float:
    """The seconds until it was true."""
    began = time.monotonic()
    while not until():
        QTest.qWait(20)
        if time.monotonic() - began > seconds:
            raise SystemExit("waited in vain")
    return time.monotonic() - began


def lateness(seconds: float) -> np.ndarray:
    """ms by which ticks of a timer came late."""
    times = [time.perf_counter()]
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: times.append(time.perf_counter()))
    timer.start(TICK)
    QTest.qWait(int(1000 * seconds))
    timer.stop()
    return np.maximum(1000 * np.diff(times) - TICK, 0)


def strokes(window: MainWindow, number: int) -> np.ndarray:
    """ms of each move of some strokes of the brush, until it is painted; each stroke is undone."""
    canvas = window.canvas
    port = canvas.view.viewport()
    canvas.set_tool("brush")
    middle = QPointF(port.width() / 2, port.height() / 2)
    durations = []
    for _ in range(number):
        path = [middle + QPointF(2.0 * n, 20 * np.sin(n / 5)) for n in range(40)]
        QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=path[0].toPoint())
        for place in path:
            began = time.perf_counter()
            QTest.mouseMove(port, place.toPoint())
            QApplication.processEvents()
            durations.append(1000 * (time.perf_counter() - began))
        QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=path[-1].toPoint())
        QTest.qWait(100)
        window.workbench.undo()
        QTest.qWait(100)
    return np.array(durations)


def told(name: str, values: np.ndarray) -> None:
    middle, late = np.percentile(values, (50, 99))
    print(f"{name:36} {middle:6.1f} ms median, {late:6.1f} p99, {values.max():6.1f} longest", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name) / "cells", Path(name) / "home"
        os.environ |= {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        folder.mkdir()
        rng = np.random.default_rng(0)
        for n in range(4):
            picture = render("nuclei_fluorescence", rng, (512, 512))
            tifffile.imwrite(folder / f"{n}.tif", picture.image, metadata={"axes": "CYX"})
            tifffile.imwrite(folder / f"{n}_masks.tif", picture.labels.astype(np.uint16))
        app = QApplication([])
        window = MainWindow(QSettings(str(Path(name) / "settings.ini"), QSettings.Format.IniFormat))
        window.resize(1400, 900)
        window.show()
        window.open(folder / "0.tif")
        wait(lambda: window.workbench.document is not None)
        QTest.qWait(3000)
        missed = measure(window, options.seconds)
        window.workbench.close(discard=True)
        window.tasks.stop_all()
        app.processEvents()
    for words in missed:
        print(f"MISSED  {words}")
    return 1 if options.check and missed else 0


def measure(window: MainWindow, seconds: float) -> list[str]:
    missed = []
    quiet, brush = lateness(seconds / 2), strokes(window, 5)
    told("event loop", quiet)
    told("brush", brush)
    training = window.learning.training
    training.problem.connect(lambda words, error: print(words, error))
    window.learning.retrain()
    wait(lambda: training.last is not None and training.last.loss is not None)
    busy, brush_then = lateness(seconds), strokes(window, 5)
    told("event loop while training", busy)
    told("brush while training", brush_then)
    if np.percentile(busy, 99) > LATE:
        missed.append(f"the event loop is {np.percentile(busy, 99):.0f} ms late")
    times = np.median(brush_then) / np.median(brush)
    print(f"brush: {times:.2f} times as long as before")
    if times > TWICE:
        missed.append(f"a move of the brush takes {times:.1f} times as long")
    for what, do, done in (
        ("pause", training.toggle_pause, lambda: computes_nothing()),
        ("stop", training.stop, lambda: not training.running),
    ):
        do()
        took = wait(done)
        print(f"{what}: {took:.2f} s")
        if took > STOPPED:
            missed.append(f"{what} takes {took:.1f} s")
        QTest.qWait(500)
    return missed


def computes_nothing() -> bool:
    """Whether the process uses hardly any of the processor."""
    began, used = time.monotonic(), time.process_time()
    time.sleep(0.1)
    return time.process_time() - used < 0.2 * (time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
