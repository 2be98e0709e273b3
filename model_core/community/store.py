"""A store of contributions and releases: a folder, or any other place that ``fsspec`` opens."""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec
from fsspec.callbacks import Callback

from model_core.errors import Cancelled, UserError
from model_core.formats.atomic import plain_reason, write_atomically

CONTRIBUTIONS = "contributions"
_BUNDLE = re.compile(r"[0-9a-f]{16}\.zip")
_PART = 2**20
_SECRET = re.compile(r"//[^/@]*@")  # a name and password in an address


class Store:
    """Files by name at an address such as ``/data/store``, ``s3://bucket/store`` or ``sftp://host/store``.

    Whatever is written appears whole or not at all.
    """

    def __init__(self, address: str) -> None:
        """UserError if nothing can open addresses of this kind; a folder need not exist yet."""
        self.address = _SECRET.sub("//", address)
        self._files: Any
        try:
            self._files, self._root = fsspec.core.url_to_fs(address)
        except ImportError as error:
            raise UserError(
                f"To open “{self.address}” a package is missing: {error}. Install it beside this program."
            ) from error
        except Exception as error:  # every kind of store has exceptions of its own
            raise UserError(f"“{self.address}” is no store that can be opened: {_words(error)}.") from error
        self._local = self._files.protocol == "file" or "file" in self._files.protocol

    def bundles(self) -> list[str]:
        """The names of all contributions, in order."""
        with self._plainly("be listed"):
            self._files.invalidate_cache()
            try:
                found = self._files.ls(f"{self._root}/{CONTRIBUTIONS}", detail=False)
            except FileNotFoundError:
                if not self._files.exists(self._root):
                    raise UserError(f"There is no store at “{self.address}”.") from None
                return []
        names = [str(path).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] for path in found]
        return sorted(f"{CONTRIBUTIONS}/{name}" for name in names if _BUNDLE.fullmatch(name))

    def has(self, name: str) -> bool:
        with self._plainly("be read"):
            self._files.invalidate_cache()
            return bool(self._files.exists(self._path(name)))

    def fetch(
        self, name: str, target: Path, most: int, report: Callable[[float], None] | None = None
    ) -> None:
        """Copies a file of at most ``most`` bytes from the store; ``report`` gets the share that is there.

        Raises:
            UserError: it is missing or larger, or the store or the disk refuses. ``target`` is then not made.
        """
        with write_atomically(target) as temporary:
            self._fetch(name, temporary, most, report)

    def _fetch(self, name: str, target: Path, most: int, report: Callable[[float], None] | None) -> None:
        done = 0
        with (
            target.open("wb") as file,
            self._plainly(f"give {name}"),
            self._files.open(self._path(name), "rb") as source,
        ):
            size = getattr(source, "size", None) or most
            while part := source.read(_PART):
                done += len(part)
                if done > most:
                    raise UserError(f"{name} in the store is larger than the {most:,} bytes it may have.")
                file.write(part)
                if report:
                    report(min(1.0, done / size))

    def read_text(self, name: str, most: int) -> str | None:
        """The text of a file of at most ``most`` bytes; None if there is none of that name."""
        if not self.has(name):
            return None
        with tempfile.TemporaryDirectory(prefix="store-") as folder:
            self.fetch(name, Path(folder) / "text", most)
            try:
                return (Path(folder) / "text").read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise UserError(f"{name} in the store is damaged: it is no text.") from error

    def write(self, source: Path, name: str, report: Callable[[float], None] | None = None) -> None:
        """Copies a file into the store, in place of an earlier one: at once, or not at all.

        Args:
            report: gets the share that is there; if it raises, the store stays as it was.

        Raises:
            UserError: the store or the disk refuses.
        """
        sent = _Sent(report, source.stat().st_size)
        target = self._path(name)
        if self._local:
            with self._plainly(f"take {name}"):
                Path(target).parent.mkdir(parents=True, exist_ok=True)
            with write_atomically(Path(target)) as beside:
                sent.copy(source, beside)
            return
        temporary = f"{target}.{uuid.uuid4().hex[:8]}.part"
        with self._plainly(f"take {name}"):
            self._files.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            try:
                self._files.put_file(str(source), temporary, callback=sent)
                self._files.mv(temporary, target)
            except BaseException:
                with suppress(Exception):  # the failure is told; a part that stays has no name that counts
                    self._files.rm_file(temporary)
                raise

    def write_text(self, text: str, name: str) -> None:
        with tempfile.TemporaryDirectory(prefix="store-") as folder:
            path = Path(folder) / "text"
            path.write_text(text, encoding="utf-8")
            self.write(path, name)

    def remove(self, name: str) -> None:
        with self._plainly(f"remove {name}"):
            self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _plainly(self, what: str) -> Iterator[None]:
        """Whatever a store raises becomes a sentence."""
        try:
            yield
        except (UserError, Cancelled):
            raise
        except OSError as error:
            raise UserError(f"The store “{self.address}” could not {what}: {plain_reason(error)}.") from error
        except Exception as error:  # every kind of store has exceptions of its own
            raise UserError(f"The store “{self.address}” could not {what}: {_words(error)}.") from error


def _words(error: Exception) -> str:
    """What it says, to go on with; some libraries end it as a sentence."""
    return str(error).rstrip(".")


class _Sent(Callback):
    """Tells the share of a file that is sent, to `report`."""

    def __init__(self, report: Callable[[float], None] | None, size: int) -> None:
        super().__init__(size=max(size, 1))
        self._report = report

    def relative_update(self, inc: int = 1) -> None:
        super().relative_update(inc)
        if self._report:
            self._report(min(1.0, self.value / self.size))

    def copy(self, source: Path, target: Path) -> None:
        with source.open("rb") as whole, target.open("wb") as file:
            while part := whole.read(_PART):
                file.write(part)
                self.relative_update(len(part))
