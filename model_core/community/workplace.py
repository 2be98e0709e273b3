"""The folder in which contributions become training data, and the log of what was decided about them."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from model_core.community.checksums import sums_of
from model_core.community.verify import catalogue_sums, write_catalogue_of
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.formats.pairs import Pair, find_pairs
from model_core.training.catalogue import Catalogue, DataSet, read_catalogue

ADDED, REVIEW, REFUSED = "added", "review", "refused"


@dataclass(frozen=True)
class Decision:
    """What became of an image of a bundle, or (image is "") of the whole bundle, and why."""

    bundle: str
    image: str
    outcome: str
    reason: str
    by: str = ""
    kind: str = ""
    licence: str = ""
    date: str = ""


class Workplace:
    """Folders and files of an intake.

    ``data/SET/{train,val}`` the images that were added; ``catalogue.json`` and ``catalogue.sha256`` what is
    known of them; ``review/BUNDLE`` images that a person should look at; ``decisions.jsonl`` the log.
    """

    def __init__(self, folder: Path) -> None:
        """UserError if the folder cannot be made."""
        self.folder = folder
        self.data, self.review = folder / "data", folder / "review"
        try:
            for path in (self.data, self.review):
                path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder {folder} cannot be made: {plain_reason(error)}.") from error

    @property
    def catalogue_file(self) -> Path:
        return self.folder / "catalogue.json"

    def catalogue(self) -> Catalogue:
        """Of the contributions that were added."""
        return read_catalogue(self.catalogue_file) if self.catalogue_file.exists() else Catalogue()

    def pairs(self, split: str | None = None) -> list[Pair]:
        """The contributions that are in the catalogue."""
        found = []
        for name in self.catalogue().datasets:
            if split is None or (self.data / name / split).is_dir():
                found += find_pairs(self.data / name, split)
        return found

    def decisions(self) -> list[Decision]:
        path = self.folder / "decisions.jsonl"
        if not path.exists():
            return []
        try:
            return [Decision(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"The log {path} is damaged: {error}.") from error

    def log(self, decisions: list[Decision]) -> None:
        """Adds to the log, all at once."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        lines = [json.dumps(asdict(d), ensure_ascii=False) for d in self.decisions()]
        lines += [json.dumps(asdict(replace(d, date=now)), ensure_ascii=False) for d in decisions]
        with write_atomically(self.folder / "decisions.jsonl") as temporary:
            temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    @contextmanager
    def new_folder(self, place: Path) -> Iterator[Path]:
        """A temporary folder that becomes ``place`` at the end, in place of what an interrupted run left."""
        temporary = self.folder / f".{uuid.uuid4().hex[:8]}"
        try:
            temporary.mkdir()
            yield temporary
            if place.exists():
                shutil.rmtree(place)
            temporary.rename(place)
        except OSError as error:
            raise UserError(f"{place} could not be written: {plain_reason(error)}.") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def enter(self, entry: DataSet) -> None:
        """Puts a data set whose files are in place into the catalogue."""
        self._change(entry.name, {entry.name: entry}, sums_of(find_pairs(self.data / entry.name)))

    def forget(self, name: str) -> None:
        """Takes a data set out of the catalogue, if it is there, and deletes its files."""
        if name in self.catalogue().datasets:
            self._change(name, {}, {})
        if (self.data / name).exists():
            shutil.rmtree(self.data / name)

    def _change(self, name: str, entry: dict[str, DataSet], new_sums: dict[str, str]) -> None:
        known = self.catalogue()
        others = {other: e for other, e in known.datasets.items() if other != name}
        sums = catalogue_sums(self.catalogue_file)
        kept = {file: sha for file, sha in sums.items() if not file.startswith(f"{name}/")}
        joined = Catalogue(known.about or "Contributions.", others | entry, known.recipe)
        write_catalogue_of(self.catalogue_file, joined, kept | new_sums)
