"""What the card of a model says, in words for people."""

from __future__ import annotations

from typing import Any

from model_core.models.package import Card
from model_core.models.shelf import Entry


def origin(entry: Entry) -> str:
    """Where a model comes from, in a few words."""
    if entry.bundled:
        return "comes with the program"
    if entry.card is None:
        return "cannot be read"
    if parent := entry.card.parent:
        return f"learned here from “{parent}”" if entry.card.rounds else f"made from “{parent}”"
    return "imported" if entry.card.architecture.startswith("cpnet") else "trained from the beginning"


def headline(entry: Entry) -> str:
    """A line below the name in the list."""
    words = [origin(entry)]
    if entry.card is not None:
        if (ap := score(entry.card)) is not None:
            words.append(f"AP {ap:.2f}")
        if entry.card.date:
            words.append(entry.card.date[:10])
    return " · ".join(words)


def facts(entry: Entry) -> list[tuple[str, str]]:
    """Pairs of a title and what the card says about it; what it says nothing about is left out."""
    card = entry.card
    if card is None:
        return [("Problem", entry.problem)]
    words = origin(entry)
    if card.parent and not entry.parent:
        words += ", which is not here any more"
    found = [("Origin", words[0].upper() + words[1:])]
    if card.data:
        found.append(("Learned from", _data(card.data)))
    if card.rounds:
        last = card.rounds[-1]
        before, after, cells = (last.get(key) for key in ("ap_before", "ap_after", "cells"))
        if isinstance(before, int | float) and isinstance(after, int | float):
            found.append(("Last round", f"AP {before:.2f} → {after:.2f}, {_count(cells, 'corrected cell')}"))
        found.append(("Rounds", str(len(card.rounds))))
    if (ap := score(card)) is not None:
        found.append(("AP at IoU 0.5", f"{ap:.3f}{_of_sets(card)}"))
    found.append(("Cell diameter", f"{card.diameter:g} px inside the net"))
    if card.date:
        found.append(("Date", card.date[:16].replace("T", " ")))
    if card.licence:
        found.append(("Licence", card.licence))
    return found


def score(card: Card) -> float | None:
    """The average precision at an IoU of 0.5 that the model is known for, on data that it has not seen."""
    mean = card.scores.get("mean")
    ap = mean.get("ap50") if isinstance(mean, dict) else None
    if ap is None and card.rounds:
        ap = card.rounds[-1].get("ap_after")
    return float(ap) if isinstance(ap, int | float) else None


def _of_sets(card: Card) -> str:
    sets = len([name for name in card.scores if name != "mean"])
    return f", mean of {sets} data sets" if sets > 1 else ""


def _data(data: list[dict[str, Any]]) -> str:
    counts = {key: sum(_whole(entry.get(key)) for entry in data) for key in ("images", "objects")}
    words = [_count(counts["images"], "image"), _count(counts["objects"], "cell")]
    names = [str(entry.get("name", "")) for entry in data if entry.get("name")]
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return " with ".join(word for word in words if word) + (f": {listed}" if listed else "")


def _whole(value: object) -> int:
    return value if type(value) is int and value > 0 else 0


def _count(number: object, thing: str) -> str:
    count = _whole(number)
    return f"{count:,} {thing}{'' if count == 1 else 's'}" if count else ""
