"""A folder of 2,000 images with 1,000,000 cells: opening it, and the list of its images.

    python tests/benchmarks/folder.py [--images 2000] [--cells 500] [--folder DIR]

Documents are synthetic: records without labels, which is all that the index reads. Limits: opening 2 s,
each step of the window 0.1 s, 2 GiB. Prints wall time and, beside it, the processor time of this process:
on a busy machine only the second one says something. With `--folder`, documents are made there once and kept.
"""

from __future__ import annotations

import argparse
import os
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import numpy as np
import tifffile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
SHAPE = (1, 64, 64)


def make_folder(folder: Path, images: int, cells: int) -> None:
    """Images of noise and a document of `cells` records for each."""
    from model_core.annotation.cells_schema import create_tables

    pixels = np.random.default_rng(0).integers(0, 255, SHAPE[1:], dtype=np.uint8)
    for number in range(images):
        image = folder / f"well_{number // 96:02d}_{number % 96:02d}.tif"
        tifffile.imwrite(image, pixels)
        confidence = np.random.default_rng(number).random(cells).tolist()
        rows = (
            (
                *(id_, 0, 1, 0, 30, 0, 30, 200 + id_ % 400, 0.0, 15.0, 15.0, "model", confidence[id_ - 1]),
                *("accepted" if id_ % 7 == 0 else "unreviewed", "", "", 0),
            )
            for id_ in range(1, cells + 1)
        )
        meta = {
            "image": image.name,
            "image_path": "",
            "shape": "[1, 64, 64]",
            "position": "1",
            "next_id": "9999",
        }
        with sqlite3.connect(image.with_suffix(".cells"), isolation_level=None) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            create_tables(connection)
            connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            connection.executemany(f"INSERT INTO objects VALUES ({', '.join('?' * 17)})", rows)
            connection.execute("COMMIT")
        connection.close()


@contextmanager
def timed(what: str, limit: float | None = None) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{what:<44} {1000 * wall:9.1f} ms {1000 * cpu:9.1f} ms" + (f"   limit {limit:g} s" if limit else "")
    )


def peak_memory() -> float:
    """GiB that this process has had at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def index_alone(folder: Path) -> None:
    from model_core.annotation.folder_index import FolderIndex
    from model_core.annotation.index_file import INDEX_NAME

    (folder / INDEX_NAME).unlink(missing_ok=True)
    with timed("the very first time: reading all documents"):
        index = FolderIndex(folder)
        index.look()
        index.close()
    with timed("opening: images, states and all objects", 2.0):
        index = FolderIndex(folder)
        index.look()
        objects = index.objects()
    print(f"{len(index.entries):,} images, {len(objects):,} cells")
    with timed("looking at the folder again (worker)"):
        index.look()
    with timed("sorting all cells by confidence (worker)", 0.1):
        np.argsort(objects["confidence"])
    with timed("filtering all cells by area and review", 0.1):
        _ = objects[(objects["area"] < 300) & (objects["review"] == 0)]
    index.close()


def the_list(folder: Path) -> None:
    """The list as the window has it, without the rest of the window."""
    from PyQt6.QtWidgets import QApplication

    from cellpose_gui.panels.image_list_model import FILTERS, ORDERS
    from cellpose_gui.panels.image_strip import ImageStrip
    from cellpose_gui.project.project import Project
    from cellpose_gui.project.segment_all import SegmentAll
    from cellpose_gui.tasks.task_runner import TaskRunner
    from model_core.formats.folder import images_in

    app = QApplication([])
    tasks = TaskRunner()
    project = Project(tasks)
    strip = ImageStrip(tasks, project, SegmentAll(tasks, lambda: None, Lock()))
    strip.resize(270, 800)
    strip.show()
    images = images_in(folder)
    with timed("the window: from the names to all counts", 2.0):
        project.open(folder, images)
        while project.index is None or not project.idle:
            app.processEvents()
            time.sleep(0.001)

    def step(what: str, do) -> None:  # type: ignore[no-untyped-def]
        with timed(what, 0.1):
            do()
            strip.view.viewport().repaint()  # type: ignore[union-attr]

    for order in ORDERS:
        step(f"order: {order}", lambda o=order: strip.order.setCurrentText(o))
    strip.order.setCurrentText("Name")
    for name in FILTERS:
        step(f"filter: {name}", lambda n=name: strip.filter.setCurrentText(n))
    strip.filter.setCurrentText("All images")
    for text in ("w", "well_1", "17_5"):
        step(f"search: {text}", lambda t=text: strip.search.setText(t))
    strip.search.clear()
    bar = strip.view.verticalScrollBar()
    assert bar is not None
    step("scrolling to the end", lambda: bar.setValue(bar.maximum()))
    step("scrolling a page back", lambda: bar.setValue(bar.maximum() - 700))
    step("marking the open image", lambda: strip.mark_current(images[1]))
    step("counts of an image have changed", project.changed.emit)
    project.close()
    tasks.stop_all()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--cells", type=int, default=500, help="in each image")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(exist_ok=True)
        if not any(folder.glob("*.cells")):
            make_folder(folder, options.images, options.cells)
        print(f"{'':<44} {'wall':>12} {'processor':>12}")
        index_alone(folder)
        the_list(folder)
        print(f"memory: {peak_memory():.2f} GiB at most   limit 2 GiB")


if __name__ == "__main__":
    main()
