"""Many images one after the other; the next ones are read while one is computed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from model_core.errors import Cancelled, UserError
from model_core.images.image import Image
from model_core.images.readers import read_image
from model_core.models.model import Model
from model_core.segmentation import segmenter
from model_core.segmentation.options import Options
from model_core.segmentation.segmentation import Segmentation

log = logging.getLogger(__name__)

_AHEAD = 2  # images in memory besides the one that is computed
_PIECE, _MOST_WARMED = 1 << 24, 1 << 30  # bytes


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one image: `image` and `result`, or a sentence why not in `error`."""

    path: Path
    image: Image | None = None
    result: Segmentation | None = None
    error: str = ""


def segment_images(
    paths: Iterable[Path],
    model: Model,
    options: Options,
    progress: Callable[[Path, float], None] = lambda path, fraction: None,
    cancel: Callable[[], bool] | None = None,
) -> Iterator[Outcome]:
    """Segments images in their order and gives each as soon as it is done.

    A file that can't be read or segmented gives its error and the rest goes on. `paths` is asked for two
    images ahead, so it may still grow. `progress` tells the fraction done of one image; a caller that wants
    to pause may wait in it. Raises Cancelled when `cancel` says so.
    """
    waiting: deque[tuple[Path, Future[Image]]] = deque()
    upcoming = iter(paths)
    with ThreadPoolExecutor(_AHEAD, "read ahead") as readers:
        try:
            while True:
                while len(waiting) <= _AHEAD and (path := next(upcoming, None)) is not None:
                    waiting.append((path, readers.submit(_read, path)))
                if not waiting:
                    return
                path, reading = waiting.popleft()
                yield _segment(path, reading, model, options, progress, cancel)
        finally:
            readers.shutdown(wait=False, cancel_futures=True)


def _segment(
    path: Path,
    reading: Future[Image],
    model: Model,
    options: Options,
    progress: Callable[[Path, float], None],
    cancel: Callable[[], bool] | None,
) -> Outcome:
    def told(fraction: float, _: str) -> None:
        progress(path, fraction)

    try:
        image = reading.result()
        result = segmenter.segment(image, model, progress=told, cancel=cancel, **vars(options))
        return Outcome(path, image, result)
    except Cancelled:
        raise
    except UserError as error:
        return Outcome(path, error=str(error))
    except MemoryError:
        return Outcome(path, error=f"“{path}” does not fit into the memory of this computer.")
    except Exception as error:  # one image must not cost the others; the log has the details
        log.exception("%s could not be segmented", path)
        return Outcome(path, error=f"“{path}” failed through a fault of this program: {error!r}.")


def _read(path: Path) -> Image:
    with suppress(OSError):  # reading says why in words
        _warm(path)
    return read_image(path)


def _warm(path: Path) -> None:
    """Brings a file into the system's cache: what is mapped or read piece by piece waits for no disk then."""
    if path.is_file():
        left = _MOST_WARMED
        with path.open("rb") as file:
            while left > 0 and (piece := file.read(_PIECE)):
                left -= len(piece)
