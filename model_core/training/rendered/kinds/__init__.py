"""All kinds of rendered image by name: one module a family."""

from __future__ import annotations

from model_core.training.rendered.kind import RenderKind
from model_core.training.rendered.kinds import (
    adherent,
    bacteria,
    cytoplasm,
    electron,
    elongated,
    membranes,
    nuclei,
    particles,
    round_cells,
    stained,
)

FAMILIES = (
    nuclei,
    cytoplasm,
    membranes,
    bacteria,
    round_cells,
    adherent,
    stained,
    particles,
    elongated,
    electron,
)

KINDS: dict[str, RenderKind] = {kind.name: kind for family in FAMILIES for kind in family.KINDS}
