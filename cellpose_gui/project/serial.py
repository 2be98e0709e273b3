"""Jobs in a worker, one after the other in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner

Job = Callable[[Progress, Cancel], Any]


@dataclass(frozen=True)
class _Waiting:
    title: str
    job: Job
    done: Callable[[Any], None]
    failed: Callable[[Exception], None] | None


class Serial:
    """Unlike a slot of the TaskRunner, nothing is cancelled when the next job comes."""

    def __init__(self, tasks: TaskRunner, slot: str) -> None:
        self._tasks = tasks
        self._slot = slot
        self._waiting: deque[_Waiting] = deque()

    def add(
        self,
        title: str,
        job: Job,
        done: Callable[[Any], None] = lambda result: None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Runs ``job(progress, cancel)`` after those that wait, then ``done`` or ``failed`` here."""
        self._waiting.append(_Waiting(title, job, done, failed))
        self._next()

    def clear(self) -> None:
        """Forgets the jobs that have not begun."""
        self._waiting.clear()

    @property
    def idle(self) -> bool:
        return not self._waiting and self._tasks.current(self._slot) is None

    def _next(self) -> None:
        if not self._waiting or self._tasks.current(self._slot) is not None:
            return
        job = self._waiting.popleft()

        def done(result: Any) -> None:
            job.done(result)
            self._next()

        def failed(error: Exception) -> None:
            if job.failed is not None:
                job.failed(error)
            else:
                self._tasks.failed.emit(job.title, error)
            self._next()

        self._tasks.run(job.title, job.job, done, slot=self._slot, failed=failed, cancelled=self._next)
