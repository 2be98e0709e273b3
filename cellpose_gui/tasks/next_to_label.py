"""Which image and which part of it to label next, found and segmented in the background."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.tasks import retrain_work, work
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.errors import Cancelled, UserError
from model_core.images.readers import read_image

if TYPE_CHECKING:
    from model_core.segmentation.segmentation import Segmentation
    from model_core.training.next_to_label import Interest, Region

TITLE = "Looking for what to label next"
_AHEAD = 40  # images that are looked at, spread over the folder
_ENOUGH = 2  # images that have been looked at when the best of them is shown
_KEPT = 4  # segmentations that are held in memory, those of the most interesting images
_REGIONS = 3  # of an image that are gone through before the next image


@dataclass(eq=False)
class Candidate:
    """An image that was looked at; the segmentation is let go where better ones need the memory."""

    path: Path
    interest: Interest
    result: Segmentation | None


class NextToLabel(QObject):
    """Ranks the images of a folder by how much there is to learn from them."""

    go_to = pyqtSignal(object, object)  # Candidate, Region or None for the whole image
    said = pyqtSignal(str)
    problem = pyqtSignal(str, object)
    _found = pyqtSignal(object)  # Candidate, from the thread

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._for: tuple[Path, str | None] | None = None  # the folder and the model of what is known
        self._candidates: list[Candidate] = []
        self._gone: set[Path] = set()  # images that were shown
        self._regions: list[tuple[Candidate, Region]] = []  # of the image that was shown last
        self._waiting = False  # somebody wants to go to the next one as soon as there is one
        self._found.connect(self._take)

    def forget(self) -> None:
        """Another model is in use, or another folder: what was found counts no more."""
        self._tasks.cancel("next")
        self._for, self._candidates, self._regions, self._gone = None, [], [], set()
        self._waiting = False

    def prepare(self, images: list[Path], model: str | None, document: Document | None) -> None:
        """Begins to look at the images of a folder, unless that is done or on its way."""
        if not images or self._for == (images[0].parent, model):
            return
        self.forget()
        self._for = images[0].parent, model
        here = None if document is None else document.image.path

        def look(progress: Progress, cancel: Cancel) -> None:
            found = retrain_work.collect(images[0].parent, document, cancel=cancel)
            finished = {image.path for image in found.images if image.complete}
            left = [path for path in images if path not in finished and path != here]
            picked = left[:: max(1, len(left) // _AHEAD)][:_AHEAD]
            for number, path in enumerate(picked):
                progress(number / len(picked), TITLE)
                if (candidate := _look_at(path, model, cancel)) is not None:
                    self._found.emit(candidate)

        self._tasks.run(
            TITLE,
            look,
            lambda _: self._all_seen(),
            slot="next",
            failed=lambda error: self._failed(error),
            cancelled=self._stopped,
        )

    def go(self) -> None:
        """Goes to the next region, or to the next image where all of the last one were shown."""
        if self._regions:
            self.go_to.emit(*self._regions.pop(0))
            return
        left = [candidate for candidate in self._candidates if candidate.path not in self._gone]
        looking = self._tasks.current("next") is not None
        if looking and len(left) < _ENOUGH:
            self._waiting = True
            self.said.emit("The other images are being looked at; the one to label next comes up by itself.")
        elif not left:
            self.said.emit("There is no other image in this folder that needs labels.")
        else:
            best = max(left, key=lambda candidate: candidate.interest.score)
            self._gone.add(best.path)
            regions = list(best.interest.regions[:_REGIONS])
            self._regions = [(best, region) for region in regions[1:]]
            self.go_to.emit(best, regions[0] if regions else None)

    def _take(self, candidate: Candidate) -> None:
        self._candidates.append(candidate)
        wanted = sorted(
            (c for c in self._candidates if c.path not in self._gone), key=lambda c: -c.interest.score
        )
        for unwanted in wanted[_KEPT:]:
            unwanted.result = None
        if self._waiting and len(wanted) >= _ENOUGH:
            self._waiting = False
            self.go()

    def _all_seen(self) -> None:
        if self._waiting:
            self._waiting = False
            self.go()

    def _stopped(self) -> None:
        self._for, self._waiting = None, False

    def _failed(self, error: Exception) -> None:
        self._stopped()
        self.problem.emit(TITLE, error)


def _look_at(path: Path, model_name: str | None, cancel: Cancel) -> Candidate | None:
    """Segments an image; None for one that cannot be read, which is seen when somebody opens it."""
    from model_core.segmentation.segmenter import segment
    from model_core.training.next_to_label import interest

    if cancel():
        raise Cancelled
    try:
        image = read_image(path)
        model = work.model(model_name)
        result = segment(image, model, cancel=cancel)
    except UserError:
        return None
    return Candidate(path, interest(model, np.asarray(image.pixels), result), result)
