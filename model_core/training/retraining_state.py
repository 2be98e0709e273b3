"""What a retraining keeps on disk, so that a crash or a power cut loses nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.models.registry import user_folder

_NOTES, _LOCK = "retraining.json", "lock"
LAST, BEST = "last.safetensors", "best.safetensors"


@dataclass(frozen=True)
class Interrupted:
    """A retraining that did not come to its end: a crash, a power cut, or the program was closed.

    name: of the new model. start: the model it began with, a name or a file; "" for the bundled one. date:
    ISO 8601, when it was last stored. seconds: of activity so far, of ``minutes`` at most. ap_before,
    ap_best: on held-out cells, None if not measured.
    """

    name: str
    start: str
    date: str
    minutes: float
    seconds: float
    ap_before: float | None
    ap_best: float | None


def work_folder(folder: Path) -> Path:
    """Where the state of a retraining on the images of ``folder`` is kept: in the user's data folder."""
    name = hashlib.sha256(str(folder.resolve()).encode(errors="surrogateescape")).hexdigest()[:16]
    return user_folder().parent / "retraining" / name


def interrupted(work: Path) -> Interrupted | None:
    """The retraining that was interrupted there, to offer to resume it; None if there is none."""
    try:
        values = json.loads((work / _NOTES).read_text(encoding="utf-8"))
        return _checked(Interrupted(**values))
    except (OSError, ValueError, TypeError):  # none, or nothing that could be resumed
        return None


def _checked(notes: Interrupted) -> Interrupted:
    words = (notes.name, notes.start, notes.date)
    numbers = (notes.minutes, notes.seconds)
    scores = [score for score in (notes.ap_before, notes.ap_best) if score is not None]
    if not all(type(word) is str for word in words):
        raise ValueError("something that should be text is not")
    if not all(type(number) in (int, float) and number >= 0 for number in (*numbers, *scores)):
        raise ValueError("something that should be a number is not")
    return notes


def note(work: Path, notes: Interrupted) -> None:
    """UserError if the disk refuses."""
    with write_atomically(work / _NOTES) as temporary:
        temporary.write_text(json.dumps(asdict(notes)), encoding="utf-8")


def discard(work: Path) -> None:
    """Forgets the state on disk: after the result was saved, or when the person decides against it."""
    for name in (_NOTES, LAST, BEST, Path(LAST).with_suffix(".resume").name):
        (work / name).unlink(missing_ok=True)


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """While this lasts nobody else trains there.

    Raises:
        UserError: somebody does already, or the folder cannot be made.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = FileLock(work / _LOCK, timeout=0)
        lock.acquire()
    except OSError as error:  # Timeout is one too
        if not isinstance(error, Timeout):
            raise UserError(f"{work} could not be made: {plain_reason(error)}.") from error
        raise UserError(
            "A retraining on these images is running already, here or in another window. Wait for its "
            "end, or stop it."
        ) from None
    try:
        yield
    finally:
        lock.release()
