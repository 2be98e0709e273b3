"""The thread that writes a document, so that the window never waits for the disk."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from model_core.annotation.cells_file import CellsFile, Change, Whole
from model_core.annotation.history import History
from model_core.errors import UserError

log = logging.getLogger(__name__)


class SaveState(Enum):
    """Where the writer stands."""

    SAVED = "saved"
    SAVING = "saving"
    FAILED = "failed"


@dataclass(frozen=True, eq=False, slots=True)
class _Job:
    run: Callable[[], None]
    lasting: bool  # tried again after a failure, or given up


class CellsWriter:
    """Takes jobs from one thread and writes them in order in another, one transaction each.

    A change that can't be written stays first in the line, with all that follow, and is tried again
    at the next change, `retry` or `flush`: nothing is dropped. `listener` is called, from any thread,
    whenever `state` may have changed.
    """

    def __init__(self, file: CellsFile, history: History, listener: Callable[[], None]) -> None:
        self._file = file
        self._history = history
        self._listener = listener
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._failure: str | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"save {file.path.name}", daemon=True)
        self._thread.start()

    @property
    def state(self) -> SaveState:
        """Whether everything is on disk."""
        with self._changed:
            if self._failure is not None:
                return SaveState.FAILED
            return SaveState.SAVING if self._jobs else SaveState.SAVED

    @property
    def failure(self) -> str | None:
        """Why the last attempt failed, None while all is well."""
        return self._failure

    @property
    def path(self) -> Path:
        """Where the document is written."""
        return self._file.path

    def put(self, change: Change) -> None:
        """Have one step written."""
        self._add(_Job(lambda: self._file.write(change), lasting=True))

    def put_setting(self, key: str, value: Any, make: bool = False) -> None:
        """Have a setting written, see `CellsFile.write_setting`.

        Raises TypeError or ValueError, here and now, for what JSON can't hold.
        """
        text = json.dumps(value)
        self._add(_Job(lambda: self._file.write_setting(key, text, make), lasting=True))

    def move(self, path: Path) -> None:
        """Go on in another place, taking along what is pending; given up if it can't be done at once."""
        self._add(_Job(lambda: self._file.move(path), lasting=False), first=True)

    @property
    def lost(self) -> bool:
        """Whether another program has written over the file, so that all has to be written anew."""
        return self._file.lost

    def write_whole(self, whole: Whole) -> None:
        """Have the file made anew; what was pending is part of it."""
        with self._changed:
            self._jobs.clear()
        self._add(_Job(lambda: self._file.write_whole(whole), lasting=True))

    def retry(self) -> None:
        """Try again to write what is pending."""
        with self._changed:
            self._failure = None
            self._changed.notify_all()
        self._listener()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything is on disk; False if it can't be written now or `timeout` seconds passed."""
        self.retry()
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs or self._failure is not None, timeout)
            return not self._jobs

    def close(self, discard: bool = False) -> bool:
        """Write what is pending and close the file; False, and still open, if it can't without `discard`."""
        self._add(_Job(self._file.check_before_closing, lasting=True))
        if not self.flush() and not discard:
            return False
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._file.close()
        return True

    def _add(self, job: _Job, first: bool = False) -> None:
        with self._changed:
            if self._closing:
                raise RuntimeError("the document is closed")
            if first:
                self._jobs.appendleft(job)
            else:
                self._jobs.append(job)
            self._failure = None
            self._changed.notify_all()
        self._listener()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or (self._jobs and self._failure is None))
                if self._closing:
                    return
                job = self._jobs[0]
            failure = self._attempt(job)
            with self._changed:
                if failure is None or not job.lasting:
                    self._jobs.remove(job)  # a move may stand before it by now
                self._failure = failure
                idle = not self._jobs
                self._changed.notify_all()
            self._listener()
            if idle:
                self._history.tidy()

    def _attempt(self, job: _Job) -> str | None:
        """The reason why it failed, None if all is well."""
        try:
            job.run()
        except UserError as error:
            return str(error)
        except Exception as error:  # the thread must live on, or later work would be lost silently
            log.exception("writing %s failed", self._file.path)
            return f"{self._file.path} could not be saved, through a fault of this program: {error!r}."
        return None
