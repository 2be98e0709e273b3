"""Finds the cells of many images in the background: a queue that can be paused, resumed and stopped."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.tasks import work
from cellpose_gui.tasks.task_runner import Cancel, TaskRunner
from model_core.annotation.candidates import SETTING, Candidate, to_setting
from model_core.annotation.cells_connection import LockedDocumentError
from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_summary import RUN_SETTING, read_summary
from model_core.annotation.patch import Patch, StalePatchError
from model_core.errors import Cancelled, UserError
from model_core.images.image import Image
from model_core.segmentation.run_record import (
    Record,
    for_image,
    run_record,
    same_run,
    weights_digest,
    with_used,
)
from model_core.segmentation.segmentation import Segmentation

_SLOT = "segment all"
_WAIT = 0.2  # seconds between two trials for a document that is opened or closed just now
_MOST_TRIALS = 15


class Stage(Enum):
    """Where an image of a run is."""

    QUEUED = "waiting"
    RUNNING = "finding cells"
    DONE = "segmented"
    SKIPPED = "up to date"
    FAILED = "failed"


@dataclass
class Run:
    """One run over many images. The worker writes, the window reads; each field in one go."""

    options: work.Given
    model: str | None
    work_folder: Path | None
    stages: dict[Path, Stage] = field(default_factory=dict)
    errors: dict[Path, str] = field(default_factory=dict)
    queue: deque[Path] = field(default_factory=deque)
    now: Path | None = None
    fraction: float = 0.0  # of that image
    seconds: float = 0.0  # spent computing, without pauses
    computed: int = 0

    @property
    def finished(self) -> int:
        """How many images are done with, well or not."""
        return sum(stage not in (Stage.QUEUED, Stage.RUNNING) for stage in list(self.stages.values()))

    @property
    def seconds_left(self) -> float | None:
        """None until there is something to tell it by."""
        done = self.computed + self.fraction
        left = len(self.stages) - self.finished - self.fraction
        return self.seconds / done * left if done > 0.5 else None


@dataclass(frozen=True, eq=False)
class _Placing:
    """A Patch that the window shall apply to its open document; `answered` is set when it has tried."""

    document: Document
    patch: Patch | None
    record: Record
    left_out: dict[str, Any]  # as the document keeps them: made in the worker
    answered: threading.Event = field(default_factory=threading.Event)
    answer: list[str] = field(default_factory=list)  # "done", "stale", "closed" or why not


class SegmentAll(QObject):
    """The run that goes on, or the last one. Results go into documents as Patches.

    An image that is open in the window gets its result through its document, the others through their files.
    """

    began = pyqtSignal()
    changed = pyqtSignal()
    """Where the run stands; several times a second."""
    image_done = pyqtSignal(object)
    """Path of an image whose document has been written."""
    ended = pyqtSignal(str)
    """In words, what came out."""
    problem = pyqtSignal(str, object)
    _place_asked = pyqtSignal(object)

    def __init__(
        self,
        tasks: TaskRunner,
        open_document: Callable[[], Document | None],
        opening: threading.Lock,
        parent: QObject | None = None,
    ) -> None:
        """`open_document`: the one in the window, now; any thread may ask. `opening` is held while the window
        opens one: this run writes to files only while it has that lock."""
        super().__init__(parent)
        self.run = Run({}, None, None)
        self._tasks = tasks
        self._open_document = open_document
        self._opening = opening
        self._go = threading.Event()
        self._go.set()
        self._told = 0.0
        self._place_asked.connect(self._place_in_window)

    # ------------------------------------------------------------------ what the window asks for

    @property
    def running(self) -> bool:
        """Also while it is paused."""
        return self._tasks.current(_SLOT) is not None

    @property
    def paused(self) -> bool:
        return self.running and not self._go.is_set()

    def start(
        self,
        images: Iterable[Path],
        options: work.Given | None = None,
        model: str | None = None,
        work_folder: Path | None = None,
    ) -> None:
        """Segments these images; those that this model and options have segmented already are left out."""
        if self.running:
            self.add(images)
            return
        run = self.run = Run(options or {}, model, work_folder)
        self._go.set()
        self.add(images)
        if not run.queue:
            return
        self._tasks.run(
            "Segmenting all images",
            lambda progress, cancel: self._work(run, cancel),
            lambda _: self._end("Segmented"),
            slot=_SLOT,
            failed=self._fail,
            cancelled=lambda: self._end("Stopped; segmented"),
        )
        self.began.emit()
        self.changed.emit()

    def add(self, images: Iterable[Path]) -> None:
        """Puts more images at the end of the queue."""
        for path in images:
            if path not in self.run.stages:
                self.run.stages[path] = Stage.QUEUED
                self.run.queue.append(path)
        self.changed.emit()

    def pause(self) -> None:
        """Waits within the second; what is computed so far stays in memory."""
        self._go.clear()
        self.changed.emit()

    def resume(self) -> None:
        self._go.set()
        self.changed.emit()

    def stop(self) -> None:
        """Ends the run; what is written already stays."""
        self._go.set()
        task = self._tasks.current(_SLOT)
        if task is not None:
            task.cancel()

    def _end(self, how: str) -> None:
        run = self.run
        stages = list(run.stages.values())
        words = f"{how} {stages.count(Stage.DONE)} of {len(stages)} images"
        if skipped := stages.count(Stage.SKIPPED):
            words += f"; {skipped} were up to date"
        if failed := stages.count(Stage.FAILED):
            words += f"; {failed} failed"
        run.stages = {path: stage for path, stage in run.stages.items() if stage is Stage.FAILED}
        run.now = None
        self.changed.emit()
        self.ended.emit(words + ".")

    def _fail(self, error: Exception) -> None:
        self.run.stages = {p: stage for p, stage in self.run.stages.items() if stage is Stage.FAILED}
        self.run.now = None
        self.changed.emit()
        self.problem.emit("The images can't be segmented", error)

    # ------------------------------------------------------------------ in the worker

    def _work(self, run: Run, cancel: Cancel) -> None:
        from model_core.segmentation.batch import segment_images
        from model_core.segmentation.options import Options

        options = Options(**run.options).checked()
        model = work.model(run.model)
        record = run_record(getattr(model, "id", ""), weights_digest(run.model), options)
        since = time.monotonic()

        def tell(path: Path, fraction: float) -> None:
            nonlocal since
            run.seconds += time.monotonic() - since
            self._wait_for_go(cancel)
            since = time.monotonic()
            run.fraction = fraction
            if run.now != path:
                run.now = path
                run.stages[path] = Stage.RUNNING
            self._tell(since)

        for outcome in segment_images(self._needed(run, record), model, options, tell, cancel):
            self._wait_for_go(cancel)
            path, error = outcome.path, outcome.error
            if outcome.image is not None and outcome.result is not None:
                error = self._place(outcome.image, outcome.result, record, run.work_folder, cancel)
            if error:
                run.errors[path] = error
            run.stages[path] = Stage.FAILED if error else Stage.DONE
            run.computed += 1
            run.fraction = 0.0
            run.now = None
            self._tell(0.0)
            if not error:
                self.image_done.emit(path)

    def _needed(self, run: Run, record: Record) -> Iterator[Path]:
        """The images of the queue that this very run has not segmented before."""
        while run.queue:
            path = run.queue.popleft()
            document = self._open_document()
            try:
                if document is not None and document.image.path == path:
                    settings = document.settings
                else:
                    settings = read_summary(cells_path(path, run.work_folder)).settings
                if same_run(settings.get(RUN_SETTING), for_image(record, path)):
                    run.stages[path] = Stage.SKIPPED
                    continue
            except UserError:  # open elsewhere, damaged, gone: segmenting it will tell
                pass
            yield path

    def _wait_for_go(self, cancel: Cancel) -> None:
        while not self._go.wait(0.1):
            if cancel():
                raise Cancelled
        if cancel():
            raise Cancelled

    def _tell(self, now: float) -> None:
        if now == 0 or now - self._told > 0.2:
            self._told = now
            self.changed.emit()

    def _place(
        self, image: Image, result: Segmentation, record: Record, folder: Path | None, cancel: Cancel
    ) -> str:
        """Puts a result into the document of its image; why that was not possible, "" if it was."""
        from model_core.segmentation.left_out import left_out

        assert image.path is not None
        why, missed = "", left_out(result, cancel)
        for _ in range(_MOST_TRIALS):
            try:
                why = self._place_once(image, result, missed, for_image(record, image.path), folder, cancel)
            except (
                LockedDocumentError
            ) as error:  # the window opens or closes it just now, or somebody else has it
                why = str(error)
            except UserError as error:
                return str(error)
            if not why:
                return ""
            if cancel():
                raise Cancelled
            time.sleep(_WAIT)
        return why

    def _place_once(
        self,
        image: Image,
        result: Segmentation,
        left_out: list[Candidate],
        record: Record,
        folder: Path | None,
        cancel: Cancel,
    ) -> str:
        from model_core.segmentation.into_document import result_patch, write_into_document

        document = self._open_document()
        if document is None or document.image.path != image.path:
            with self._opening:
                write_into_document(image, result, record, folder, left_out)
            return ""
        placing = _Placing(
            document,
            result_patch(document.store, result),
            with_used(record, result.options),
            to_setting(left_out),
        )
        self._place_asked.emit(placing)
        while not placing.answered.wait(0.1):
            if cancel():
                raise Cancelled
        return placing.answer[0]

    # ------------------------------------------------------------------ in the window's thread

    def _place_in_window(self, placing: _Placing) -> None:
        document = placing.document
        if document.closed or document is not self._open_document():
            placing.answer.append("it was closed meanwhile")
        else:
            try:
                if placing.patch is not None:
                    document.apply(placing.patch)
                document.set_setting(SETTING, placing.left_out, make=True)
                document.set_setting(RUN_SETTING, placing.record, make=True)
                placing.answer.append("")
            except StalePatchError:
                placing.answer.append("it was edited all the time")
        placing.answered.set()
