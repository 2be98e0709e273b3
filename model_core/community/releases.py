"""The releases of the model in a store: what there is, how good each is, and how one comes or goes."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from model_core.community.checksums import sha256_of
from model_core.community.store import Store
from model_core.errors import UserError
from model_core.models.imports import import_model
from model_core.models.package import SUFFIX, read_network

INDEX = "releases.json"
LARGEST_PACKAGE = 512 * 2**20  # bytes
_LARGEST_INDEX = 16 * 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(frozen=True)
class Release:
    """One release.

    scores: AP at an IoU of 0.5 on the images that no release learned from, by kind of image. mean: over the
    kinds. changelog: what is new, a line each. parent: the release that it was trained from.
    """

    name: str
    sha256: str
    size: int
    date: str
    parent: str | None
    mean: float
    scores: dict[str, float]
    changelog: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"releases/{self.name}{SUFFIX}"


@dataclass(frozen=True)
class Releases:
    """All releases, the oldest first, and the name of the one that counts; None while there is none."""

    current: str | None = None
    all: tuple[Release, ...] = ()

    def get(self, name: str | None = None) -> Release:
        """A release by its name, or the current one.

        Raises:
            UserError: there is none of that name, or none at all.
        """
        name = self.current if name is None else name
        found = next((release for release in self.all if release.name == name), None)
        if found is None:
            names = ", ".join(release.name for release in self.all) or "none"
            raise UserError(f"The store has no release “{name or 'current'}”; it has: {names}.")
        return found


def read_releases(store: Store) -> Releases:
    """
    Raises:
        UserError: the store cannot be read, or its index is damaged.
    """
    text = store.read_text(INDEX, _LARGEST_INDEX)
    if text is None:
        return Releases()
    try:
        values = json.loads(text)
        found = Releases(values["current"], tuple(_release(entry) for entry in values["releases"]))
        if found.current not in {release.name for release in found.all}:
            raise ValueError("the current release is not among them")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"The list of releases in “{store.address}” is damaged: {error}.") from error
    return found


def _release(values: dict[str, object]) -> Release:
    release = Release(**(values | {"changelog": tuple(values["changelog"])}))  # type: ignore[arg-type]
    texts = (release.name, release.sha256, release.date, release.parent or "", *release.changelog)
    numbers = (release.mean, release.size, *release.scores.values())
    if not all(isinstance(text, str) for text in (*texts, *release.scores)):
        raise ValueError("something that should be text is not")
    if not all(isinstance(number, int | float) for number in numbers) or not _NAME.fullmatch(release.name):
        raise ValueError("a name or number that none can be")
    return release


def _write(store: Store, releases: Releases) -> None:
    entries = [asdict(release) for release in releases.all]
    text = json.dumps({"current": releases.current, "releases": entries}, indent=1, ensure_ascii=False)
    store.write_text(text, INDEX)


def new_name(releases: Releases, model: str, date: str) -> str:
    """A name that no release has: of the model and the day, as in ``generalist-2030.01.31``."""
    taken = {release.name for release in releases.all}
    name = f"{model}-{date[:10].replace('-', '.')}"
    number = 2
    while (numbered := name if number == 2 and name not in taken else f"{name}.{number}") in taken:
        number += 1
    return numbered


def publish(store: Store, package: Path, release: Release, seen: Releases) -> None:
    """Makes a package the current release; the ones before stay.

    The list of releases changes last and at once: until then nobody sees anything of it.

    Args:
        seen: the releases that the new one was compared with.

    Raises:
        UserError: the store refuses, or was changed meanwhile. It is then as before.
    """
    if not _NAME.fullmatch(release.name) or any(other.name == release.name for other in seen.all):
        raise UserError(f"“{release.name}” cannot be the name of a new release.")
    if read_releases(store) != seen:
        raise UserError("The releases in the store have changed meanwhile; start again from the new one.")
    store.write(package, release.file)
    try:
        _write(store, Releases(release.name, (*seen.all, release)))
    except BaseException:
        with suppress(UserError):  # a package that no list names does no harm
            store.remove(release.file)
        raise


def describe(package: Path, name: str, **words: object) -> Release:
    """The release of a package on disk; `words` are the other fields."""
    size, sha = package.stat().st_size, sha256_of(package)
    return Release(name=name, sha256=sha, size=size, **words)  # type: ignore[arg-type]


def roll_back(store: Store) -> Release:
    """Makes the release from which the current one was trained current again; nothing is deleted.

    Raises:
        UserError: there is no earlier one, or the store refuses.
    """
    releases = read_releases(store)
    current = releases.get()
    if current.parent is None or current.parent not in {release.name for release in releases.all}:
        raise UserError(f"“{current.name}” is the first release; there is none to go back to.")
    _write(store, replace(releases, current=current.parent))
    return releases.get(current.parent)


def fetch(
    store: Store, release: Release, target: Path, report: Callable[[float], None] | None = None
) -> None:
    """Copies the package of a release to a file, if it is what the list says: a package, nothing that runs.

    Raises:
        UserError: its size or checksum differs, it is no model package, or the store or the disk refuses.
    """
    if release.size > LARGEST_PACKAGE:
        raise UserError(f"“{release.name}” has {release.size:,} bytes; no model of this program is so large.")
    store.fetch(release.file, target, release.size, report)
    try:
        if sha256_of(target) != release.sha256:
            raise UserError(f"“{release.name}” is damaged: its checksum is not the one in the list.")
        read_network(target)
    except BaseException:
        target.unlink()
        raise


def download(store: Store, release: Release, report: Callable[[float], None] | None = None) -> Path:
    """Puts a release beside the user's own models, under its name.

    Raises:
        UserError: as `fetch`, or there is a model of that name already.
    """
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        package = Path(folder) / f"{release.name}{SUFFIX}"
        fetch(store, release, package, report)
        return import_model(package, release.name)
