"""The colour of every label: told apart by colour-blind eyes, and different from its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellpose_gui.canvas.colouring import Colouring
from cellpose_gui.canvas.palettes import PALETTES

_SELECTED_EXTRA = 0.15  # how much more opaque the fill of a selected label is
FOLD = 1 << 22  # ids beyond share the colour of a smaller id, which bounds the tables


@dataclass(frozen=True, slots=True)
class OverlayStyle:
    """How labels are drawn: opacities 0 to 1, `outline_width` in logical pixels (1 to 3),
    one more where the image is enlarged 3 times or more; `palette` a name of PALETTES."""

    visible: bool = True
    fill_opacity: float = 0.25
    outlines: bool = True
    outline_opacity: float = 1.0
    outline_width: int = 1
    palette: str = "Vivid"


@dataclass(frozen=True, slots=True, eq=False)
class ColourTables:
    """From label id to premultiplied colour (uint32 0xAARRGGBB): `fill`, `line`, `selected_fill`; and to
    bool: `selected`, `locked`. Nobody writes to them, so any thread may read."""

    fill: np.ndarray
    line: np.ndarray
    selected_fill: np.ndarray
    selected: np.ndarray
    locked: np.ndarray
    any_selected: bool
    any_locked: bool


class LabelColours:
    """Which label has which colour; `tables` to paint with."""

    def __init__(self) -> None:
        self.style = OverlayStyle()
        self._colouring: Colouring | None = None
        self._selected_ids: frozenset[int] = frozenset()
        self.hidden: frozenset[int] = frozenset()
        self.locked_ids: frozenset[int] = frozenset()
        self.restart()

    def set_style(self, style: OverlayStyle) -> None:
        """Another palette forgets which colours have been chosen: `separate` has to choose anew."""
        anew = style.palette != self.style.palette
        self.style = style
        if anew:
            self.restart()
        else:
            self._rebuild()

    def set_colouring(self, colouring: Colouring | None) -> None:
        """Colour labels by what is known of them; None: so that neighbours differ."""
        self._colouring = colouring
        self._rebuild()

    def set_selected(self, ids: frozenset[int]) -> None:
        self._selected_ids = ids
        self._rebuild_marks()

    def set_locked(self, ids: frozenset[int]) -> None:
        self.locked_ids = ids
        self._rebuild_marks()

    def set_hidden(self, ids: frozenset[int]) -> None:
        """Give these ids no colour at all."""
        self.hidden = ids
        self._rebuild()

    def restart(self) -> None:
        """Forget colours that were chosen for the labels of another image."""
        self._slots = self._default_slots(0, 1024)
        self._settled = np.zeros(1024, bool)
        self._settled[0] = True
        self._rebuild()

    def fold(self, ids: np.ndarray) -> np.ndarray:
        """Ids (uint32) that are safe to look up in the tables; grows the tables where needed."""
        self.reach(int(ids.max(initial=0)))
        return folded(ids) if len(self._slots) == FOLD else ids

    def reach(self, top: int) -> None:
        """Grow the tables for ids up to `top`."""
        if min(top, FOLD - 1) >= len(self._slots):
            self._grow(min(top, FOLD - 1))

    def separate(self, pairs: np.ndarray) -> None:
        """Choose colours so that no pair (N, 2) of neighbouring ids shares one.

        Ids that were in pairs before keep their colour, so nothing that the user has seen changes.
        """
        pairs = self.fold(pairs)
        if self._settled[pairs].all():
            return
        self._slots = _separated(self._slots, pairs, ~self._settled, len(self._palette))
        self._settled[pairs] = True
        self._rebuild()

    def settled(self, ids: np.ndarray) -> bool:
        """Whether the colours of all `ids` have been chosen with a view to their neighbours."""
        ids = self.fold(ids)  # first: it may put a larger table in place
        return bool(self._settled[ids].all())

    def slots_of(self, ids: np.ndarray) -> np.ndarray:
        """The place in the palette of every id."""
        ids = self.fold(ids)
        return self._slots[ids]

    def _grow(self, top: int) -> None:
        size = min(FOLD, max(top + 1, 2 * len(self._slots)))
        old = len(self._slots)
        self._slots = np.concatenate([self._slots, self._default_slots(old, size)])
        self._settled = np.concatenate([self._settled, np.zeros(size - old, bool)])
        self._rebuild()

    def _rebuild(self) -> None:
        style, colours, slots = self.style, self._palette, self._slots
        if self._colouring is not None:
            colours, slots = self._colouring.colours, self._colouring.slots_up_to(len(self._slots))
        self._colours = tuple(
            _premultiplied(colours, opacity).take(slots)
            for opacity in (
                style.fill_opacity,
                style.outline_opacity,
                min(1.0, style.fill_opacity + _SELECTED_EXTRA),
            )
        )
        hidden = self._places(self.hidden)
        for table in self._colours:
            table[0] = table[hidden] = 0
        self._rebuild_marks()

    @property
    def _palette(self) -> np.ndarray:
        return PALETTES[self.style.palette]

    def _default_slots(self, first: int, last: int) -> np.ndarray:
        # Labels often count along rows; a step that shares no factor with the number of colours spreads
        # neighbours.
        count = len(self._palette)
        step = next(step for step in (7, 5, 3) if np.gcd(step, count) == 1)
        return (np.arange(first, last) * step % count).astype(np.uint8)

    def _rebuild_marks(self) -> None:
        selected, locked = np.zeros(len(self._slots), bool), np.zeros(len(self._slots), bool)
        selected[self._places(self._selected_ids)] = locked[self._places(self.locked_ids)] = True
        hidden = self._places(self.hidden)
        selected[hidden] = locked[hidden] = False
        fill, line, selected_fill = self._colours
        self.tables = ColourTables(
            fill, line, selected_fill, selected, locked, bool(self._selected_ids), bool(self.locked_ids)
        )

    def _places(self, ids: frozenset[int]) -> np.ndarray:
        """Those ids that the tables reach."""
        places = np.fromiter(ids, np.int64, len(ids))
        return places[places < len(self._slots)]


def folded(ids: np.ndarray) -> np.ndarray:
    """Ids (uint32) with those from FOLD on brought below it."""
    if int(ids.max(initial=0)) < FOLD:
        return ids
    return np.where(ids < FOLD, ids, ids % (FOLD - 1) + 1).astype(np.uint32)


def _premultiplied(colours: np.ndarray, opacity: float) -> np.ndarray:
    red, green, blue = np.rint(colours.T * opacity).astype(np.uint32)
    return np.uint32(round(255 * opacity) << 24) | red << np.uint32(16) | green << np.uint32(8) | blue


def _separated(slots: np.ndarray, pairs: np.ndarray, movable: np.ndarray, count: int) -> np.ndarray:
    """Every round, the larger id of each clashing pair takes a random colour that none of its neighbours
    has."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    slots = slots.copy()
    generator = np.random.default_rng(0)
    for _ in range(30):
        clash = slots[pairs[:, 0]] == slots[pairs[:, 1]]
        first, second = pairs[clash].max(axis=1), pairs[clash].min(axis=1)
        movers = np.unique(np.where(movable[first], first, second))
        movers = movers[movable[movers]]
        if len(movers) == 0:
            break
        place = np.full(len(slots), -1)
        place[movers] = np.arange(len(movers))
        near = both[place[both[:, 0]] >= 0]
        score = generator.random((len(movers), count))
        score[place[near[:, 0]], slots[near[:, 1]]] += 1
        slots[movers] = score.argmin(axis=1)
    return slots
