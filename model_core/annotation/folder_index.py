"""The index of a folder: every image with its state and counts, every object with its record, at once.

A cache: all of it stands in the documents, and it is made again from them when it is missing or
damaged. It lies in the folder (see index_file.py) and holds names only, so that a folder which was moved is
the same as before.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from model_core.annotation.cells_connection import LockedDocumentError
from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_summary import DECIDED, ImageState, Summary, read_summary, state_of_work
from model_core.annotation.index_file import IndexFile, Stored
from model_core.annotation.object_rows import (
    OBJECT,
    by_hand,
    changed_rows,
    check_rows,
    no_rows,
    recoded,
    with_review,
)
from model_core.annotation.objects import Review
from model_core.annotation.patch import RecordChanges
from model_core.errors import Cancelled, UserError
from model_core.formats.folder import files_in, natural
from model_core.images.readers import is_image_file

_LIVE = "open"  # the stamp of a document that changes all the time: no file has it
_AT_ONCE = 64  # documents read from one save to the next


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One image of the folder. Areas in pixels, confidence 0..1; None without cells that have one.

    number: what its objects have in the column `image`; only for this run of the program.
    image_stamp, document_stamp: change whenever the file does.
    error: why its document can't be used, "" if all is well.
    elsewhere: somebody else has its document open; what is told of it may be old.
    """

    name: str
    number: int
    image_stamp: str
    document_stamp: str
    bytes: int = 0
    modified: float = 0.0  # the image, seconds since 1970
    state: ImageState = ImageState.NEW
    note: str = ""
    error: str = ""
    elsewhere: bool = False
    cells: int = 0
    accepted: int = 0
    rejected: int = 0
    by_hand: int = 0
    confidence: float | None = None  # mean
    area: float | None = None  # median


