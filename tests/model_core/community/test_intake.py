"""What the intake lets in, what it puts aside, what it refuses, and that each decision has a reason."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from contributions import bundle, labelled, shifted, with_manifest
from folders import write_pair

from model_core.annotation.cells_load import open_cells
from model_core.community import intake as taking_in
from model_core.community.hashing import image_hash
from model_core.community.holding_out import held_out
from model_core.community.intake import data_set_name, intake
from model_core.community.judging import Judge
from model_core.community.known import known_images
from model_core.community.quality import compare
from model_core.community.review import accept, decide, decline, waiting
from model_core.community.store import Store
from model_core.community.verify import catalogue_sums, check_data
from model_core.community.workplace import Decision, Workplace
from model_core.errors import UserError
from model_core.formats.label_image import read_labels
from model_core.formats.pairs import find_pairs
from model_core.images.readers import read_image
from model_core.training.catalogue import Catalogue, DataSet


class Place:
    """A store in a folder, a workplace, and a base data set of four images, one for the evaluation."""

    def __init__(self, folder: Path) -> None:
        self.contributions = folder / "store" / "contributions"
        self.contributions.mkdir(parents=True)
        self.store = Store(str(folder / "store"))
        self.work = Workplace(folder / "work")
        self.base = labelled("nuclei_fluorescence", 1, 4)
        for number, (image, labels) in enumerate(self.base):
            split = folder / "sets" / "nuclei" / ("val" if number == 3 else "train")
            write_pair(split, str(number), labels[0], image.pixels[0, 0])
        self.pairs = find_pairs(folder / "sets")
        entry = DataSet("nuclei", "nuclei, fluorescence", "MIT", "drawn")
        self.catalogue = Catalogue(datasets={"nuclei": entry})

    def judge(self) -> Judge:
        """Its model finds nothing: only the edges speak, as for kinds that are new."""
        known = known_images(self.pairs + self.work.pairs(), self.work.folder / "hashes.json")
        catalogue = self.catalogue.joined(self.work.catalogue())
        return Judge(
            known,
            catalogue,
            {"nuclei, fluorescence"},
            lambda image, labels: compare(image, labels, 0 * labels),
        )

    def intake(self) -> list[Decision]:
        return intake(self.store, self.work, self.judge, lambda sentence: None)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def outcomes(decisions: list[Decision]) -> list[str]:
    return [decision.outcome for decision in decisions]


def test_good_images_are_added_once(place: Place) -> None:
    images = labelled("red_cells", 2, 5)
    _, manifest = bundle(place.contributions, images, "Ada", "red cells", "CC-BY-4.0")
    decisions = place.intake()
    assert outcomes(decisions) == ["added"] * 5 and all(d.reason for d in decisions)
    assert place.intake() == []
    logged = place.work.decisions()
    assert [d.image for d in logged] == [item.name for item in manifest.items]
    assert logged[0].by == "Ada" and logged[0].date[:2] == "20"
    name = data_set_name(manifest.id)
    entry = place.work.catalogue().datasets[name]
    assert (entry.kind, entry.licence, entry.by) == ("red cells", "CC-BY-4.0", "Ada")
    assert len(place.work.pairs("train")) == 4 and len(place.work.pairs("val")) == 1
    for pair, (image, labels) in zip(sorted(place.work.pairs(), key=lambda p: p.name), images, strict=True):
        assert np.array_equal(read_image(pair.image).pixels, image.pixels)
        assert np.array_equal(read_labels(pair.masks), labels)
    sums = catalogue_sums(place.work.catalogue_file)
    assert not check_data(place.work.pairs(), place.work.catalogue(), sums)[0].differences


def test_shifted_labels_wait_for_a_person(place: Place) -> None:
    _, manifest = bundle(place.contributions, shifted(labelled("red_cells", 2, 3), 6))
    decisions = place.intake()
    assert outcomes(decisions) == ["review"] * 3 and not place.work.catalogue().datasets
    folder = place.work.review / manifest.id
    card = json.loads((folder / "review.json").read_text())
    assert set(card["images"]) == {"0001", "0002", "0003"} and card["by"] == "Ada"
    assert all("edges" in reason for reason in card["images"].values())
    image = folder / "0001_img.tif"
    file, store = open_cells(image.with_suffix(".cells"), image, (1, 128, 128))
    file.close()
    assert len(store.objects) == manifest.items[0].objects and store.undo_text == "Contributed labels"


def test_a_person_accepts_what_is_left_in_the_queue(place: Place) -> None:
    images = shifted(labelled("red_cells", 2, 3), 6)
    _, manifest = bundle(place.contributions, images)
    place.intake()
    (place.work.review / manifest.id / "0002_img.tif").unlink()
    decisions = accept(place.work, manifest.id)
    assert {d.image: d.outcome for d in decisions} == {"0001": "added", "0002": "refused", "0003": "added"}
    pairs = place.work.pairs()
    assert [pair.name for pair in sorted(pairs, key=lambda p: p.name)] == ["0001", "0003"]
    assert read_labels(pairs[0].masks).any() and not list(place.work.review.iterdir())
    assert place.intake() == []
    with pytest.raises(UserError, match="these do: none"):
        accept(place.work, manifest.id)


def test_images_are_decided_one_by_one(place: Place) -> None:
    images = shifted(labelled("red_cells", 2, 3), 6)
    _, manifest = bundle(place.contributions, images)
    place.intake()
    (queue,) = waiting(place.work)
    assert (queue.bundle, queue.by, queue.kind) == (manifest.id, "Ada", "red cells")
    assert queue.open_images == ["0001", "0002", "0003"] and "edges" in queue.reasons["0001"]
    assert decide(place.work, manifest.id, "0001", True) == []
    assert decide(place.work, manifest.id, "0002", False) == []
    assert waiting(place.work)[0].open_images == ["0003"] and not place.work.pairs()
    decisions = decide(place.work, manifest.id, "0003", True)
    assert {d.image: d.outcome for d in decisions} == {"0001": "added", "0002": "refused", "0003": "added"}
    assert sorted(pair.name for pair in place.work.pairs()) == ["0001", "0003"]
    assert waiting(place.work) == []
    with pytest.raises(UserError, match="waits for a review"):
        decide(place.work, manifest.id, "0003", True)


def test_a_person_declines(place: Place) -> None:
    _, manifest = bundle(place.contributions, shifted(labelled("red_cells", 2, 3), 6))
    place.intake()
    assert outcomes(decline(place.work, manifest.id)) == ["refused"] * 3
    assert not list(place.work.review.iterdir()) and not place.work.catalogue().datasets


@pytest.mark.parametrize("name", ["..", ".", "", "../review"])
def test_only_queues_are_reviewed(place: Place, name: str) -> None:
    (place.work.review / "review.json").write_text("{}")
    with pytest.raises(UserError, match="waits for a review"):
        decline(place.work, name)


def test_copies_of_the_evaluation_are_refused_and_cast_doubt_on_the_rest(place: Place) -> None:
    image, labels = place.base[3]
    copy = (type(image)(np.rot90(image.pixels, 1, (2, 3))), np.rot90(labels, 1, (1, 2)))
    bundle(place.contributions, [copy, *labelled("red_cells", 2, 1)], licence="CC0-1.0")
    first, second = place.intake()
    assert first.outcome == "refused" and "a copy of nuclei/val/3, kept for the evaluation" in first.reason
    assert "under MIT, the bundle says CC0-1.0" in first.reason
    assert second.outcome == "review" and "1 of the 2 images" in second.reason


def test_images_that_are_there_already_are_refused(place: Place) -> None:
    images = labelled("red_cells", 2, 4)
    bundle(place.contributions, images)
    place.intake()
    bundle(place.contributions, [*images[:1], *labelled("red_cells", 9, 4)], by="Eve")
    again = place.intake()
    assert outcomes(again) == ["refused", "added", "added", "added", "added"]
    assert "in the training data already" in again[0].reason or "evaluation" in again[0].reason


def test_bundles_that_are_not_free_or_not_whole_are_refused(place: Place) -> None:
    from model_core.community.manifest import Manifest

    def forged(seed: int, **words: str) -> None:
        path, made = bundle(place.contributions, labelled("red_cells", seed, 1))
        manifest = Manifest(**{**vars(made), **words})
        with_manifest(path, **words, id=manifest.id).rename(path.with_name(f"{manifest.id}.zip"))

    forged(1, licence="CC-BY-NC-4.0")
    forged(2, licence="CC-BY-4.0")
    path, _ = bundle(place.contributions, labelled("red_cells", 3, 1))
    path.rename(path.with_name("0123456789abcdef.zip"))
    (place.contributions / "fedcba9876543210.zip").write_bytes(b"PK\3\4 no zip")
    (place.contributions / "readme.zip").write_text("is not looked at")
    decisions = place.intake()
    assert outcomes(decisions) == ["refused"] * 4 and not place.work.catalogue().datasets
    reasons = " | ".join(decision.reason for decision in decisions)
    for words in (
        "none of the licences",
        "not what the contributor consented to",
        "It is called",
        "no zip file",
    ):
        assert words in reasons


def test_an_interrupted_intake_is_taken_up_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in (2, 3):
        bundle(place.contributions, labelled("red_cells", seed, 3))
    whole: Callable[..., None] = Workplace.log
    calls = []

    def interrupted(self: Workplace, decisions: list[Decision]) -> None:
        calls.append(decisions)
        if len(calls) == 2:
            raise KeyboardInterrupt
        whole(self, decisions)

    monkeypatch.setattr(taking_in.Workplace, "log", interrupted)
    with pytest.raises(KeyboardInterrupt):
        place.intake()
    monkeypatch.undo()
    assert len(place.work.decisions()) == 3
    assert outcomes(place.intake()) == ["added"] * 3
    assert len(place.work.catalogue().datasets) == 2 and len(place.work.pairs()) == 6
    assert {path.name for path in place.work.folder.iterdir()} == {
        "data", "review", "catalogue.json", "catalogue.sha256", "decisions.jsonl", "hashes.json"
    }  # fmt: skip


def test_movies_stay_on_one_side() -> None:
    frames = labelled("red_cells", 2, 1)[0][0].pixels
    rng = np.random.default_rng(0)
    movie = {f"m{n}": image_hash(frames + rng.normal(0, 0.01 * frames.std(), frames.shape)) for n in range(4)}
    others = {f"o{n}": image_hash(image.pixels) for n, (image, _) in enumerate(labelled("red_cells", 7, 6))}
    assert held_out(movie) == set() and len(held_out(others)) == 1
    chosen = held_out(movie | others)
    assert len(chosen) == 2 and not chosen & movie.keys()
