"""Rendered images: labels must be perfect and reproducible, since training trusts them blindly."""

import cv2
import numpy as np
import pytest
from skimage.measure import label as connected

from model_core.training.rendered import KINDS, render, render_any, render_volume


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def assert_perfect(labels: np.ndarray) -> None:
    """1..n, none missing, each one connected piece."""
    ids = np.unique(labels)
    ids = ids[ids > 0]
    np.testing.assert_array_equal(ids, np.arange(1, len(ids) + 1))
    assert connected(labels, connectivity=labels.ndim, background=0).max() == len(ids)


def whole_diameters(labels: np.ndarray) -> np.ndarray:
    """Diameters of the objects that the border does not cut."""
    area = np.bincount(labels.ravel())
    cut = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    area[cut] = 0
    area[0] = 0
    return 2 * np.sqrt(area[area > 0] / np.pi)


def near_borders(labels: np.ndarray) -> np.ndarray:
    edge = np.zeros(labels.shape, np.uint8)
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    edge[:-1] |= labels[:-1] != labels[1:]
    return cv2.dilate(edge, np.ones((3, 3), np.uint8)) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_image_and_labels_are_sound(kind: str) -> None:
    for seed in range(3):
        result = render(kind, rng(seed, 1), (160, 192))
        assert result.image.dtype == np.float32 and result.labels.dtype == np.int32
        assert result.image.ndim == 3 and 1 <= len(result.image) <= 3
        assert result.image.shape[1:] == result.labels.shape == (160, 192)
        assert np.isfinite(result.image).all()
        assert result.image.max() <= 65535 and result.image.min() >= 0
        assert max(channel.std() for channel in result.image) > 0.5
        assert_perfect(result.labels)
        assert KINDS[kind].may_be_empty or result.labels.max() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_gives_the_same_image_and_another_seed_another(kind: str) -> None:
    first, again, other = (render(kind, rng(seed), (128, 128)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.image.shape != other.image.shape or not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wanted", [18.0, 32.0])
def test_requested_diameter_is_met(kind: str, wanted: float) -> None:
    found = [whole_diameters(render(kind, rng(seed, 2), (224, 224), wanted).labels) for seed in range(4)]
    assert np.median(np.concatenate(found)) == pytest.approx(wanted, rel=0.3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(97, 211), (64, 33), (20, 20)])
def test_odd_shapes(kind: str, shape: tuple[int, int]) -> None:
    result = render(kind, rng(3), shape)
    assert result.image.shape[1:] == result.labels.shape == shape
    assert_perfect(result.labels)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_lie_where_the_objects_are_seen(kind: str) -> None:
    """The image changes more along the borders of its labels than along the borders of mirrored labels."""
    gains = []
    for seed in range(6):
        result = render(kind, rng(seed, 4), (192, 192), 44.0)
        image = np.stack([cv2.GaussianBlur(channel, (0, 0), 1.0) for channel in result.image])
        slope = np.hypot(*np.gradient(image, axis=(1, 2))).max(axis=0)
        slope = cv2.blur(slope, (3, 3))  # on the crest of a wall itself the slope is 0
        right, wrong = near_borders(result.labels), near_borders(result.labels[::-1, ::-1])
        if right.any():
            gains.append(slope[right].mean() / slope[wrong].mean())
    assert np.median(gains) > 1.15


def test_empty_fields_of_dirt_occur_but_are_rare() -> None:
    empty = [render("suspension", rng(seed, 9), (96, 96), 16.0).labels.max() == 0 for seed in range(60)]
    assert 1 <= sum(empty) <= 20


def test_mixture_draws_many_kinds() -> None:
    generator = rng(0)
    channels = {len(render_any(generator, (64, 64)).image) for _ in range(25)}
    assert channels >= {1, 3}


def test_bad_requests_are_refused() -> None:
    with pytest.raises(KeyError):
        render("no such kind", rng(0))
    with pytest.raises(ValueError, match="positive"):
        render("yeast", rng(0), (0, 10))
    with pytest.raises(ValueError, match="positive"):
        render("yeast", rng(0), diameter=-3.0)


def test_volume_holds_touching_flattened_objects() -> None:
    result = render_volume(rng(1), (20, 96, 96), anisotropy=2.5)
    again = render_volume(rng(1), (20, 96, 96), anisotropy=2.5)
    np.testing.assert_array_equal(result.image, again.image)
    assert result.image.shape == (1, 20, 96, 96) and result.image.dtype == np.float32
    assert result.labels.shape == (20, 96, 96) and result.labels.dtype == np.int32
    assert np.isfinite(result.image).all()
    assert_perfect(result.labels)
    assert result.labels.max() > 10
    left, right = result.labels[..., :-1], result.labels[..., 1:]
    assert ((left != right) & (left > 0) & (right > 0)).sum() > 30
    extents = []
    for number in range(1, result.labels.max() + 1):
        z, y, x = np.nonzero(result.labels == number)
        inside = min(y.min(), x.min(), z.min()) > 0 and max(y.max(), x.max()) < 95 and z.max() < 19
        if inside:
            extents.append((np.ptp(y) + np.ptp(x) + 2) / 2 / (np.ptp(z) + 1))
    assert np.median(extents) == pytest.approx(2.5, rel=0.3)
    signal = result.image[0]
    assert signal[result.labels > 0].mean() > 1.3 * signal[result.labels == 0].mean()
