"""Curation: ties classes, table, the queue of doubtful cells and comparisons to the rest of the window."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PyQt6.QtCore import QObject, QSettings
from PyQt6.QtWidgets import QWidget

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.panels.class_panel import ClassPanel
from cellpose_gui.panels.compare_panel import ComparePanel
from cellpose_gui.panels.object_panel import ObjectPanel
from cellpose_gui.panels.queue_panel import QueuePanel
from cellpose_gui.project.class_memory import ClassMemory
from cellpose_gui.tasks.doubts import doubts_of_file, look_for_doubts
from cellpose_gui.tasks.task_runner import Cancel, Progress
from cellpose_gui.workbench import Workbench
from model_core.annotation.classes import Classes
from model_core.errors import UserError


class Curation(QObject):
    """The four panels, and what they ask for."""

    def __init__(self, window: QWidget, bench: Workbench, canvas: Canvas, settings: QSettings) -> None:
        super().__init__(window)
        self._bench, self._canvas = bench, canvas
        self._memory = ClassMemory(settings)
        self.classes, self.objects = ClassPanel(canvas), ObjectPanel(canvas)
        self.queue, self.comparing = QueuePanel(canvas), ComparePanel(canvas)
        canvas.classes.usual = lambda document: self._memory.classes_of(document.image.path.parent)
        canvas.classes.edited.connect(self._remember)
        bench.segment_all.image_done.connect(self._look_ahead)
        self.queue.start_asked.connect(self._start_queue)
        self.queue.open_asked.connect(bench.open)
        bench.comparisons.ready.connect(self.comparing.show_other)
        self.comparing.previous_asked.connect(bench.comparisons.with_previous)
        self.comparing.end_asked.connect(self.end_comparison)
        self.comparing.model_asked.connect(bench.comparisons.with_model)
        self.comparing.file_asked.connect(bench.comparisons.with_file)
        bench.models_changed.connect(self._take_models)
        bench.document_changed.connect(self._follow)

    def end_comparison(self) -> None:
        """No second outline any more."""
        self._canvas.guides.show_comparison(None)
        self.comparing.show_other(None)

    def recolour(self) -> None:
        """The theme has changed."""
        self.objects.recolour()

    def _follow(self) -> None:
        for panel in (self.classes, self.objects, self.queue, self.comparing):
            panel.set_document(self._bench.document)

    def _take_models(self, names: list[str], imported: str) -> None:
        self.comparing.models = names

    def _remember(self, classes: Classes) -> None:
        if self._bench.path is not None:
            self._memory.remember(self._bench.path.parent, classes)

    def _look_ahead(self, path: Path) -> None:
        """An image was segmented in the background: its doubts are kept for when the queue is started."""
        bench = self._bench
        index, folder = bench.project.index, bench.work_folders.get(path.parent)
        if path != bench.path and index is not None and path.parent == index.folder:

            def job(progress: Progress, cancel: Cancel) -> None:
                with suppress(UserError):  # it will be told when the queue is started
                    doubts_of_file(path, index, folder, bench.opening)

            bench.project.run("Looking ahead", job)

    def _start_queue(self, everywhere: bool) -> None:
        document, bench = self._bench.document, self._bench
        if document is None:
            return
        if (looking := bench.tasks.current("left out")) is not None:  # the run before is not through yet
            looking.finished.connect(lambda: self._start_queue(everywhere))
            return
        images = list(bench.images) if everywhere else [document.image.path]
        index, folder = bench.project.index, bench.work_folders.get(document.image.path.parent)
        bench.tasks.run(
            "Looking for doubtful cells",
            lambda progress, cancel: look_for_doubts(
                images, document, index, folder, bench.opening, progress, cancel
            ),
            self.queue.begin,
            slot="doubts",
        )
