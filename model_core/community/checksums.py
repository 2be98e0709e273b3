"""Checksums of files and of data sets, and what differs where they do not fit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason
from model_core.formats.pairs import Pair

_NAMED = 5  # files that a sentence names


def sha256_of(path: Path) -> str:
    """UserError if the file cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while part := file.read(2**20):
                digest.update(part)
    except OSError as error:
        raise UserError(f"{path} could not be read: {plain_reason(error)}.") from error
    return digest.hexdigest()


def sums_of(pairs: Iterable[Pair]) -> dict[str, str]:
    """SHA-256 of each file by ``SET/SPLIT/FILE``, or ``SET/FILE`` for pairs in the folder of the set."""
    sums = {}
    for pair in pairs:
        split = pair.image.parent.name
        folder = pair.dataset if split == pair.dataset else f"{pair.dataset}/{split}"
        for path in (pair.image, pair.masks):
            sums[f"{folder}/{path.name}"] = sha256_of(path)
    return sums


def sum_of_sums(sums: dict[str, str]) -> str:
    """One checksum for many files: SHA-256 of the lines that ``sha256sum`` prints, in order of names."""
    return hashlib.sha256(sums_in_lines(sums).encode()).hexdigest()


def read_sums(path: Path) -> dict[str, str]:
    """A file as ``sha256sum`` writes it.

    Raises:
        UserError: it cannot be read, or is no such file.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The checksums {path} could not be read.") from error
    sums = {}
    for line in lines:
        sha, _, name = line.partition("  ")
        if len(sha) != 64 or not name:
            raise UserError(f"{path} is not a list of checksums: “{line[:80]}”.")
        sums[name] = sha
    return sums


def sums_in_lines(sums: dict[str, str]) -> str:
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def differences(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """What differs, a sentence a reason; empty when all is as it should be."""
    changed = [name for name in wanted if name in found and found[name] != wanted[name]]
    missing = [name for name in wanted if name not in found]
    more = [name for name in found if name not in wanted]
    return [
        f"{len(names)} {'file' if len(names) == 1 else 'files'} {what}: {_some(names)}"
        for names, what in ((changed, "changed"), (missing, "missing"), (more, "that do not belong there"))
        if names
    ]


def _some(names: list[str]) -> str:
    names = sorted(names)
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
