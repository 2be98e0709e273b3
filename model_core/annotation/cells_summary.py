"""What a folder needs to know of a document, read from its file without labels and history."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from model_core.annotation.cells_connection import connect, sqlite_errors
from model_core.annotation.cells_file import FINISHED, CellsFile
from model_core.annotation.cells_schema import DamagedDocumentError, check_format, is_empty
from model_core.annotation.model_patch import MODEL_STEP
from model_core.annotation.object_rows import by_hand, no_rows, read_rows, with_review
from model_core.annotation.objects import Review
from model_core.images.readers import read_image

STATE_SETTING, NOTE_SETTING, RUN_SETTING = "state", "note", "segmented by"  # in a document's settings


class ImageState(str, Enum):
    """How far the work on an image is; the texts are for people too."""

    NEW = "new"
    SEGMENTED = "segmented"
    IN_REVIEW = "in review"
    DONE = "done"
    EXCLUDED = "excluded"

    @property
    def needs_work(self) -> bool:
        return self not in (ImageState.DONE, ImageState.EXCLUDED)


DECIDED = (ImageState.DONE, ImageState.EXCLUDED)  # a person says so; the others follow from the work


def state_of_work(rows: np.ndarray, last: str | None, begun: bool = False) -> ImageState:
    """How far the work is by the objects and the last step that is done, None without any.

    What follows a run is a person's work, be it that cells were deleted and no other one tells of it.
    `begun`: a model looked at the image, be it without finding a cell.
    """
    touched = ~with_review(rows, Review.UNREVIEWED) | by_hand(rows) | rows["locked"]
    if touched.any() or (last is not None and not last.startswith(MODEL_STEP)):
        return ImageState.IN_REVIEW
    return ImageState.NEW if last is None and not begun else ImageState.SEGMENTED


@dataclass(frozen=True, eq=False)
class Summary:
    """A document in short. `rows` has the dtype OBJECT by rising ID; their classes index `class_names`.

    image: the name of the image file when the document was begun; "" when there is no document.
    last: the text of the last step that is done, None without any. shape: (Z, Y, X) of the image.
    """

    rows: np.ndarray = field(default_factory=no_rows)
    class_names: list[str] = field(default_factory=lambda: [""])
    settings: Mapping[str, Any] = field(default_factory=dict)
    last: str | None = None
    image: str = ""
    shape: tuple[int, int, int] = (0, 0, 0)

    @property
    def state(self) -> ImageState:
        """What a person said, or else what has been done."""
        said = self.settings.get(STATE_SETTING)
        if said in [state.value for state in DECIDED]:
            return ImageState(said)
        if self.settings.get(FINISHED):
            return ImageState.IN_REVIEW
        return state_of_work(self.rows, self.last, bool(self.settings.get(RUN_SETTING)))

    @property
    def note(self) -> str:
        """What a person wrote about the image."""
        note = self.settings.get(NOTE_SETTING)
        return note if isinstance(note, str) else ""


def read_summary(path: Path) -> Summary:
    """The summary of a .cells file; of an image without one, an empty one.

    Trusts nothing, but doesn't compare records with labels: opening the document does. Raises
    LockedDocumentError while somebody has it open, DamagedDocumentError, UserError.
    """
    if not path.exists():
        return Summary()
    with sqlite_errors(path):
        connection = _open(path)
        try:
            if is_empty(connection):
                return Summary()
            check_format(connection, path)
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            stored = connection.execute("SELECT key, value FROM settings").fetchall()
            settings = {str(key): json.loads(value) for key, value in stored}
            rows, class_names = read_rows(connection)
            z, y, x = map(int, json.loads(meta["shape"]))
            last = connection.execute("SELECT text FROM patches WHERE step = ?", (int(meta["position"]),))
            text = next((str(text) for (text,) in last), None)
            return Summary(rows, class_names, settings, text, str(meta["image"]), (z, y, x))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise DamagedDocumentError(f"{path} is damaged: {error}.") from error
        finally:
            connection.close()


def write_settings(path: Path, image: Path, values: Mapping[str, Any]) -> None:
    """Put settings into the document of an image that nobody has open; makes it if there is none.

    Raises UserError: LockedDocumentError, DamagedDocumentError, ReadOnlyFolderError, or why the image that a
    new document would be for can't be read.
    """
    summary = read_summary(path)
    shape = summary.shape if summary.image else read_image(image).shape[1:]
    file = CellsFile(path, image, shape)
    try:
        for key, value in values.items():
            file.write_setting(key, json.dumps(value), make=True)
    finally:
        file.close()


def _open(path: Path) -> sqlite3.Connection:
    """The file alone for us for a moment; where nothing can be written, nobody else can change it either."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return connect(path, timeout=0)
    uri = f"{path.absolute().as_uri()}?immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection
