"""Write a file so that a crash or a full disk leaves either the old one or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from model_core.errors import UserError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your quota on this disk is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "you may not write there (the folder or file is read-only)",
    errno.EPERM: "you may not write there (the folder or file is read-only)",
    errno.ENOENT: "the folder does not exist",
    errno.ENOTDIR: "the folder does not exist",
    errno.EISDIR: "a folder of that name is in the way",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EIO: "the disk reports an error",
}


def plain_reason(error: OSError) -> str:
    """Why the operating system refused, in words for the person at the screen."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Gives the path of an empty temporary sibling to write to; `path` is replaced by it at the end.

    If the block raises, `path` stays as it was and the temporary file is removed. An OSError comes
    out as a UserError that names `path` and the reason.
    """
    temporary: Path | None = None
    try:
        # The suffix is kept, because writers choose the format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _sync(temporary)
        _take_mode(temporary, path)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path} could not be written: {plain_reason(error)}.") from error
    finally:
        if temporary is not None:
            with suppress(OSError):  # replaced already, or the disk is gone: there is nothing to clean up
                temporary.unlink()
    _sync_folder(path.parent)


@contextmanager
def write_folder_atomically(path: Path) -> Iterator[Path]:
    """Gives an empty folder to write into, which takes the place of `path` at the end; see above."""
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
        yield temporary
        old = temporary.with_name(f"{temporary.name}.old")
        if path.exists():
            path.rename(old)
        _take_mode_of_folder(temporary)
        temporary.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{path} could not be written: {plain_reason(error)}.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    _sync_folder(path.parent)


def _take_mode_of_folder(temporary: Path) -> None:
    """mkdtemp makes folders that only the owner may enter."""
    umask = os.umask(0)
    os.umask(umask)
    temporary.chmod(0o777 & ~umask)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _take_mode(temporary: Path, path: Path) -> None:
    """mkstemp makes files that only the owner may read; give the new file the usual permissions."""
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    temporary.chmod(mode)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself safe against a power cut, where the system can."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some network disks can't; the file itself is safe already
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
