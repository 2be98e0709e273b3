"""The file of a folder's index: one SQLite file, locked while somebody has the folder open.

A cache. What is damaged is removed, what can't be written is forgotten: the documents have it all.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
import os
import platform
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from model_core.annotation.cells_connection import atomically, connect, use_best_journal

log = logging.getLogger(__name__)

INDEX_NAME = ".cells-index"
_APPLICATION_ID, _VERSION = 0x43454C49, 1  # "CELI"
# Names of files as bytes: some can't be said in UTF-8.
_TABLES = {
    "images": "CREATE TABLE images (name BLOB PRIMARY KEY, entry TEXT NOT NULL, objects BLOB NOT NULL)",
    "classes": "CREATE TABLE classes (code INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "computed": "CREATE TABLE computed (name BLOB, kind TEXT, stamp TEXT NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (name, kind))",
}

Stored = tuple[str, str, bytes]  # name of an image, its entry as JSON, its objects


class IndexFile:
    """What a `FolderIndex` keeps from one start to the next. Any thread may call it.

    other_user: who has the folder open already, such as “Ada on lab-pc since 14:03”; then, and where
    nothing can be written, all is kept in memory. "" if nobody has.
    """

    def __init__(self, folder: Path) -> None:
        self.other_user = ""
        self._lock = threading.RLock()
        self._path = _place(folder)
        self._connection = self._open()

    def load(self) -> tuple[list[Stored], list[str]]:
        """All images, and the names of the classes in order. Raises sqlite3.Error, ValueError."""
        with self._lock:
            stored = self._connection.execute("SELECT name, entry, objects FROM images").fetchall()
            classes = self._connection.execute("SELECT name FROM classes ORDER BY code").fetchall()
        if any((type(n), type(e), type(o)) != (bytes, str, bytes) for n, e, o in stored):
            raise ValueError("the index holds something else than images")
        images = [(os.fsdecode(name), entry, objects) for name, entry, objects in stored]
        return images, [str(name) for (name,) in classes]

    def save(self, images: Iterable[Stored], gone: Iterable[str], class_names: list[str]) -> None:
        """Put images in, take others out."""
        with self._lock, _forgiven(), atomically(self._connection):
            names = [(os.fsencode(name),) for name in gone]
            for table in ("images", "computed"):
                self._connection.executemany(f"DELETE FROM {table} WHERE name = ?", names)
            rows = ((os.fsencode(name), entry, objects) for name, entry, objects in images)
            self._connection.executemany("INSERT OR REPLACE INTO images VALUES (?, ?, ?)", rows)
            classes = enumerate(class_names)
            self._connection.executemany("INSERT OR REPLACE INTO classes VALUES (?, ?)", classes)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock, _forgiven(), atomically(self._connection):
            for table in _TABLES:
                self._connection.execute(f"DELETE FROM {table}")

    def computed(self, name: str, kind: str, stamp: str) -> bytes | None:
        """What `keep_computed` was given last, if that was under the same stamp."""
        query = "SELECT data FROM computed WHERE name = ? AND kind = ? AND stamp = ?"
        with self._lock, _forgiven():
            row = self._connection.execute(query, (os.fsencode(name), kind, stamp)).fetchone()
            return row[0] if row is not None and type(row[0]) is bytes else None
        return None

    def all_computed(self, kind: str) -> dict[str, tuple[str, bytes]]:
        """Stamp and data of every image that has some of this kind, by the name of the image."""
        query = "SELECT name, stamp, data FROM computed WHERE kind = ?"
        with self._lock, _forgiven():
            rows = self._connection.execute(query, (kind,)).fetchall()
            return {os.fsdecode(name): (stamp, data) for name, stamp, data in rows if type(data) is bytes}
        return {}

    def keep_computed(self, name: str, kind: str, stamp: str, data: bytes) -> None:
        """Keep what was computed about an image (a thumbnail, measurements) under a stamp of its files."""
        with self._lock, _forgiven():
            values = (os.fsencode(name), kind, stamp, data)
            self._connection.execute("INSERT OR REPLACE INTO computed VALUES (?, ?, ?, ?)", values)

    def close(self) -> None:
        """Give the folder free."""
        with self._lock:
            if self._path is not None and not self.other_user:
                with suppress(OSError):
                    _user_file(self._path).unlink()
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._path is not None:
            for _ in range(2):  # a damaged index is removed, and made anew at the second trial
                try:
                    connection = connect(self._path, timeout=0)
                    if _prepared(connection):
                        _write_user(self._path)
                        return connection
                    connection.close()
                except sqlite3.OperationalError as error:
                    if "locked" in str(error):
                        self.other_user = _read_user(self._path)
                    break
                except sqlite3.DatabaseError:
                    log.info("%s is damaged; it is made anew", self._path)
                _remove(self._path)
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _prepared(connection)
        return connection


@contextmanager
def _forgiven() -> Iterator[None]:
    """Errors of the file: what isn't kept is read or computed again the next time."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        log.info("The index of the folder can't be used: %r", error)


def _place(folder: Path) -> Path | None:
    """In the folder; for one that can't be written to, among this person's caches, if there are any."""
    if os.access(folder, os.W_OK):
        return folder / INDEX_NAME
    caches = Path(platformdirs.user_cache_dir("cellpose-gui", appauthor=False)) / "folders"
    try:
        caches.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return caches / hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()


def _prepared(connection: sqlite3.Connection) -> bool:
    """Makes the tables; False if there are others already."""
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not found and application == 0:
        with atomically(connection):
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            for statement in _TABLES.values():
                connection.execute(statement)
        found, application, version = _TABLES, _APPLICATION_ID, _VERSION
    if (found, application, version) != (_TABLES, _APPLICATION_ID, _VERSION):
        return False
    use_best_journal(connection)
    return True


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-journal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _user_file(path: Path) -> Path:
    """Says who has the folder open; only believed while the index is locked."""
    return path.with_name(path.name + "-user")


def _write_user(path: Path) -> None:
    with suppress(OSError, KeyError, ImportError):  # nobody has a name on some systems
        who = {"user": getpass.getuser(), "computer": platform.node(), "since": time.strftime("%H:%M")}
        _user_file(path).write_text(json.dumps(who), encoding="utf-8")


def _read_user(path: Path) -> str:
    try:
        who = json.loads(_user_file(path).read_text(encoding="utf-8")[:1000])
        return f"{who['user']} on {who['computer']} since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another window or program"
