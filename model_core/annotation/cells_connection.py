"""Connections to SQLite files that one program holds at a time: the lock, the journal, errors in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from model_core.annotation.cells_schema import DamagedDocumentError, ReadOnlyFolderError, is_empty
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason


class LockedDocumentError(UserError):
    """Another window or program has the file open."""


def connect(path: Path, timeout: float = 0.5) -> sqlite3.Connection:
    """An open connection that holds the lock of the file until it is closed. Raises sqlite3.Error.

    `timeout`: seconds to wait for somebody else's lock.
    """
    connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # also spares WAL its shared memory
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def use_best_journal(connection: sqlite3.Connection) -> None:
    """The write-ahead log where the disk can do it: commits that need no sync, safe against a crash."""
    mode = ""
    with suppress(sqlite3.OperationalError):  # then the rollback journal stays, which every disk can do
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        is_empty(connection)  # a read opens the log now: later the folder may have vanished
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")


@contextmanager
def atomically(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction: all of the block is stored, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk makes SQLite roll back by itself
            connection.execute("ROLLBACK")
        raise


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Errors of SQLite and the disk as sentences for the user."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} could not be saved: {plain_reason(error)}.") from error
    except sqlite3.Error as error:
        said = str(error)
        if "locked" in said:
            words = f"{path} is open in another window or program. Close it there first."
            raise LockedDocumentError(words) from error
        if "readonly" in said or "unable to open" in said:
            words = f"{path} can't be written: the file or its folder is read-only."
            raise ReadOnlyFolderError(f"{words} Choose another folder for the annotations.") from error
        if "full" in said:
            raise UserError(
                f"{path} could not be saved: the disk is full. Make room and save again."
            ) from error
        if "not a database" in said or "malformed" in said:
            raise DamagedDocumentError(f"{path} is damaged or not a document of this program.") from error
        raise UserError(f"{path} can't be read or written: {said}.") from error
