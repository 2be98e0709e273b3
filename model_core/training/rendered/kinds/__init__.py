"""All kinds of rendered image by name: one module a family."""

from __future__ import annotations

from model_core.training.rendered.kind import RenderKind
from model_core.training.rendered.kinds import (
    adherent,
    bacteria,
    colonies,
    cytology,
    cytoplasm,
    droplets,
    electron,
    elongated,
    fruit,
    membranes,
    nuclei,
    organoids,
    particles,
    round_cells,
    stained,
    tissue_cells,
)

FAMILIES = (
    nuclei,
    cytoplasm,
    membranes,
    bacteria,
    colonies,
    round_cells,
    adherent,
    stained,
    cytology,
    particles,
    elongated,
    electron,
    droplets,
    fruit,
    organoids,
    tissue_cells,
)

KINDS: dict[str, RenderKind] = {kind.name: kind for family in FAMILIES for kind in family.KINDS}
