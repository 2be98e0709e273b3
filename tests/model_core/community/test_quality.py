"""Labels that lie beside the cells are told from labels that lie on them, with and without a model's help."""

import numpy as np
import pytest
from contributions import Labelled, labelled, shifted

from model_core.community.checks import complaint_about_labels
from model_core.community.quality import compare, doubt

KINDS = ("nuclei_fluorescence", "red_cells", "bacteria_fluorescence", "metal_grains", "tissue_he", "seeds")


@pytest.fixture(scope="module", params=KINDS)
def images(request: pytest.FixtureRequest) -> list[Labelled]:
    return labelled(request.param, 7, 2, side=160)


def test_right_labels_raise_no_doubt(images: list[Labelled]) -> None:
    for image, labels in images:
        nothing = np.zeros_like(labels)
        assert doubt(compare(image, labels, labels), kind_is_known=True) is None
        assert doubt(compare(image, labels, nothing), kind_is_known=False) is None
        assert "finds something else" in str(doubt(compare(image, labels, nothing), kind_is_known=True))


def test_shifted_labels_are_recognised_by_the_model_or_by_the_edges(images: list[Labelled]) -> None:
    for (image, labels), (_, moved) in zip(images, shifted(images, 5), strict=True):
        told = compare(image, moved, labels)
        assert told.shift == (-5, -5) and told.ap_shifted > told.ap + 0.3
        assert "shifted labels: AP" in str(doubt(told, kind_is_known=True))
        alone = str(doubt(compare(image, moved, np.zeros_like(labels)), kind_is_known=False))
        assert "fit the edges in the image better" in alone or "do not follow the edges" in alone


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_another_image_follow_no_edges(kind: str) -> None:
    """By chance they may, but seldom."""
    images = labelled(kind, 5, 6, side=160)
    pairs = zip(images, images[1:] + images[:1], strict=True)
    doubts = [doubt(compare(image, other, np.zeros_like(other)), False) for (image, _), (_, other) in pairs]
    assert sum(found is not None for found in doubts) >= 5


def test_a_slightly_generous_outline_is_no_shift() -> None:
    from scipy import ndimage

    for image, labels in labelled("nuclei_fluorescence", 8, 2):
        grown = ndimage.grey_dilation(labels, (1, 3, 3)).astype(np.uint32)
        assert doubt(compare(image, grown, labels), kind_is_known=True) is None


def test_volumes_are_compared_as_a_whole() -> None:
    (image, labels), *_ = labelled("nuclei_fluorescence", 8, 1)
    deep = type(image)(np.repeat(image.pixels, 3, axis=1))
    volume = np.concatenate([0 * labels, labels, 0 * labels])
    told = compare(deep, volume, np.roll(volume, 4, axis=2))
    assert told.shift == (0, 4) and told.ap < told.ap_shifted
    assert complaint_about_labels(volume) is None
