"""Volumes from their planes: averaging, signs, the scale of z, thresholds, without a trained net.

The net here sees each plane perfectly; whatever is wrong in a volume then comes from putting planes together.
"""

import numpy as np
import pytest
from drawings import balls
from scipy import ndimage

from model_core.annotation.matching import average_precision
from model_core.flows.masks import flow_fit
from model_core.flows.sections import section_flows
from model_core.flows.targets import labels_to_flows
from model_core.models.model import Model
from model_core.models.package import Card
from model_core.segmentation.confidence import DEFAULT, calibrated
from model_core.segmentation.options import Options
from model_core.segmentation.outline import outline
from model_core.segmentation.tiling import Fields
from model_core.segmentation.volume import predict_volume
from model_core.training.rendered.volume import render_volume

COLOURS = 12


class PlaneReader(Model):
    """Knows every plane: objects come in colours, a channel each, so that touching ones can be told apart."""

    def __init__(self) -> None:
        self.card = Card("reader", diameter=24.0)
        self.device = "cpu"

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        return np.stack([self._maps(tile) for tile in tiles])

    def _maps(self, tile: np.ndarray) -> np.ndarray:
        colour = np.where(tile.max(0) > 0.5, tile.argmax(0) + 1, 0)
        labels = np.zeros(colour.shape, np.int32)
        for number in range(1, COLOURS + 1):
            pieces = ndimage.label(colour == number, np.ones((3, 3)))[0]
            labels[pieces > 0] = pieces[pieces > 0] + labels.max()
        cellprob = np.where(labels > 0, 6.0, -6.0)[None]
        return np.concatenate([labels_to_flows(labels), cellprob, 0 * cellprob]).astype(np.float32)


def coloured(labels: np.ndarray) -> np.ndarray:
    """float32 (COLOURS, Z, Y, X): 1 in the channel of the object's colour; touching objects differ in it."""
    colour_of = np.zeros(int(labels.max()) + 1, int)
    near = ndimage.grey_dilation(labels, size=5)
    near_low = -ndimage.grey_dilation(-np.where(labels > 0, labels, 10**6), size=5)
    touching: dict[int, set[int]] = {}
    for other in (near, near_low):
        at = (labels > 0) & (other > 0) & (other < 10**6) & (other != labels)
        for a, b in np.unique(np.stack([labels[at], other[at]]), axis=1).T.tolist():
            touching.setdefault(a, set()).add(b)
            touching.setdefault(b, set()).add(a)
    for number in range(1, len(colour_of)):
        taken = {colour_of[other] for other in touching.get(number, ())}
        colour_of[number] = min(set(range(1, COLOURS + 1)) - taken)
    colours = colour_of[labels]
    return np.stack([colours == n for n in range(1, COLOURS + 1)]).astype(np.float32)


# every scaled plane has a side that nets take without padding, so that objects at the border are not mirrored
SHAPES = {1.0: (64, 64, 64), 2.0: (32, 64, 96), 5.0: (32, 64, 64)}


@pytest.fixture(scope="module", params=list(SHAPES))
def seen(request: pytest.FixtureRequest) -> tuple[float, np.ndarray, Fields]:
    """Anisotropy, labels of touching ellipsoids, and the fields that the planes give together."""
    anisotropy = request.param
    rng = np.random.default_rng(int(anisotropy))
    labels = render_volume(rng, SHAPES[anisotropy], anisotropy, 24.0).labels
    return anisotropy, labels, predict_volume(PlaneReader(), coloured(labels), 24.0, anisotropy)


def fit(labels: np.ndarray, flows: np.ndarray, anisotropy: float) -> tuple[np.ndarray, np.ndarray]:
    """Error and agreement of every object that has more than a few voxels."""
    found = flow_fit(labels, flows, np.zeros(labels.shape, np.float32), anisotropy)
    large = np.flatnonzero(np.bincount(labels.ravel()) > 60)[1:]
    return found.error[large], found.agreement[large]


def test_touching_ellipsoids_are_found(seen: tuple[float, np.ndarray, Fields]) -> None:
    anisotropy, labels, fields = seen
    options = Options(do_3D=True, anisotropy=anisotropy)
    found, scores = outline(fields.flows, fields.cellprob, options)
    confidence = calibrated(scores, DEFAULT)
    ap, *_ = average_precision(labels, found, (0.5, 0.75))
    assert labels.max() >= 30 and ap[0] == 1 and ap[1] >= 0.97
    assert np.median(confidence[1:]) > 0.7