class FolderIndex:
    """Images and objects of a folder.

    Opening gives what was known the last time; `look` brings it up to date with the files, and `put` and
    `apply` with documents that this program has open. Any thread may call it; opening and `look` take a
    worker's time. Arrays that it gives are never changed afterwards: ask again to learn what is new.
    """

    def __init__(self, folder: Path, work_folder: Path | None = None) -> None:
        """`work_folder`: where the documents lie, if not beside the images."""
        self.folder = folder
        self.work_folder = work_folder
        self.class_names = [""]  # what the column `class` counts; only ever grows at its end
        self.file = IndexFile(folder)
        self._lock = threading.RLock()
        self._names: list[str] = []  # by number
        self._entries: dict[str, ImageEntry] = {}
        self._rows: dict[str, np.ndarray] = {}
        self._all: np.ndarray | None = None
        self._load()

    @property
    def entries(self) -> list[ImageEntry]:
        """The images, in natural order once `look` has run; a list of its own."""
        with self._lock:
            return list(self._entries.values())

    def entry(self, name: str) -> ImageEntry | None:
        """The image of this file name."""
        return self._entries.get(name)

    def image_path(self, number: int) -> Path:
        """The image that objects have as `image`. Raises IndexError."""
        return self.folder / self._names[number]

    def document_path(self, name: str) -> Path:
        """Where the document of an image lies, or would."""
        return cells_path(self.folder / name, self.work_folder)

    def stamp(self, name: str) -> str:
        """Changes whenever the image or its document does, as they are on disk now; "" without both."""
        document = self.document_path(name)
        try:
            files = ((self.folder / name).stat(), document.stat())
        except OSError:
            return ""
        with suppress(OSError):
            return _stamp(*files, document.with_name(f"{document.name}-wal").stat())
        return _stamp(*files)

    def rows(self, name: str) -> np.ndarray:
        """The objects of one image, dtype OBJECT, by rising ID."""
        with self._lock:
            return self._rows.get(name, no_rows())

    def objects(self) -> np.ndarray:
        """All objects, dtype OBJECT, image by image. After a change 0.1 s for a million, else at once."""
        with self._lock:
            parts, known = self._rows.copy(), self._all
        if known is not None:
            return known
        rows = np.concatenate([no_rows(), *parts.values()])  # takes long: others may go on meanwhile
        with self._lock:
            if all(self._rows.get(name) is part for name, part in parts.items()) and len(parts) == len(
                self._rows
            ):
                self._take_all(rows, {name: len(part) for name, part in parts.items()})
        return rows

    # ------------------------------------------------------------------ keeping up

    def look(
        self,
        progress: Callable[[float], None] = lambda fraction: None,
        cancel: Callable[[], bool] = lambda: False,
        live: Collection[str] = (),
    ) -> bool:
        """Bring everything up to date with the files; True if anything has changed.

        Only documents that have changed are read. `live` names the images whose documents this program has
        open: their files are left alone. Raises UserError when the folder can't be listed, Cancelled; what
        was read till then is kept.
        """
        files = files_in(self.folder)
        documents = files if self.work_folder is None else files_in(self.work_folder)
        images = [name for name in files if is_image_file(Path(name))]
        gone = set(self._entries).difference(images)
        stale = []
        for name in images:
            document = self.document_path(name).name
            stamp = _stamp(documents.get(document), documents.get(f"{document}-wal"))
            found = self._found(name, files[name], stamp)
            known = self._entries.get(name)
            if known is None or not _same_files(known, found):
                stale.append(found)
        self._save([], gone)
        changed = bool(gone)
        for at in range(0, len(stale), _AT_ONCE):
            if cancel():
                raise Cancelled
            some = stale[at : at + _AT_ONCE]
            for found in some:
                changed |= self._read(found, found.name in live)
            self._save([found.name for found in some], set())
            progress(min(1.0, (at + _AT_ONCE) / len(stale)))
        with self._lock:
            changed |= list(self._entries) != images
            self._entries = {name: self._entries[name] for name in images}
        return changed

    def put(self, name: str, summary: Summary) -> None:
        """The document of an image as it is in memory, where it runs ahead of its file."""
        with self._lock:
            if (known := self._entries.get(name)) is not None:
                self._keep(replace(known, document_stamp=_LIVE, error="", elsewhere=False), summary)

    def apply(self, name: str, changes: RecordChanges, last: str | None) -> None:
        """What a Patch changed in a document that was `put`; `last`: the text of its last step now.

        Takes as long as copying the rows of that image.
        """
        with self._lock:
            if (known := self._entries.get(name)) is not None:
                rows = changed_rows(self._rows[name], changes, self.class_names)
                decided = known.state in DECIDED
                state = known.state if decided else state_of_work(rows, last)
                self._keep_rows(_counted(replace(known, state=state), rows), rows)

    def claim(self) -> bool:
        """Try again to have the folder for oneself; False while somebody else still has it open."""
        if not self.file.other_user:
            return True
        file = IndexFile(self.folder)
        if file.other_user:
            file.close()
            return False
        file, self.file = self.file, file
        file.close()
        self._save([entry.name for entry in self.entries], set())
        return True

    def close(self) -> None:
        """Give the folder free."""
        self.file.close()

    def _found(self, name: str, stat: os.stat_result, document_stamp: str) -> ImageEntry:
        with self._lock:
            known = self._entries.get(name)
            number = known.number if known is not None else len(self._names)
            if known is None:
                self._names.append(name)
            return ImageEntry(name, number, _stamp(stat), document_stamp, stat.st_size, stat.st_mtime)

    def _read(self, found: ImageEntry, live: bool) -> bool:
        """Take one image over; False if nothing is known of it that was not known before."""
        known = self._entries.get(found.name)
        path = self.document_path(found.name)
        old = replace(found, document_stamp=_LIVE) if known is None else known
        old = replace(old, image_stamp=found.image_stamp, bytes=found.bytes, modified=found.modified)
        try:
            if live:
                raise LockedDocumentError(f"{path} is open here")
            summary = read_summary(path)
        except LockedDocumentError:
            self._keep_rows(replace(old, elsewhere=not live), self.rows(found.name))
            return known != self._entries[found.name]
        except UserError as error:
            self._keep(replace(found, error=str(error)), Summary())
            return True
        if summary.image and Path(summary.image).suffix.lower() != Path(found.name).suffix.lower():
            twins = f"{path.name} holds the cells of “{summary.image}”. Give one of the two another name."
            found, summary = replace(found, error=twins), Summary()
        self._keep(found, summary)
        return True

    def _keep(self, entry: ImageEntry, summary: Summary) -> None:
        with self._lock:
            rows = recoded(summary.rows, summary.class_names, self.class_names)
            entry = replace(entry, state=summary.state, note=summary.note)
            self._keep_rows(_counted(entry, rows), rows)

    def _keep_rows(self, entry: ImageEntry, rows: np.ndarray) -> None:
        with self._lock:
            if rows is not self._rows.get(entry.name):
                rows = rows if rows.flags.writeable else rows.copy()
                rows["image"] = entry.number
                rows.flags.writeable = False
                self._rows[entry.name] = rows
                self._all = None
            self._entries[entry.name] = entry

    def _take_all(self, rows: np.ndarray, lengths: dict[str, int]) -> None:
        """Nothing is in memory twice: the rows of an image are a part of all rows."""
        rows.flags.writeable = False
        self._all = rows
        stops = np.cumsum(list(lengths.values()), dtype=int).tolist()
        for (name, length), stop in zip(lengths.items(), stops, strict=True):
            self._rows[name] = rows[stop - length : stop]

    # ------------------------------------------------------------------ the file

    def _save(self, names: list[str], gone: set[str]) -> None:
        with self._lock:
            for name in gone:
                del self._entries[name], self._rows[name]
                self._all = None
            images = [(self._entries[name], self._rows[name]) for name in names]
            class_names = self.class_names.copy()
        self.file.save((_stored(entry, rows) for entry, rows in images), gone, class_names)

    def _load(self) -> None:
        try:
            stored, class_names = self.file.load()
            stored.sort(key=lambda image: natural(image[0]))
            blobs = [np.frombuffer(objects, OBJECT) for _, _, objects in stored]
            entries = [_entry(json.loads(text), name, at) for at, (name, text, _) in enumerate(stored)]
            rows = np.concatenate(blobs) if blobs else no_rows()
            rows["image"] = np.repeat(np.arange(len(blobs), dtype=np.uint32), [len(b) for b in blobs])
            check_rows(rows, len(class_names))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError, sqlite3.Error):
            self.file.clear()
            return
        self.class_names = class_names or [""]
        self._names = [entry.name for entry in entries]
        self._entries = {entry.name: entry for entry in entries}
        self._take_all(rows, {entry.name: len(blob) for entry, blob in zip(entries, blobs, strict=True)})


