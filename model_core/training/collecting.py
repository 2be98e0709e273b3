"""The labelled images of a folder, whoever labelled them.

An image counts by the first of these that lies beside it:

- ``NAME.cells``, a document of this program: its reviewed cells and finished regions;
- ``NAME_seg.npy``, ``NAME_masks.tif`` or ``.png``, ``NAME_cp_masks.png`` or ``.tif`` as Cellpose writes
  them, and pairs ``NAME_img.*`` with ``NAME_masks.*``: everything in them, for nothing says who reviewed
  what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model_core.training.reviewed import ReviewedImage


@dataclass(frozen=True)
class Collected:
    """images: those with anything to learn from, sorted by path. problems: a sentence for each file that
    could not be used, and why; the others are not affected."""

    images: Sequence[ReviewedImage]
    problems: Sequence[str] = ()

    @property
    def cells(self) -> int:
        """How many cells a person vouches for."""
        return sum(image.cells for image in self.images)


def collect_reviewed(
    folder: Path,
    opened: Mapping[Path, ReviewedImage | None] | None = None,
    report: Callable[[int, int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Collected:
    """The reviewed images of a folder (not of folders in it). For a worker: it reads every document.

    Args:
        folder: of images.
        opened: by path of the image, what `reviewed_image` makes of the documents that are open in the
            window, whose files are locked; they are taken instead of the files.
        report: called with the number of images looked at, and of all.

    Raises:
        UserError: there is no such folder. Cancelled: ``cancel`` said so.
    """
    raise NotImplementedError
