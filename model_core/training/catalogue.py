"""The data sets that are known by name: their kind, licence, source, checksums and weight."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically

_GROWTH = 0.3  # a set weighs by its pixels to this power (`sampling_weights`)


@dataclass(frozen=True)
class DataSet:
    """One data set.

    sha256, val_sha256: of the sums of its files in each split; "" for a split that it does not have.
    weight: times what it would weigh in the sampling by its size. by: who contributed it, "" for the others.
    """

    name: str
    kind: str
    licence: str
    source: str
    sha256: str = ""
    val_sha256: str = ""
    weight: float = 1.0
    by: str = ""


@dataclass(frozen=True)
class Catalogue:
    """datasets: by name. recipe: steps, share of rendered cells and what else makes the bundled model."""

    about: str = ""
    datasets: dict[str, DataSet] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)

    def joined(self, other: Catalogue) -> Catalogue:
        """With the data sets of another catalogue too; recipe and words are those of this one."""
        return Catalogue(self.about, self.datasets | other.datasets, self.recipe)

    def weights(self) -> dict[str, float]:
        """By name; contributions of one kind weigh together as one set of their size."""
        alike = Counter(entry.kind for entry in self.datasets.values() if entry.by)
        return {
            name: entry.weight * (alike[entry.kind] ** (_GROWTH - 1) if entry.by else 1.0)
            for name, entry in self.datasets.items()
        }

    def kind_of(self, dataset: str) -> str:
        """The kind of image of a data set; of one that is not known, its name."""
        return self.datasets[dataset].kind if dataset in self.datasets else dataset


def bundled_catalogue_file() -> Path:
    return Path(str(resources.files("resources") / "catalogue.json"))


@cache
def bundled_catalogue() -> Catalogue:
    """What the bundled model learned from."""
    return read_catalogue(bundled_catalogue_file())


def read_catalogue(path: Path) -> Catalogue:
    """
    Raises:
        UserError: the file cannot be read, or is no catalogue.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        entries = [_entry(**entry) for entry in values["datasets"]]
        return Catalogue(
            str(values.get("about", "")), {e.name: e for e in entries}, dict(values.get("recipe", {}))
        )
    except OSError as error:
        raise UserError(f"The catalogue {path} could not be read: {plain_reason(error)}.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path} is not a catalogue of data sets: {error}.") from error


def _entry(weight: float = 1.0, **words: str) -> DataSet:
    if not all(isinstance(word, str) for word in words.values()):
        raise ValueError("something that should be text is not")
    if not 0 <= weight <= 1000:
        raise ValueError(f"impossible weight {weight}")
    return DataSet(**words, weight=float(weight))


def write_catalogue(path: Path, catalogue: Catalogue) -> None:
    """UserError if the disk refuses; an earlier file is then still whole."""
    text = json.dumps(
        {
            "about": catalogue.about,
            "recipe": catalogue.recipe,
            "datasets": [asdict(entry) for entry in catalogue.datasets.values()],
        },
        indent=1,
        ensure_ascii=False,
    )
    with write_atomically(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
