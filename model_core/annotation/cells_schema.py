"""The tables of a .cells file, and the checks that a file is one."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from model_core.errors import UserError

APPLICATION_ID = 0x43454C53  # "CELS", so that tools like `file` can tell what it is
FORMAT_VERSION = 1
CHUNK = 512  # labels are stored in squares of so many pixels, one plane each

# meta: image (file name), image_path (only when kept in another folder), shape [Z, Y, X], position, next_id
# chunks: zlib-compressed little-endian uint32; y and x count chunks; chunks without objects are left out
# patches: the history from 1 on; steps up to meta.position are done, later ones can be redone
TABLES = {
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "chunks": "CREATE TABLE chunks (z INTEGER, y INTEGER, x INTEGER, data BLOB NOT NULL,"
    " PRIMARY KEY (z, y, x))",
    "objects": "CREATE TABLE objects (id INTEGER PRIMARY KEY, z0 INTEGER, z1 INTEGER, y0 INTEGER, y1 INTEGER,"
    " x0 INTEGER, x1 INTEGER, area INTEGER, centre_z REAL, centre_y REAL, centre_x REAL, source TEXT,"
    " confidence REAL, review TEXT, class_name TEXT, note TEXT, locked INTEGER)",
    "patches": "CREATE TABLE patches (step INTEGER PRIMARY KEY, z0 INTEGER, z1 INTEGER, y0 INTEGER,"
    " y1 INTEGER, x0 INTEGER, x1 INTEGER, old BLOB, new BLOB, records BLOB, text TEXT)",
    "settings": "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
}


class DamagedDocumentError(UserError):
    """The file can't be used as a document; the user may have it set aside and start anew."""


class ReadOnlyFolderError(UserError):
    """The document can't be written where it is; the user may give another folder."""


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty database a .cells file; inside the caller's transaction."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    for statement in TABLES.values():
        connection.execute(statement)


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Raise a UserError unless this is an undamaged .cells file of a version that we know."""
    check_format(connection, path)
    verdict = _pragma(connection, "quick_check(1)")
    if verdict != "ok":
        raise DamagedDocumentError(f"{path} is damaged: {verdict}.")


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """The half of `check_tables` that doesn't read the whole file: version and tables."""
    application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    if application != APPLICATION_ID:
        raise DamagedDocumentError(f"{path} is not a document of this program, though it is called like one.")
    if version > FORMAT_VERSION:
        raise UserError(f"{path} was written by a newer version of this program. Update, then open it again.")
    # The exact statements: a foreign trigger or view would run with our writes.
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    if version != FORMAT_VERSION or found != TABLES:
        raise DamagedDocumentError(f"{path} is damaged: its tables are not those of a document.")


def is_empty(connection: sqlite3.Connection) -> bool:
    """True for a file without content: what a crash leaves before a document's first step is stored."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return tables == 0 and _pragma(connection, "application_id") == 0


def free_name(path: Path, why: str) -> Path:
    """NAME.cells.WHY-N that nothing is called yet."""
    number = 1
    while (target := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    return target


def set_aside(path: Path, why: str = "damaged") -> Path:
    """Rename a document to NAME.cells.damaged-N or another `why`, journals included; gives the new path.

    A damaged one only ever at the user's wish. Raises UserError when the folder doesn't allow it.
    """
    target = free_name(path, why)
    try:
        path.rename(target)
        for journal in ("-wal", "-journal", "-shm"):
            beside = path.with_name(path.name + journal)
            if beside.exists():
                beside.rename(target.with_name(target.name + journal))
    except OSError as error:
        raise UserError(f"{path} could not be set aside: {error.strerror or error}.") from error
    return target


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]