def _same_files(one: ImageEntry, other: ImageEntry) -> bool:
    return (one.image_stamp, one.document_stamp) == (other.image_stamp, other.document_stamp)


def _stamp(*files: os.stat_result | None) -> str:
    """Differs whenever one of the files does; "" when there is none."""
    return " ".join(f"{file.st_mtime_ns}:{file.st_size}" for file in files if file is not None)


def _counted(entry: ImageEntry, rows: np.ndarray) -> ImageEntry:
    """The entry with the numbers that its objects give."""
    scores = rows["confidence"][~np.isnan(rows["confidence"])]
    return replace(
        entry,
        cells=len(rows),
        accepted=int(with_review(rows, Review.ACCEPTED).sum()),
        rejected=int(with_review(rows, Review.REJECTED).sum()),
        by_hand=int(by_hand(rows).sum()),
        confidence=float(scores.mean()) if len(scores) else None,
        area=float(np.median(rows["area"])) if len(rows) else None,
    )


def _stored(entry: ImageEntry, rows: np.ndarray) -> Stored:
    return entry.name, json.dumps({**asdict(entry), "state": entry.state.value}), rows.tobytes()


def _entry(values: dict[str, Any], name: str, number: int) -> ImageEntry:
    """From an index that anybody may have written: whatever is in it, the types are right."""
    numbers = ("bytes", "cells", "accepted", "rejected", "by_hand")
    return ImageEntry(
        name,
        number,
        str(values["image_stamp"]),
        str(values["document_stamp"]),
        modified=float(values["modified"]),
        state=ImageState(values["state"]),
        note=str(values["note"]),
        error=str(values["error"]),
        elsewhere=bool(values["elsewhere"]),
        confidence=None if values["confidence"] is None else float(values["confidence"]),
        area=None if values["area"] is None else float(values["area"]),
        **{key: int(values[key]) for key in numbers},
    )
