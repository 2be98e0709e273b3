"""Lengths as files spell them, in micrometres."""

from __future__ import annotations

import math

_MICROMETRES = {
    "micron": 1.0,
    "micrometer": 1.0,
    "um": 1.0,
    "µm": 1.0,
    "μm": 1.0,
    "\\u00b5m": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
}


def micrometres(unit: object) -> float | None:
    """How many micrometres the unit has; None for one that is not known, such as pixels."""
    return _MICROMETRES.get(unit.strip()) if isinstance(unit, str) else None


def positive(value: float | None) -> float | None:
    """A length, or None where it can't be one."""
    return value if value is not None and math.isfinite(value) and value > 0 else None


def round_length(longest: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above `longest` (> 0)."""
    power = 10.0 ** math.floor(math.log10(longest))
    return power * max((step for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9)), default=1)


def in_words(micrometres: float) -> str:
    """“20 µm”, “500 nm”, “2 mm”."""
    for size, unit in ((1000.0, "mm"), (1.0, "µm")):
        if micrometres >= size:
            return f"{micrometres / size:g} {unit}"
    return f"{micrometres * 1000:g} nm"
