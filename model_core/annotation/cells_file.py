"""A document on disk: NAME.cells, one SQLite file that takes each Patch as one transaction.

SQLite's own file lock, held from opening to closing, keeps a second opener out; the system drops
it when a process dies, so a crash never locks a document. (On POSIX systems that lock would also
be dropped if this process opened and closed the file by other means: nothing here does.)
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model_core.annotation.cells_connection import atomically, connect, sqlite_errors, use_best_journal
from model_core.annotation.cells_schema import (
    CHUNK,
    DamagedDocumentError,
    ReadOnlyFolderError,
    check_tables,
    create_tables,
    free_name,
    is_empty,
    set_aside,
)
from model_core.annotation.finished import Regions, regions_to_json
from model_core.annotation.history import Step
from model_core.annotation.objects import ROW_LENGTH, ObjectRecord, record_to_row
from model_core.annotation.patch import Patch, box_shape, decode_block, encode_block
from model_core.errors import UserError

Shape = tuple[int, int, int]
_PUT_OBJECT = f"INSERT OR REPLACE INTO objects VALUES ({', '.join('?' * ROW_LENGTH)})"

_PUT_SETTING = "INSERT OR REPLACE INTO settings VALUES (?, ?)"
FINISHED = "finished"  # the setting that holds the finished regions; only steps of the history change it


@dataclass(frozen=True, slots=True)
class Change:
    """What the file must learn of one step: the patch as it was applied, and how the history moved."""

    patch: Patch
    new_step: Step | None  # None when the way led through steps that the file has: undo, redo, jump
    position: int  # of the history, now
    next_id: int


@dataclass(frozen=True, eq=False, slots=True)
class Whole:
    """A document as it is in memory, for a file that is made anew. `labels` and `objects` are copies."""

    labels: np.ndarray
    objects: dict[int, ObjectRecord]
    steps: list[Step]
    position: int
    next_id: int
    finished: Regions
    settings: dict[str, Any]


class OverwrittenError(UserError):
    """Another program has written into the file while it was open; nothing of ours is in it any more."""


def cells_path(image_path: Path, folder: Path | None = None) -> Path:
    """Where the document of an image lies: beside it, or in `folder`."""
    return (folder or image_path.parent) / f"{image_path.stem}.cells"


class CellsFile:
    """The document of one image. May be handed from thread to thread, but is used by one at a time.

    Opening never makes a file: that happens with the first `write`, or a setting that is worth a file.
    """

    def __init__(self, path: Path, image_path: Path, shape: Shape) -> None:
        """`shape` is (Z, Y, X) of the image. Opens `path` if it exists, and locks it.

        Raises DamagedDocumentError for a damaged or foreign file, ReadOnlyFolderError where nothing
        can be written, UserError for a document of another image or one that is open elsewhere.
        """
        self.path = path
        self.image_path = image_path
        self.shape = shape
        self.settings: dict[str, Any] = {}
        self.connection: sqlite3.Connection | None = None
        self._inode: int | None = None  # of the file that the connection writes to
        self._stamp: tuple[int, int] | None = None  # of the file as we have left it
        self.lost = (
            False  # whether another program wrote into the file: only `write_whole` makes it ours again
        )
        if not path.parent.is_dir():
            raise UserError(f"The folder {path.parent} does not exist.")
        exists = path.exists()
        if not os.access(path.parent, os.W_OK) or (exists and not os.access(path, os.W_OK)):
            raise ReadOnlyFolderError(
                f"{path} can't be written: the file or its folder is read-only. "
                "Choose another folder for the annotations of this image."
            )
        if exists:
            self._open_existing()

    def _open_existing(self) -> None:
        with sqlite_errors(self.path):
            connection = connect(self.path)
            try:
                if is_empty(connection):
                    connection.close()
                    return
                check_tables(connection, self.path)
                self._check_image(dict(connection.execute("SELECT key, value FROM meta")))
                settings = connection.execute("SELECT key, value FROM settings").fetchall()
                self.settings = {key: json.loads(value) for key, value in settings}
                use_best_journal(connection)
            except (ValueError, TypeError, RecursionError) as error:
                connection.close()
                raise DamagedDocumentError(f"{self.path} is damaged: its settings can't be read.") from error
            except BaseException:
                connection.close()
                raise
        self._hold(connection, self.path)

    def _check_image(self, meta: dict[str, str]) -> None:
        """Refuse the document of another image: labels over the wrong pixels would be worse than none."""
        try:
            shape = tuple(json.loads(meta["shape"]))
            image, image_path = Path(meta["image"]), meta["image_path"]
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise DamagedDocumentError(f"{self.path} is damaged: it does not name its image.") from error
        if shape != self.shape:
            raise UserError(
                f"{self.path} has annotations for an image of {_in_words(shape)}, "
                f"but {self.image_path.name} has {_in_words(self.shape)}. The file was left as it is."
            )
        # Beside its image a document may be renamed along with it; the suffix tells a.tif from a.png.
        beside = self._image_path_to_note(self.path) == ""
        own = image.suffix.lower() == self.image_path.suffix.lower()
        if not (own if beside else image_path == _utf8(str(self.image_path.absolute()))):
            raise UserError(
                f"{self.path} holds the annotations of {image_path or image}, not of {self.image_path}. "
                "Choose another folder for the annotations of this image."
            )

    def write(self, change: Change) -> None:
        """Store one step, all of it or nothing. Makes the file at the first one. Raises UserError."""
        step = change.new_step
        if step is not None:
            _ = step.packed  # takes long: not within the transaction
        self.check()
        with sqlite_errors(self.path), self._transaction() as connection:
            if step is not None:
                connection.execute("DELETE FROM patches WHERE step >= ?", (change.position,))
                _write_step(connection, change.position, step)
            _write_place(connection, change.position, change.next_id)
            _write_labels(connection, change.patch, self.shape)
            _write_objects(connection, change.patch)
            if change.patch.finished is not None:
                stored = regions_to_json(change.patch.finished[1])
                connection.execute(_PUT_SETTING, (FINISHED, json.dumps(stored)))

    def write_whole(self, whole: Whole) -> None:
        """Make the file anew with all of the document. Raises UserError."""
        self.lost, self.settings = False, whole.settings.copy()
        if whole.finished or FINISHED in self.settings:
            self.settings[FINISHED] = regions_to_json(whole.finished)
        patch = Patch(
            (slice(0, self.shape[0]), slice(0, self.shape[1]), slice(0, self.shape[2])),
            np.zeros_like(whole.labels),
            whole.labels,
            {id_: (None, record) for id_, record in whole.objects.items()},
            "",
        )
        self.check()
        with sqlite_errors(self.path), self._transaction() as connection:
            for number, step in enumerate(whole.steps, 1):
                _write_step(connection, number, step)
            _write_place(connection, whole.position, whole.next_id)
            _write_labels(connection, patch, self.shape)
            _write_objects(connection, patch)

    def write_setting(self, key: str, value: str, make: bool = False) -> None:
        """Store a value, as JSON; until the first step makes the file, only remember it, or `make` it now."""
        self.settings[key] = json.loads(value)
        if make or self.connection is not None:
            self.check()
            with sqlite_errors(self.path), self._transaction() as connection:
                connection.execute(_PUT_SETTING, (key, value))

    def move(self, path: Path) -> None:
        """Go on in another place, with all that is stored so far. Raises UserError if something is there."""
        if path.exists():
            raise UserError(f"{path} exists already; it was not written over. Choose another folder.")
        if self.connection is not None:
            self._copy_to(path)
        self.path = path

    def close(self) -> None:
        """Give the file free."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self.connection is not None:
            with atomically(self.connection):
                yield self.connection
            self._stamp = _stamp(self.path)
            return
        connection = connect(self.path)
        try:
            if not is_empty(connection):
                raise UserError(
                    f"{self.path} has been made by another window or program in the meantime; it was not "
                    "written over. Choose another folder for the annotations of this image."
                )
            with atomically(connection):
                create_tables(connection)
                connection.executemany("INSERT INTO meta VALUES (?, ?)", self._first_meta().items())
                stored = [(key, json.dumps(value)) for key, value in self.settings.items()]
                connection.executemany("INSERT INTO settings VALUES (?, ?)", stored)
                yield connection
            use_best_journal(connection)
        except BaseException:
            connection.close()
            raise
        self._hold(connection, self.path)

    def _first_meta(self) -> dict[str, str]:
        return {
            "image": _utf8(self.image_path.name),
            "image_path": self._image_path_to_note(self.path),
            "shape": json.dumps(self.shape),
            "position": "0",
            "next_id": "1",
        }

    def _image_path_to_note(self, path: Path) -> str:
        """Beside its image a document need not know the path, and survives a move of the whole folder."""
        image_path = self.image_path.absolute()
        return "" if path.absolute().parent == image_path.parent else _utf8(str(image_path))

    def check(self) -> None:
        """See whether the file is still the one that we have written last.

        A file deleted or replaced under us takes writes into nowhere: it is put back from the open handle.
        What another program has put there is kept under another name, and the user told. Raises UserError;
        OverwrittenError where only `write_whole` helps.
        """
        if self.lost:
            raise OverwrittenError(f"{self.path} was written over by another program while it was open here.")
        if not self.path.parent.is_dir():
            raise UserError(f"The folder {self.path.parent} is not there any more.")
        if self.connection is None:
            return
        if not self.path.exists():
            self._copy_to(self.path)
        elif self.path.stat().st_ino != self._inode:
            kept = set_aside(self.path, "other")
            raise UserError(
                f"{self.path} was replaced by another program while it was open here. What came is kept as "
                f"{kept.name}; your own work goes on in {self.path.name} when you save again."
            )
        elif _stamp(self.path) != self._stamp:
            self._give_up()

    def check_before_closing(self) -> None:
        """As `check`; but what lies on a disk that has been taken away can stay there."""
        if self.path.parent.is_dir():
            self.check()

    def _give_up(self) -> None:
        """Keep what another program has written into our file, and have nothing to do with it any more."""
        assert self.connection is not None
        with sqlite_errors(self.path):
            kept = free_name(self.path, "other")
            shutil.copy2(self.path, kept)
            for suffix in ("", "-wal", "-journal", "-shm"):  # a log of ours would be taken for one of theirs
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.close()
        self.lost = True
        raise OverwrittenError(
            f"{self.path} was written over by another program while it was open here. What came is kept as "
            f"{kept.name}; your own work has been saved in {self.path.name} again."
        )

    def _copy_to(self, path: Path) -> None:
        assert self.connection is not None
        half = path.with_name(path.name + ".part")
        with sqlite_errors(path):
            half.unlink(missing_ok=True)
            self.connection.execute("VACUUM INTO ?", (str(half),))
            # SQLite finds a write-ahead log by name: one of a deleted file must not be taken for ours.
            path.with_name(path.name + "-wal").unlink(missing_ok=True)
            half.rename(path)
            connection = connect(path)
            use_best_journal(connection)
            noted = (self._image_path_to_note(path),)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'image_path'", noted)
        self.connection.close()
        self._hold(connection, path)

    def _hold(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection, self._inode, self._stamp = connection, path.stat().st_ino, _stamp(path)


def _stamp(path: Path) -> tuple[int, int]:
    """Differs when somebody has written into a file."""
    said = path.stat()
    return said.st_mtime_ns, said.st_size


def _write_step(connection: sqlite3.Connection, number: int, step: Step) -> None:
    packed = step.packed
    connection.execute(
        "INSERT INTO patches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, *packed.box, packed.old, packed.new, packed.records, packed.text),
    )


def _write_place(connection: sqlite3.Connection, position: int, next_id: int) -> None:
    for key, value in (("position", position), ("next_id", next_id)):
        connection.execute("UPDATE meta SET value = ? WHERE key = ?", (str(value), key))


def _write_labels(connection: sqlite3.Connection, patch: Patch, shape: Shape) -> None:
    """Bring the chunks under the patch up to date, from the file and the patch alone.

    The labels in memory are not looked at: they may have gone on since.
    """
    box = patch.box
    if not patch.new.size:
        return
    for z in range(box[0].start, box[0].stop):
        for y in range(box[1].start // CHUNK, -(-box[1].stop // CHUNK)):
            for x in range(box[2].start // CHUNK, -(-box[2].stop // CHUNK)):
                _write_chunk(connection, patch, (z, y, x), shape)


def _write_chunk(connection: sqlite3.Connection, patch: Patch, key: Shape, shape: Shape) -> None:
    region = chunk_box(key, shape)
    common = [
        slice(max(c.start, b.start), min(c.stop, b.stop)) for c, b in zip(region, patch.box, strict=True)
    ]
    inside = tuple(slice(i.start - c.start, i.stop - c.start) for i, c in zip(common, region, strict=True))
    source = tuple(slice(i.start - b.start, i.stop - b.start) for i, b in zip(common, patch.box, strict=True))
    labels = patch.new[source]
    if np.array_equal(labels, patch.old[source]):  # a patch over the whole image may leave most of it alone
        return
    if labels.shape != box_shape(region):
        row = connection.execute("SELECT data FROM chunks WHERE z = ? AND y = ? AND x = ?", key).fetchone()
        whole = np.zeros(box_shape(region), np.uint32)
        if row is not None:
            try:
                whole[...] = decode_block(row[0], whole.shape)
            except ValueError as error:
                raise sqlite3.DatabaseError("a chunk of labels is malformed") from error
        whole[inside] = labels
        labels = whole
    if labels.any():
        connection.execute("INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?)", (*key, encode_block(labels)))
    else:
        connection.execute("DELETE FROM chunks WHERE z = ? AND y = ? AND x = ?", key)


def _write_objects(connection: sqlite3.Connection, patch: Patch) -> None:
    gone = [(id_,) for id_, (_, after) in patch.records.items() if after is None]
    present = [record_to_row(after) for _, after in patch.records.values() if after is not None]
    connection.executemany("DELETE FROM objects WHERE id = ?", gone)
    connection.executemany(_PUT_OBJECT, present)


def chunk_box(key: Shape, shape: Shape) -> tuple[slice, slice, slice]:
    """The part of the labels that the chunk `key` (plane, row, column of chunks) holds."""
    z, y, x = key
    y0, x0 = y * CHUNK, x * CHUNK
    return slice(z, z + 1), slice(y0, min(y0 + CHUNK, shape[1])), slice(x0, min(x0 + CHUNK, shape[2]))


def _utf8(name: str) -> str:
    """Names of files may hold what UTF-8, and so SQLite, can't say."""
    return name.encode(errors="backslashreplace").decode()


def _in_words(shape: tuple[int, ...]) -> str:
    planes, *sides = shape
    plane = " x ".join(str(side) for side in reversed(sides)) + " pixels"
    return plane if planes == 1 else f"{planes} planes of {plane}"
