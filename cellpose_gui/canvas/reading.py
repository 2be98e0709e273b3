"""What lies under the cursor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """A pixel of the plane that is shown. `values`: one per channel, in the units of the image; NaN where it
    is not read yet."""

    plane: int
    row: int
    col: int
    values: tuple[float, ...]
    label: int
