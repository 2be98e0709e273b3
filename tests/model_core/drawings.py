"""Labels drawn by formula, and a model that needs no training to see them."""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from model_core.flows.targets import labels_to_flows
from model_core.models.model import Model
from model_core.models.package import Card
from model_core.networks.flow_net import FlowNet, FlowNetOptions


def ball(shape: tuple[int, ...], centre: tuple[float, ...], radii: float | tuple[float, ...]) -> np.ndarray:
    """bool, True within an ellipsoid (or ellipse); radii in px by axis."""
    radii = np.broadcast_to(np.asarray(radii, float), len(shape))
    grid = np.ogrid[tuple(slice(length) for length in shape)]
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)) <= 1


def balls(
    shape: tuple[int, ...], centres: list[tuple[float, ...]], radii: float | tuple[float, ...]
) -> np.ndarray:
    """int32 labels 1, 2, ... of equal ellipsoids; the later ones lie on top."""
    labels = np.zeros(shape, np.int32)
    for number, centre in enumerate(centres, 1):
        labels[ball(shape, centre, radii)] = number
    return labels


def crowd(seed: int, shape: tuple[int, ...], count: int, radius: float) -> np.ndarray:
    """int32 labels of round cells that touch where they meet: Voronoi cells cut off at a distance."""
    rng = np.random.default_rng(seed)
    seeds = rng.uniform(0, shape, (count, len(shape)))
    pixels = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1)
    distance, nearest = cKDTree(seeds).query(pixels)
    reach = radius * rng.uniform(0.5, 1.2, count)
    return np.where(distance < reach[nearest], nearest + 1, 0).astype(np.int32)


class PlainNet(FlowNet):
    """Only asked for what it is, never run."""

    magnified = 1.0


class SeeingModel(Model):
    """Sees every bright connected shape of a plane as one object, and says the exact fields of it.

    As a net does, it tells the size of objects only near the size that it is used to.
    """

    def __init__(self) -> None:
        self.network = PlainNet(FlowNetOptions(widths=(8, 8), depths=(1, 1)))
        self.card = Card("seeing", diameter=30.0, date="2020-01-01")
        self.device = "cpu"
        self.calls = 0

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        self.calls += 1
        return np.stack([self._maps(tile.max(0)) for tile in tiles])

    def _maps(self, plane: np.ndarray) -> np.ndarray:
        labels, _ = ndimage.label(plane > 0.5)
        sizes = np.log2(2 * np.sqrt(np.maximum(np.bincount(labels.ravel()), 1) / np.pi) / self.diameter)
        flows = labels_to_flows(labels)
        cellprob = np.where(labels > 0, 6.0, -6.0)
        size = np.clip(sizes, -1.5, 1.5)[labels] * (labels > 0)
        return np.concatenate([flows, cellprob[None], size[None]]).astype(np.float32)
