"""One computation at a time in a thread; only the newest answer arrives."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QCoreApplication, QObject, QThreadPool, pyqtSignal

Compute = Callable[[Callable[[], bool]], object]


class _Job(QObject):
    arrived = pyqtSignal(object, object, object)  # this job, its result, its exception

    def __init__(self, compute: Compute) -> None:
        super().__init__()
        self.cancelled = False
        self._compute = compute

    def run(self) -> None:
        result, error = None, None
        try:
            result = self._compute(lambda: self.cancelled)
        except Exception as caught:  # raised again in the thread of the window
            error = caught
        if not self.cancelled:
            self.arrived.emit(self, result, error)


class Background(QObject):
    """Runs `compute(cancelled)` in the thread pool and hands the result to `done` in the thread of the
    window.

    A new start cancels the job before it, whose answer is dropped. An exception of the job is raised in the
    thread of the window.
    """

    def __init__(self, done: Callable[[object], None], pool: QThreadPool | None = None) -> None:
        """`pool`: of whose threads one is taken; None: that of the program, which others use too."""
        super().__init__()
        self._done = done
        self._pool = pool
        self._job: _Job | None = None
        application = QCoreApplication.instance()
        assert application is not None
        application.aboutToQuit.connect(self.cancel)

    @property
    def busy(self) -> bool:
        return self._job is not None

    def start(self, compute: Compute) -> None:
        self.cancel()
        self._job = _Job(compute)
        self._job.arrived.connect(self._receive)
        pool = self._pool or QThreadPool.globalInstance()
        assert pool is not None
        pool.start(self._job.run)

    def cancel(self) -> None:
        if self._job is not None:
            self._job.cancelled = True
            self._job = None

    def _receive(self, job: _Job, result: object, error: Exception | None) -> None:
        if job is not self._job:
            return
        self._job = None
        if error is not None:
            raise error
        self._done(result)
