"""Walking pixels of an object or a window to their sinks, at a resolution that suits the objects."""

from __future__ import annotations

import numpy as np

from model_core.annotation.pieces import pieces
from model_core.flows.dynamics import follow_flows
from model_core.segmentation.scaling import resized_to

_FAINTEST_FLOW = 0.03  # length below which the direction of a flow says nothing
_GRID = 50, 20  # points a diameter that suffice to walk, in a plane and in a volume


def rests(
    flows: np.ndarray, where: np.ndarray, start: np.ndarray, stride: tuple[int, ...] = (1, 1, 1)
) -> np.ndarray:
    """Where walkers come to rest that take steps of full length wherever the flows have a direction.

    Args:
        flows: ``(2 or 3, Z, Y, X)``, every ``stride``-th pixel of the fields. where: bool ``(Z, Y, X)``, the
            pixels that have flows. start: int64 ``(3, N)``. stride: px of the image by axis.

    Returns:
        float32 ``(3, N)``, in pixels of ``where``.
    """
    steps = np.zeros((3, *where.shape), np.float32)
    for axis in range(3 - len(flows), 3):
        steps[axis] = flows[axis - 3] / np.float32(stride[axis])
    length = np.sqrt(np.square(steps).sum(0) + (_FAINTEST_FLOW / stride[-1]) ** 2)
    steps *= where / length
    return follow_flows(steps, start, 200 + 2 * max(where.shape))


def stride_for(diameter: float, volume: bool, anisotropy: float) -> tuple[int, int, int]:
    """How many pixels of the image one of the walk stands for, z, y, x: 1 unless objects are large."""
    step = diameter / _GRID[volume]
    return max(1, int(step / anisotropy)) if volume else 1, max(1, int(step)), max(1, int(step))


def enlarged(mask: np.ndarray, shape: tuple[int, ...], stride: tuple[int, ...]) -> np.ndarray:
    """A mask of every so manyth pixel at full size, with smooth rims in its planes."""
    if stride == (1, 1, 1):
        return mask
    rows, columns = mask.shape[1] * stride[1], mask.shape[2] * stride[2]
    planes = resized_to(mask.astype(np.float32), rows, columns) >= 0.5
    return np.repeat(planes, stride[0], axis=0)[: shape[0], : shape[1], : shape[2]]


def radius_of(mask: np.ndarray) -> float:
    """px, of the circle of equal area, or of the ball of equal volume."""
    size = int(mask.sum())
    return float((size / np.pi) ** 0.5 if len(mask) == 1 else (size * 3 / (4 * np.pi)) ** (1 / 3))


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """The largest connected piece of a mask that has some pixels."""
    numbered, _ = pieces(mask)
    sizes = np.bincount(numbered.ravel())
    sizes[0] = 0
    return numbered == sizes.argmax()
