"""Copies of an image are recognised, other images are not taken for copies."""

import numpy as np
import pytest

from model_core.community.hashing import ALIKE, BITS, KnownImages, distance, image_hash
from model_core.training.rendered import render


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    kinds = ("nuclei_fluorescence", "yeast", "epithelium_membrane", "tissue_he", "bacteria_fluorescence")
    rng = np.random.default_rng(1)
    return [render(kind, rng, (150, 190)).image[:, None] for kind in kinds for _ in range(3)]


def test_copies_are_recognised_turned_scaled_noisy_inverted(pictures: list[np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    for image in pictures:
        own = image_hash(image)
        low, high = image.min(), image.max()
        grey = (image - low) / (high - low)
        copies = {
            "turned": np.rot90(image, 1, axes=(2, 3)),
            "mirrored": image[..., ::-1],
            "half the size": image[..., ::2, ::2],
            "noisy 8 bit": (255 * np.clip(grey**0.8 + rng.normal(0, 0.02, grey.shape), 0, 1)).astype(
                np.uint8
            ),
            "inverted": ((1 - grey) * 60000).astype(np.uint16),
            "two rows less": image[..., 2:, :],
        }
        for name, copy in copies.items():
            assert distance(own, image_hash(copy)) <= ALIKE, name


def test_other_images_of_the_same_kind_are_no_copies(pictures: list[np.ndarray]) -> None:
    hashes = [image_hash(image) for image in pictures]
    apart = [distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) > ALIKE and max(apart) <= BITS / 2


def test_known_images_name_the_copy(pictures: list[np.ndarray]) -> None:
    known = KnownImages()
    assert known.alike(image_hash(pictures[0])) is None
    for number, image in enumerate(pictures[:-1]):
        known.add(f"image {number}", image_hash(image))
    assert known.alike(image_hash(pictures[4][..., ::-1, :])) == "image 4"
    assert known.alike(image_hash(pictures[-1])) is None


def test_volumes_and_constant_images_have_a_hash() -> None:
    volume = np.random.default_rng(2).random((1, 4, 40, 30))
    assert distance(image_hash(volume), image_hash(volume[:, ::-1])) == 0
    assert len(image_hash(np.zeros((3, 1, 20, 20), np.uint8))) == len(image_hash(volume))


def test_what_is_no_hash_is_refused() -> None:
    with pytest.raises(ValueError):
        distance("00", image_hash(np.zeros((1, 1, 20, 20))))
