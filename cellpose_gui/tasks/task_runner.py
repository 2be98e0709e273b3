"""Everything that takes longer than a frame runs here, one QThread a task."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, QThread, pyqtSignal

from model_core.errors import Cancelled

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]
Cancel = Callable[[], bool]
Work = Callable[[Progress, Cancel], Any]


class Task(QThread):
    """One piece of work. ``work(progress, cancel)`` runs in the thread and calls nothing of the window.

    ``progress(fraction, text)`` may be called as often as it likes: the signal goes out 20 times a second
    at most. ``cancel()`` says whether to stop; then the work raises `Cancelled`.
    """

    progressed = pyqtSignal(float, str)
    succeeded = pyqtSignal(object)
    failed = pyqtSignal(object)  # the exception
    stopping = pyqtSignal()  # it was asked to stop and has not yet
    cancelled = pyqtSignal()

    def __init__(
        self,
        title: str,
        work: Work,
        parent: QObject | None = None,
        dropped: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.dropped = dropped or (lambda result: None)
        self.started_at = time.monotonic()
        self._work = work
        self._stop = False
        self._told = 0.0

    def cancel(self) -> None:
        """Asks the work to stop; `cancelled` follows when it has."""
        if not self._stop:
            self._stop = True
            self.stopping.emit()

    def run(self) -> None:
        try:
            result = self._work(self._report, lambda: self._stop)
        except Cancelled:
            self.cancelled.emit()
        except Exception as error:
            log.info("%s failed", self.title, exc_info=True)
            self.failed.emit(error)
        else:
            if self._stop:
                self.dropped(result)
                self.cancelled.emit()
            else:
                self.succeeded.emit(result)

    def _report(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if now - self._told > 0.05 or fraction >= 1:
            self._told = now
            self.progressed.emit(fraction, text)


class TaskRunner(QObject):
    """Starts tasks and hands their results to the window, in the window's thread.

    Each task has a slot. A new task in a slot cancels the one before, whose result is dropped even if it
    had been ready already: nothing stale arrives.
    """

    started = pyqtSignal(object)  # the Task
    ended = pyqtSignal(object)  # the Task, however it ended
    failed = pyqtSignal(str, object)  # title of the task and the exception, unless the starter took it

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._current: dict[str, Task] = {}
        self._running: set[Task] = set()

    def run(
        self,
        title: str,
        work: Work,
        done: Callable[[Any], None],
        *,
        slot: str,
        failed: Callable[[Exception], None] | None = None,
        cancelled: Callable[[], None] | None = None,
        dropped: Callable[[Any], None] | None = None,
    ) -> Task:
        """Runs ``work`` in a thread, then ``done``, ``failed`` or ``cancelled`` in this one.

        ``dropped`` gets, in either thread, a result that nobody wants any more, to close it.
        """
        self.cancel(slot)
        task = Task(title, work, self, dropped)
        self._current[slot] = task
        self._running.add(task)

        def if_current(
            then: Callable[..., None], otherwise: Callable[..., None] = lambda *_: None
        ) -> Callable[..., None]:
            def call(*arguments: Any) -> None:
                if self._current.get(slot) is task:
                    del self._current[slot]
                    then(*arguments)
                else:
                    otherwise(*arguments)

            return call

        task.succeeded.connect(if_current(done, task.dropped))
        task.failed.connect(if_current(failed or (lambda error: self.failed.emit(title, error))))
        task.cancelled.connect(if_current(cancelled or (lambda: None)))
        task.finished.connect(lambda: self._finish(task))
        self.started.emit(task)
        task.start()
        return task

    def cancel(self, slot: str) -> None:
        """Stops the task in a slot, if there is one; whatever it still says is dropped."""
        task = self._current.pop(slot, None)
        if task is not None:
            task.cancel()

    def current(self, slot: str) -> Task | None:
        """The task in a slot while it runs."""
        return self._current.get(slot)

    @property
    def busy(self) -> bool:
        """Whether a thread runs, be its result still wanted or not."""
        return any(task.isRunning() for task in self._running)

    def stop_all(self, milliseconds: int = 5000) -> bool:
        """Cancels everything and waits; False if something did not stop in time."""
        for slot in list(self._current):
            self.cancel(slot)
        deadline = time.monotonic() + milliseconds / 1000
        ended = [task.wait(max(1, int(1000 * (deadline - time.monotonic())))) for task in list(self._running)]
        return all(ended)

    def _finish(self, task: Task) -> None:
        self._running.discard(task)
        self.ended.emit(task)
        task.deleteLater()
