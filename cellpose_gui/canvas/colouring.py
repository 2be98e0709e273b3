"""Colours of cells by what is known of them: a few kinds, or a number from low to high."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cellpose_gui.canvas.palettes import CATEGORIES, UNKNOWN, ramp

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Legend:
    """What the colours mean: `kinds` with their number of cells, or a ramp from `low` to `high` in `unit`."""

    title: str
    kinds: tuple[tuple[Rgb, str, int], ...] = ()
    low: float = 0.0
    high: float = 0.0
    unit: str = ""

    @property
    def is_ramp(self) -> bool:
        return self.high > self.low


@dataclass(frozen=True, eq=False)
class Colouring:
    """`slots[id]` (uint8) is the row of `colours` (N, 3; uint32 0-255) for a cell; row 0: unknown."""

    colours: np.ndarray
    slots: np.ndarray
    legend: Legend

    def slots_up_to(self, size: int) -> np.ndarray:
        """Slots of the ids below `size`; cells that have come since are unknown."""
        if size <= len(self.slots):
            return self.slots[:size]
        return np.concatenate([self.slots, np.zeros(size - len(self.slots), np.uint8)])


def by_kind(
    title: str,
    kinds: Mapping[int, str],
    order: tuple[str, ...] = (),
    none: str = "",
    colours_of: Mapping[str, str] | None = None,
) -> Colouring:
    """A colour a kind, those of `order` first, then the most frequent; the rarest share one colour.

    `none` is the kind of those of which nothing is known: grey, and last. `colours_of`: kinds that have a
    colour of their own, "#RRGGBB".
    """
    own = {
        name: [int(code[at : at + 2], 16) for at in (1, 3, 5)] for name, code in (colours_of or {}).items()
    }
    names, counts = np.unique(list(kinds.values()), return_counts=True)
    number = dict(zip(names.tolist(), counts.tolist(), strict=True))
    unknown = number.pop(none, 0)
    shown = [name for name in order if name in number]
    shown += sorted((name for name in number if name not in order), key=lambda name: -number[name])
    free = iter(CATEGORIES.tolist())
    most = len(CATEGORIES) + len(own.keys() & set(shown))
    palette = [own[name] if name in own else next(free) for name in shown[:most]]
    row = {name: 1 + min(place, most - 1) for place, name in enumerate(shown)}
    slots = _slots_for(kinds)
    slots[list(kinds)] = [row.get(name, 0) for name in kinds.values()]
    entries: list[tuple[Rgb, str, int]] = [
        ((r, g, b), name, number[name]) for (r, g, b), name in zip(palette, shown, strict=False)
    ]
    if len(shown) > most:
        entries[-1] = (entries[-1][0], "others", sum(number[name] for name in shown[most - 1 :]))
    if unknown:
        entries.append((UNKNOWN, none, unknown))
    colours = np.array([list(UNKNOWN), *palette], np.uint32)
    return Colouring(colours, slots, Legend(title, kinds=tuple(entries)))


def by_number(title: str, values: Mapping[int, float], unit: str = "") -> Colouring:
    """From the 1st to the 99th percentile, so that a single odd cell does not take all colours."""
    ids = np.fromiter(values.keys(), np.int64, len(values))
    numbers = np.fromiter(values.values(), np.float64, len(values))
    known = np.isfinite(numbers)
    ids, numbers = ids[known], numbers[known]
    slots = _slots_for(values)
    low, high = (float(v) for v in np.percentile(numbers, (1, 99))) if len(numbers) else (0.0, 0.0)
    share = np.clip((numbers - low) / max(high - low, 1e-30), 0, 1) if high > low else np.zeros(len(numbers))
    slots[ids] = 1 + np.rint(share * 254).astype(np.uint8)
    colours = np.concatenate([np.array([UNKNOWN], np.uint32), ramp()])
    same = ((_rgb(colours[1]), f"{low:.4g} {unit}".strip(), len(ids)),) if len(ids) and high <= low else ()
    unknown = len(values) - len(ids)
    kinds = same + (((UNKNOWN, "unknown", unknown),) if unknown or not len(ids) else ())
    return Colouring(colours, slots, Legend(title, kinds, low, high, unit))


def _slots_for(ids: Mapping[int, object]) -> np.ndarray:
    return np.zeros(max(ids, default=0) + 1, np.uint8)


def _rgb(colour: np.ndarray) -> Rgb:
    red, green, blue = colour.tolist()
    return red, green, blue