def test_averaged_planes_are_the_section_flows(seen: tuple[float, np.ndarray, Fields]) -> None:
    """Signs, axes and scale: every object agrees with what a perfect net would say, and with nothing else."""
    anisotropy, labels, fields = seen
    error, agreement = fit(labels, fields.flows, anisotropy)
    most = 1e-6 if anisotropy == 1 else 0.16  # scaling planes and their fields blurs them by a pixel
    assert error.max() < most and agreement.min() > 1 - most
    for axis in range(3):
        wrong = fields.flows.copy()
        wrong[axis] *= -1
        assert np.median(fit(labels, wrong, anisotropy)[0]) > 0.8


@pytest.mark.parametrize("anisotropy", [2.0, 5.0])
def test_flows_along_z_are_in_voxels(anisotropy: float) -> None:
    """Else walkers overshoot along z, and the check drops what is left."""
    rng = np.random.default_rng(7)
    labels = render_volume(rng, SHAPES[anisotropy], anisotropy, 24.0).labels
    fields = predict_volume(PlaneReader(), coloured(labels), 24.0, anisotropy)
    true = section_flows(labels, anisotropy)
    inside = (labels > 0) & (np.abs(true[0]) > 0.5)
    ratio = fields.flows[0][inside] / true[0][inside]
    assert np.median(ratio) == pytest.approx(1 / anisotropy, rel=0.1)
    options = Options(do_3D=True, anisotropy=anisotropy, flow_threshold=0.4)
    for factor, least, most in ((1, 0.97, 1), (anisotropy, 0, 0.3)):
        flows = fields.flows * np.array([factor, 1, 1], np.float32)[:, None, None, None]
        found, _ = outline(flows, fields.cellprob, options)
        assert least <= average_precision(labels, found, (0.5,))[0][0] <= most


def test_no_shells_around_the_objects(seen: tuple[float, np.ndarray, Fields]) -> None:
    """What is found is solid: no object is the shell of another, as where walkers swing about a sink."""
    anisotropy, _, fields = seen
    found, _ = outline(fields.flows, fields.cellprob, Options(do_3D=True, anisotropy=anisotropy))
    solid = [
        np.count_nonzero(found[box] == n) / np.count_nonzero(ndimage.binary_fill_holes(found[box] == n))
        for n, box in enumerate(ndimage.find_objects(found.astype(np.int32)), 1)
    ]
    assert min(solid) > 0.99


@pytest.mark.parametrize("anisotropy", [1.0, 4.0])
def test_errors_mean_in_volumes_what_they_mean_in_planes(anisotropy: float) -> None:
    """So a flow threshold does too."""
    plane = balls((1, 50, 50), [(0, 25, 25)], (1, 16, 16))
    depth = round(40 / anisotropy) | 1
    volume = balls((depth, 50, 50), [(depth // 2, 25, 25)], (16 / anisotropy, 16, 16))
    for length, noise in ((0.0, 0.0), (0.8, 0.0), (1.0, 0.4), (0.7, 0.3)):
        rng = np.random.default_rng(1)
        flat = length * labels_to_flows(plane) + rng.normal(0, noise, (3, *plane.shape))
        flat[0] = 0
        deep = length * section_flows(volume, anisotropy) + rng.normal(0, noise, (3, *volume.shape))
        deep[0] /= anisotropy
        in_plane = flow_fit(plane, flat.astype(np.float32), np.zeros(plane.shape, np.float32))
        nothing = np.zeros(volume.shape, np.float32)
        in_volume = flow_fit(volume, deep.astype(np.float32), nothing, anisotropy)
        assert in_volume.error[1] == pytest.approx(in_plane.error[1], rel=0.1)
        assert in_volume.agreement[1] == pytest.approx(in_plane.agreement[1], abs=0.03)


def test_planes_together_are_planes_one_by_one() -> None:
    labels = balls((14, 40, 45), [(7, 20, 15), (6, 20, 31)], (5, 9, 9))
    pixels = coloured(labels)
    together = predict_volume(PlaneReader(), pixels, 18.0, 1.5)
    alone = predict_volume(PlaneReader(), pixels, 18.0, 1.5, batch_size=1, tile=128)
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
