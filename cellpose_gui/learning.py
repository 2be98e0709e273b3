"""Learning from corrections: ties models, training and what to label next to the rest of the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QObject, QSettings, QTimer, pyqtSignal
from PyQt6.QtWidgets import QWidget

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from cellpose_gui.panels.models_panel import ModelsPanel
from cellpose_gui.panels.retrain_options import RetrainOptionsDialog
from cellpose_gui.panels.segment_panel import SegmentPanel
from cellpose_gui.panels.training_panel import TrainingPanel
from cellpose_gui.tasks import retrain_work, work
from cellpose_gui.tasks.model_shelf import ModelShelf
from cellpose_gui.tasks.next_to_label import Candidate, NextToLabel
from cellpose_gui.tasks.retrain_work import Material, Wish
from cellpose_gui.tasks.training import Training
from cellpose_gui.workbench import Workbench

if TYPE_CHECKING:
    from model_core.training.comparing import CellChange, ImageChange
    from model_core.training.next_to_label import Region

_LAST_FOLDER = "training/folder"  # the setting that holds where a training was begun last


class Learning(QObject):
    """What the commands of the menu Model do."""

    training_shown = pyqtSignal()  # the panel “Training” has something to show

    def __init__(
        self, window: QWidget, bench: Workbench, canvas: Canvas, segmenting: SegmentPanel, settings: QSettings
    ) -> None:
        super().__init__(window)
        self._window, self._bench, self._canvas = window, bench, canvas
        self._segmenting, self._settings = segmenting, settings
        self.shelf = ModelShelf(bench.tasks, self)
        self.training = Training(bench.tasks, self)
        self.next = NextToLabel(bench.tasks, self)
        self.models_panel = ModelsPanel(self.shelf)
        self.training_panel = TrainingPanel(self.training)
        self._folder: Path | None = None
        self._sight: tuple[Path, object] | None = None  # what to show once its image is open
        self._connect()

    def _connect(self) -> None:
        bench, training, shelf, panel = self._bench, self.training, self.shelf, self.training_panel
        for part in (shelf, training, self.next):
            part.said.connect(bench.said)
            part.problem.connect(bench.problem)
        shelf.changed.connect(bench.list_models)
        self._segmenting.model_chosen.connect(lambda _: self.look_at_models())
        self.models_panel.files_dropped.connect(lambda paths: bench.import_model(paths[0]))
        training.model_made.connect(self._use_new)
        training.model_put_away.connect(shelf.offer_back)
        training.offered.connect(lambda _: self.training_shown.emit())
        training.interrupted_found.connect(lambda *_: self.training_shown.emit())
        panel.retrain_asked.connect(self.retrain)
        panel.options_asked.connect(self.ask_options)
        panel.resume_asked.connect(self.resume)
        panel.offer.compare_asked.connect(self.compare_here)
        panel.offer.cell_chosen.connect(self.show_cell)
        self.next.go_to.connect(self._go_to)
        # Once the canvas has taken the document over as well.
        bench.document_changed.connect(lambda: QTimer.singleShot(0, self._show_awaited))
        bench.document_changed.connect(self._look_at_folder)

    # ------------------------------------------------------------------ models

    def look_at_models(self) -> None:
        """Shows what there is on the shelf and which one is in use."""
        self.shelf.chosen = self._segmenting.model_name
        self.shelf.refresh()
        self._show_curve()

    def roll_back(self) -> None:
        """Goes back to the model that the one in use was made from."""
        self.shelf.roll_back(self._segmenting.model_name)

    def _use_new(self, name: str) -> None:
        self._settings.remove(_LAST_FOLDER)
        self._canvas.guides.show_comparison(None)
        self.next.forget()
        self.shelf.changed.emit(name)
        self._prepare_next(name)

    def _show_curve(self) -> None:
        name = self._segmenting.model

        def read(progress: object, cancel: object) -> object:
            from model_core.models.package import read_card
            from model_core.models.registry import find_model
            from model_core.training.learning_curve import learning_curve, rounds_of

            rounds = rounds_of(read_card(find_model(name)))
            return learning_curve(rounds) if rounds else None

        self._bench.tasks.run(
            "Looking for models",
            read,
            self.training_panel.show_curve,
            slot="curve",
            failed=lambda error: self.training_panel.show_curve(None),
        )

    # ------------------------------------------------------------------ training

    def retrain(self) -> None:
        """Learns from everything that was corrected in this folder."""
        path = self._bench.path
        if path is not None:
            self._start(Wish(path.parent, start=self._segmenting.model))

    def ask_options(self) -> None:
        """The same with all options in a dialog."""
        path, document = self._bench.path, self._bench.document
        if path is None:
            self._bench.said.emit("Open an image first.")
            return

        documents = self._bench.work_folders.get(path.parent)

        def ask(material: Material) -> None:
            models = [entry.name for entry in self.shelf.entries if entry.card is not None]
            dialog = RetrainOptionsDialog(
                self._window, path.parent, material, models, self._segmenting.model_name
            )
            dialog.wished.connect(self._start)
            dialog.open()

        self._bench.tasks.run(
            "Looking for corrected cells",
            lambda progress, cancel: retrain_work.material(path.parent, document, cancel, documents),
            ask,
            slot="material",
        )

    def resume(self) -> None:
        """Goes on with the training that was interrupted."""
        if (folder := self.training.interrupted_in) is not None:
            self._start(Wish(folder, resume=True))

    def look_for_interrupted(self) -> None:
        """Whether the training that was begun last came to its end; at the start of the program."""
        folder = str(self._settings.value(_LAST_FOLDER, "") or "")
        if folder:
            self.training.look_for_interrupted(Path(folder))

    def _start(self, wish: Wish) -> None:
        self._settings.setValue(_LAST_FOLDER, str(wish.folder))
        self.training_shown.emit()
        wish = replace(wish, documents=self._bench.work_folders.get(wish.folder))
        self.training.start(wish, self._bench.document)

    def _look_at_folder(self) -> None:
        """Another folder may be open now."""
        path = self._bench.path
        if path is not None and path.parent != self._folder:
            self._folder = path.parent
            self.next.forget()
            self.training.look_for_interrupted(path.parent)

    # ------------------------------------------------------------------ looking at the offer

    def compare_here(self) -> None:
        """Draws what the offered model finds in the open image over the present cells."""
        offer, document, image = self.training.offer, self._bench.document, self._bench.image
        if offer is None or document is None or image is None:
            self._bench.said.emit("Open an image first.")
            return

        def find(progress: work.Progress, cancel: work.Cancel) -> np.ndarray:
            from model_core.segmentation.segmenter import segment

            options: work.Given = self._segmenting.options
            return segment(image, offer.model, progress=progress, cancel=cancel, **options).labels

        def show(labels: np.ndarray) -> None:
            if document is self._bench.document:
                self._canvas.guides.show_comparison(labels)
                found, there = int(labels.max()), len(document.objects)
                self._bench.said.emit(
                    f"White dashed outlines: the {found:,} cells of the new model; there are {there:,} now."
                )

        self._bench.tasks.run("Comparing", find, show, slot="compare")

    def show_cell(self, image: ImageChange, cell: CellChange | None) -> None:
        """Goes to a held-out cell, or to all of an image, with what the new model finds there."""
        self._see(image.path, (image, cell))

    def _see(self, path: Path, sight: object) -> None:
        self._sight = path, sight
        if self._bench.path == path:
            self._show_awaited()
        else:
            self._bench.open(path)

    def _show_awaited(self) -> None:
        """Shows what was waited for, if its image is open now."""
        document = self._bench.document
        if self._sight is None or document is None or document.image.path != self._sight[0]:
            return
        (_, sight), self._sight = self._sight, None
        assert isinstance(sight, tuple)
        if isinstance(sight[0], Candidate):
            self._show_candidate(document, *sight)
        else:
            self._show_change(document, *sight)

    def _show_change(self, document: Document, image: ImageChange, cell: CellChange | None) -> None:
        labels = np.zeros(document.labels.shape, np.uint32)
        y0, y1, x0, x1 = image.box
        labels[image.plane, y0:y1, x0:x1] = image.after
        self._canvas.guides.show_comparison(labels)
        plane, (y0, y1, x0, x1) = (image.plane, image.box) if cell is None else (cell.plane, cell.box)
        room = 0 if cell is None else max(y1 - y0, x1 - x0)  # so that its neighbours are seen too
        rows, cols = slice(y0 - room, y1 + room), slice(x0 - room, x1 + room)
        self._canvas.zoom_to((slice(plane, plane + 1), rows, cols))
        if cell is not None:
            document.select([cell.id])
            self._bench.said.emit(
                f"Cell {cell.id}, {cell.change.value}: white dashed outlines are what the new model finds"
            )

    # ------------------------------------------------------------------ what to label next

    def label_next(self) -> None:
        """Goes to the image or the part of it from which there is most to learn."""
        self._prepare_next(self._segmenting.model)
        self.next.go()

    def _prepare_next(self, model: str | None) -> None:
        project = self._bench.project
        images = [project.path(entry.name) for entry in project.entries if entry.state.needs_work]
        self.next.prepare(images, model, self._bench.document)

    def _go_to(self, candidate: Candidate, region: Region | None) -> None:
        self._see(candidate.path, (candidate, region))

    def _show_candidate(self, document: Document, candidate: Candidate, region: Region | None) -> None:
        result, candidate.result = candidate.result, None
        if result is not None:
            self._bench.finder.put(document, result, self._segmenting.model)
        elif not document.objects:
            self._bench.finder.segment(self._segmenting.options, self._segmenting.model)
        if region is not None:
            y0, y1, x0, x1 = region.box
            plane = slice(region.plane, region.plane + 1)
            self._canvas.zoom_to((plane, slice(y0, y1), slice(x0, x1)))
            self._bench.said.emit("The model is least sure here. The same key goes on.")
