"""Carries out operations on the cells of a document: small ones at once, large ones in a worker."""

from __future__ import annotations

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.annotation.boxes import around
from model_core.annotation.label_store import LabelStore
from model_core.annotation.patch import StalePatchError, box_shape
from model_core.annotation.proposal import Copied, Operation, Proposal, no_tick
from model_core.errors import Cancelled

_MOST_PIXELS = 300_000  # in the box of what is changed; more takes longer than a frame
_MOST_OBJECTS = 30
_MOST_TRIALS = 3  # while somebody draws faster than the worker computes


def is_small(document: Document, ids: frozenset[int] | set[int]) -> bool:
    """Whether an operation on these objects may run in the thread of the window."""
    if len(ids) > _MOST_OBJECTS:
        return False
    records = [document.objects[id_] for id_ in ids if id_ in document.objects]
    if not records:
        return True
    depth, height, width = box_shape(around(records))
    return depth * height * width <= _MOST_PIXELS


class Changes(QObject):
    """One operation at a time in the worker; another one waits for nothing and is refused."""

    said = pyqtSignal(str)

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks

    @property
    def working(self) -> bool:
        """Whether a worker computes a change."""
        return self._tasks.current(_SLOT) is not None

    def carry_out(
        self, document: Document, operation: Operation, title: str = "", at_once: bool = True
    ) -> None:
        """Apply what the operation proposes as one step, select and tell what it says.

        With `at_once` here and now, otherwise in a worker under `title`: the labels may be edited
        meanwhile, the operation is then computed again.
        """
        if at_once:
            self._apply(document, operation(document.store, no_tick))
        elif self.working:
            self.said.emit("Wait until the change that is being made is done, or cancel it")
        else:
            self._start(document, operation, title, _MOST_TRIALS)

    def _start(self, document: Document, operation: Operation, title: str, trials: int) -> None:
        def work(progress: Progress, cancel: Cancel) -> Proposal:
            def tick(fraction: float) -> None:
                if cancel():
                    raise Cancelled
                progress(fraction, title)

            return operation(_copied(document.store), tick)

        def done(proposal: Proposal) -> None:
            if document.closed:
                return
            try:
                self._apply(document, proposal)
            except StalePatchError as error:
                failed(error)

        def failed(error: Exception) -> None:
            if not isinstance(error, StalePatchError):
                self._tasks.failed.emit(title, error)
            elif trials > 1:
                self._start(document, operation, title, trials - 1)
            else:
                self.said.emit(f"{title}: not done, because the cells were changed meanwhile")

        cancelled = "Cancelled; nothing was changed."
        self._tasks.run(
            title, work, done, slot=_SLOT, failed=failed, cancelled=lambda: self.said.emit(cancelled)
        )

    def _apply(self, document: Document, proposal: Proposal) -> None:
        if proposal.patch is not None:
            document.apply(proposal.patch)
        if proposal.selected is not None:
            document.select(proposal.selected)
        self.said.emit(proposal.said)


_SLOT = "change cells"


def _copied(store: LabelStore) -> Copied:
    return Copied(store.labels.copy(), store.objects.snapshot(), store.reserve_ids)
