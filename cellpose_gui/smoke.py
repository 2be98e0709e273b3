"""The main job once, without a display: open, segment, paint, undo, save, reopen, compare."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def run_smoke() -> int:
    """Does the story in a temporary folder and prints what it found; 0 when all of it worked."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PyQt6.QtCore import QSettings
    from PyQt6.QtWidgets import QApplication

    from cellpose_gui.main_window import MainWindow
    from cellpose_gui.project.samples import write_sample

    app = QApplication.instance() or QApplication(sys.argv[:1])
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="cellpose-gui-smoke-"))
    window = MainWindow(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    problems: list[str] = []
    window.workbench.problem.disconnect()  # a dialog would wait for somebody to close it
    window.workbench.problem.connect(lambda title, error: problems.append(f"{title}: {error}"))
    window.apply_theme()
    window.show()
    print(f"window shown after {time.monotonic() - started:.1f} s")

    def wait(until: Callable[[], bool], what: str, seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            app.processEvents()
            time.sleep(0.005)
            if problems:
                raise RuntimeError("; ".join(problems))
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} took longer than {seconds:.0f} s")

    bench = window.workbench
    try:
        sample = write_sample("Coins (grey)", folder)
        window.open(sample)
        wait(lambda: bench.document is not None, "opening")
        document = bench.document
        assert document is not None
        print(f"opened {sample.name}, {document.labels.shape[1]} x {document.labels.shape[2]} px")

        begun = time.monotonic()
        window.actions_by_name["segment"].trigger()
        wait(lambda: bench.tasks.current("segment") is None, "segmenting")
        found = len(document.objects)
        print(f"segmented: {found} cells in {time.monotonic() - begun:.1f} s")

        before = document.labels.copy()
        _paint_stroke(window)
        painted = int((document.labels != before).sum())
        print(f"painted {painted} px: {document.undo_text}")
        bench.undo()
        undone = bool(np.array_equal(document.labels, before))
        bench.redo()
        redone = int((document.labels != before).sum()) == painted
        print(f"undo restores every pixel: {undone}; redo paints them again: {redone}")

        bench.save()
        wait(lambda: document.all_saved, "saving")
        kept, records = document.labels.copy(), dict(document.objects)
        picture = folder / "screenshot.png"
        window.grab().save(str(picture))
        bench.close()
        window.open(sample)
        wait(lambda: bench.document is not None, "opening again")
        again = bench.document
        assert again is not None
        same = bool(np.array_equal(again.labels, kept)) and dict(again.objects) == records
        print(f"saved, closed and opened again: all is the same: {same}; undo offers: {again.undo_text}")
        print(f"screenshot: {picture}")
    except (RuntimeError, TimeoutError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    finally:
        window.close()
        window.tasks.stop_all()
        window.deleteLater()  # by Qt: Python would at any time and in any thread, which Qt does not survive
    worked = found > 0 and painted > 0 and undone and redone and same
    print("All of it worked." if worked else "FAILED: see above.")
    return 0 if worked else 1


def _paint_stroke(window: object) -> None:
    """A stroke of the brush across the top left of the image, with real mouse events."""
    from PyQt6.QtCore import QPoint, QPointF, Qt
    from PyQt6.QtTest import QTest

    from cellpose_gui.main_window import MainWindow

    assert isinstance(window, MainWindow)
    canvas = window.canvas
    canvas.set_tool("brush")
    viewport = canvas.view.viewport()

    def at(x: float, y: float) -> QPoint:
        return canvas.view.mapFromScene(canvas.view.box.mapViewToScene(QPointF(x, y)))

    button = Qt.MouseButton.LeftButton
    QTest.mousePress(viewport, button, pos=at(6, 6))  # type: ignore[call-overload]
    for step in range(1, 9):
        QTest.mouseMove(viewport, at(6 + 3 * step, 6))  # type: ignore[call-overload]
    QTest.mouseRelease(viewport, button, pos=at(30, 6))  # type: ignore[call-overload]
    canvas.set_tool("select")
