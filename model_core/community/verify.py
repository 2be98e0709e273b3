"""Whether the data in a folder are those that a catalogue speaks of; and the catalogue of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from model_core.community.checksums import differences, read_sums, sum_of_sums, sums_in_lines, sums_of
from model_core.errors import UserError
from model_core.formats.atomic import write_atomically
from model_core.formats.pairs import SPLITS, Pair
from model_core.training.catalogue import Catalogue, DataSet, write_catalogue


@dataclass(frozen=True)
class Checked:
    """One data set in a folder: its pairs, and what differs from the catalogue (nothing: it is the same)."""

    name: str
    pairs: int
    differences: tuple[str, ...]


def check_data(
    pairs: list[Pair],
    known: Catalogue,
    sums: dict[str, str],
    splits: Iterable[str] = SPLITS,
    report: Callable[[int, str], None] | None = None,
) -> list[Checked]:
    """Compares the files of every data set, also those that the catalogue names and the folder lacks.

    Args:
        pairs: what there is, of these splits.
        sums: the checksum of each file, that the sums in the catalogue are sums of.
        report: called with the number of pairs done and the data set that is next.

    Raises:
        UserError: a file cannot be read.
    """
    results = []
    done = 0
    by_set = {name: list(group) for name, group in groupby(pairs, lambda pair: pair.dataset)}
    for name in [*by_set, *(name for name in known.datasets if name not in by_set)]:
        if report:
            report(done, name)
        of_set = by_set.get(name, [])
        done += len(of_set)
        reasons = _differences(name, of_set, known, sums, splits)
        results.append(Checked(name, len(of_set), tuple(reasons)))
    return results


def _differences(
    name: str, pairs: list[Pair], known: Catalogue, sums: dict[str, str], splits: Iterable[str]
) -> list[str]:
    if name not in known.datasets:
        return ["the catalogue does not know it"]
    entry = known.datasets[name]
    found = sums_of(pairs)
    reasons = []
    for split in splits:
        wanted = entry.val_sha256 if split == "val" else entry.sha256
        there = _of_split(found, name, split)
        if wanted and not there:
            reasons.append(f"the split “{split}” is missing")
        elif (sum_of_sums(there) if there else "") != wanted:
            why = differences(_of_split(sums, name, split), there)
            reasons.append(f"{split}: {'; '.join(why) or 'the list of checksums was changed'}")
    return reasons


def _of_split(sums: dict[str, str], name: str, split: str) -> dict[str, str]:
    """Those of one split; pairs in the set's own folder count as training."""
    folders = {f"{name}/{split}", name} if split == "train" else {f"{name}/{split}"}
    return {file: sha for file, sha in sums.items() if file.rpartition("/")[0] in folders}


def demand_the_same(checked: list[Checked]) -> None:
    """UserError that says of every data set what differs, if anything does."""
    wrong = [f"{entry.name}: {reason}" for entry in checked for reason in entry.differences]
    if wrong:
        raise UserError("The data are not those of the catalogue.\n" + "\n".join(wrong))


def catalogue_sums(catalogue_file: Path) -> dict[str, str]:
    """The checksums of the files that a catalogue speaks of, from the list beside it, if there is one."""
    path = _sums_path(catalogue_file)
    return read_sums(path) if path.exists() else {}


def write_catalogue_of(path: Path, known: Catalogue, sums: dict[str, str]) -> Catalogue:
    """Writes a catalogue with the checksums of files: in the list beside it, and their sums in its entries.

    Data sets that are not known get an entry without kind, licence and source, to be filled in by hand.
    """
    names = dict.fromkeys([*known.datasets, *(name.split("/")[0] for name in sums)])
    entries = {}
    for name in names:
        train, val = (_of_split(sums, name, split) for split in ("train", "val"))
        entries[name] = replace(
            known.datasets.get(name, DataSet(name, kind="", licence="", source="")),
            sha256=sum_of_sums(train) if train else "",
            val_sha256=sum_of_sums(val) if val else "",
        )
    result = Catalogue(known.about, entries, known.recipe)
    with write_atomically(_sums_path(path)) as temporary:
        temporary.write_text(sums_in_lines(sums), encoding="utf-8")
    write_catalogue(path, result)
    return result


def _sums_path(catalogue_file: Path) -> Path:
    return catalogue_file.with_suffix(".sha256")
