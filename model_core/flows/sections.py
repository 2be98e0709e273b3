"""What the planes of a volume say together: flow targets of a net that only knows planes.

Such a net sees each plane of a volume by itself, along all three axes, and says in it the way to the centre
of the section, not of the object. A component of the flow is then the mean of the two planes that it lies
in. So a perfect net says `section_flows`, not `labels_to_flows`, and its fields are to be measured by them.
"""

from __future__ import annotations

import numpy as np

from model_core.flows.pieces import connected_pieces
from model_core.flows.targets import flows_of_pieces


def section_flows(labels: np.ndarray, anisotropy: float = 1.0) -> np.ndarray:
    """Flow targets of a volume from those of its XY, ZX and ZY planes.

    Args:
        labels: integers ``(Z, Y, X)``, 0 = background.
        anisotropy: distance of planes over pixel size.

    Returns:
        float32 ``(3, Z, Y, X)``, order z, y, x, directions in space, each component the mean of two unit
        vectors'. Divided by ``anisotropy``, the first component is in voxels.
    """
    flows = np.zeros((3, *labels.shape), np.float32)
    for axis in range(3):
        rows, columns = (a for a in range(3) if a != axis)
        order = (axis, rows, columns)
        sections = connected_pieces(labels.transpose(order), planes_apart=True)
        seen = flows_of_pieces(sections, anisotropy if rows == 0 else 1.0)
        for component, along in ((1, rows), (2, columns)):
            flows[along] += seen[component].transpose(np.argsort(order)) / 2
    return flows
