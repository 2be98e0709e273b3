"""Three rounds of a growing model, with a tiny net that really learns and real bundles in a store.

The model knows nuclei; people contribute red cells, which it has not seen. In the second round somebody
poisons the well: shifted labels, a licence that is not theirs to give, and copies of the evaluation.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from contributions import Labelled, bundle, shifted, with_manifest
from folders import write_pair
from scipy import ndimage

from model_core.community.checksums import sums_of
from model_core.community.manifest import Manifest
from model_core.community.releases import read_releases, roll_back
from model_core.community.rounds import Outcome, Round, run_round
from model_core.community.store import Store
from model_core.community.verify import write_catalogue_of
from model_core.community.workplace import Decision, Workplace
from model_core.errors import UserError
from model_core.formats.pairs import find_pairs
from model_core.images.image import Image
from model_core.models.package import Card, read_card, read_network, save_package
from model_core.networks.flow_net import FlowNet, FlowNetOptions
from model_core.training import batches, training_run
from model_core.training.catalogue import Catalogue, DataSet
from model_core.training.trainer import TrainingOptions
from model_core.training.training_run import TrainingRequest, train_model

SIDE, DIAMETER, RATE = 96, 18, 4e-3
# Each training is so much longer than the one before that the model surely gets better by it.
BEFORE, FIRST, THIRD = 4, 24, 260  # steps
NUCLEI, RED_CELLS, SEEDS = "nuclei, fluorescence", "red cells", "seeds"


class World:
    """The maintainers' data and workplace, a store, and a model that has learned the data a little."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nuclei = nuclei(1, 9)
        for number, (image, labels) in enumerate(self.nuclei):
            split = folder / "sets" / "nuclei" / ("val" if number < 3 else "train")
            write_pair(split, str(number), labels[0], image.pixels[:, 0])
        catalogue = folder / "catalogue.json"
        entry = DataSet("nuclei", NUCLEI, "MIT", "drawn")
        write_catalogue_of(
            catalogue, Catalogue(datasets={"nuclei": entry}), sums_of(find_pairs(folder / "sets"))
        )
        self.request = Round(
            folder / "sets", folder / "work", steps=FIRST, start=str(folder / "first.safetensors"),
            catalogue=catalogue,
        )  # fmt: skip
        (folder / "store" / "contributions").mkdir(parents=True)
        self.store = Store(str(folder / "store"))
        target = folder / "first.safetensors"
        first = TrainingRequest([folder / "sets"], target, steps=BEFORE, learning_rate=RATE, crops=1)
        torch.manual_seed(0)
        train_model(first)
        network, card = read_network(first.target)
        card.data[0]["kind"] = NUCLEI
        save_package(first.target, network, card)

    def contribute(self, images: list[Labelled], by: str, kind: str = RED_CELLS) -> str:
        _, made = bundle(self.folder / "store" / "contributions", images, by, kind)
        return made.id

    def run(self, steps: int = FIRST, **instead: object) -> Outcome:
        """A round that trains as usual, only faster, if nothing else is given instead."""
        instead = {
            "train": lambda request, say: train_model(replace(request, learning_rate=RATE, crops=1))
        } | instead
        request = replace(self.request, steps=steps)
        return run_round(self.store, request, lambda sentence: None, **instead)  # type: ignore[arg-type]

    def decisions(self, bundle: str) -> list[Decision]:
        return [d for d in Workplace(self.request.work).decisions() if d.bundle == bundle]

    def contents(self) -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in (self.folder / "store").rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Trained with two threads wherever it runs: sums in another order lead short trainings elsewhere."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with pytest.MonkeyPatch.context() as patch:
        _small(patch)
        world = World(tmp_path_factory.mktemp("world"))
    yield world
    torch.set_num_threads(before)


def _small(patch: pytest.MonkeyPatch) -> None:
    options = FlowNetOptions(widths=(16, 32, 32), depths=(1, 1, 1))
    patch.setattr(batches, "SIDES", (64,))
    patch.setattr(training_run, "FlowNet", lambda _: FlowNet(options))
    patch.setattr(training_run, "TrainingOptions", partial(TrainingOptions, warmup=10))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    _small(monkeypatch)


def nuclei(seed: int, count: int) -> list[Labelled]:
    """Bright on dark."""
    return drawn(seed, count, lambda depth, labels: np.minimum(depth / 3, 1) * (0.7 + 0.1 * (labels % 4)))


def red_cells(seed: int, count: int) -> list[Labelled]:
    """Dark on bright, paler in the middle."""
    return drawn(seed, count, lambda depth, labels: 1 - 0.8 * (depth > 0) + 0.04 * np.minimum(depth, 8))


def seeds(seed: int, count: int) -> list[Labelled]:
    """Only their rims are seen."""
    return drawn(seed, count, lambda depth, labels: (depth > 0) & (depth < 3))


def drawn(seed: int, count: int, look: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> list[Labelled]:
    """Discs that touch at most, at random places; `look` makes light of the depth in a disc and of labels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    images = []
    for _ in range(count):
        labels = np.zeros((SIDE, SIDE), np.uint32)
        for number in range(1, 60):
            cy, cx, radius = *rng.uniform(0, SIDE, 2), DIAMETER / 2 * rng.uniform(0.8, 1.2)
            disc = np.hypot(y - cy, x - cx) < radius
            if disc.sum() > 30 and not labels[disc].any():
                labels[disc] = number
        depth = sum(ndimage.distance_transform_edt(labels == n) for n in np.unique(labels)[1:])
        light = ndimage.gaussian_filter(look(depth, labels).astype(float), 0.7)
        light += 0.05 * rng.standard_normal(light.shape)
        images.append((Image((1000 + 4000 * light).astype(np.float32)[None, None], 0.5), labels[None]))
    return images


def test_three_rounds(world: World) -> None:
    _first_round_learns_the_new_kind(world)
    _second_round_is_poisoned(world)
    _a_worse_model_does_not_pass_the_gate(world)
    _third_round_goes_on(world)


def _first_round_learns_the_new_kind(world: World) -> None:
    id_ = world.contribute(red_cells(2, 8), "Ada")
    outcome = world.run()
    assert [d.outcome for d in world.decisions(id_)] == ["added"] * 8
    assert outcome.release is not None, outcome
    release = read_releases(world.store).get()
    assert release == outcome.release and release.parent is None
    assert set(release.scores) == {NUCLEI, RED_CELLS}
    assert any("6 images of “red cells”, contributed by Ada" in line for line in release.changelog)
    card = read_card(world.folder / "store" / release.file)
    assert card.name == release.name and card.parent == "first"
    assert {entry["licence"] for entry in card.data} == {"MIT", "CC0-1.0"}
    assert world.run().reasons == ("There is nothing new to learn.",)


def _second_round_is_poisoned(world: World) -> None:
    before = world.contents()
    moved = world.contribute(shifted(red_cells(3, 4), 5), "Mallory")
    (image, labels), *_ = world.nuclei
    copies = [
        (type(image)(np.ascontiguousarray(image.pixels[..., ::-1])), labels[..., ::-1].copy()),
        (type(image)(np.rot90(image.pixels, 1, (2, 3)).copy()), np.rot90(labels, 1, (1, 2)).copy()),
    ]
    copied = world.contribute(copies, "Mallory")
    path, made = bundle(world.folder / "other", red_cells(4, 3), "Mallory", RED_CELLS, "MIT")
    forged = Manifest(**{**vars(made), "licence": "CC0-1.0"})
    target = world.folder / "store" / "contributions" / f"{forged.id}.zip"
    with_manifest(path, licence="CC0-1.0", id=forged.id).rename(target)

    outcome = world.run()
    assert outcome.release is None and outcome.reasons == ("There is nothing new to learn.",)
    assert [d.outcome for d in world.decisions(moved)] == ["review"] * 4
    assert all("shifted labels" in d.reason for d in world.decisions(moved)[:1])
    assert [d.outcome for d in world.decisions(copied)] == ["refused"] * 2
    assert all("nuclei/val/0" in d.reason for d in world.decisions(copied))
    (licence,) = world.decisions(forged.id)
    assert licence.outcome == "refused" and "not what the contributor consented to" in licence.reason
    after = world.contents()
    assert {name: after[name] for name in before} == before and len(after) == len(before) + 3


def _a_worse_model_does_not_pass_the_gate(world: World) -> None:
    """Something goes wrong in the training: what it makes has forgotten all."""
    world.contribute(seeds(5, 5), "Bob", SEEDS)
    before = world.contents()

    def spoiled(request: TrainingRequest, say: object) -> Card:
        network, card = read_network(str(request.start))
        with torch.no_grad():
            for weights in network.head.parameters():  # type: ignore[union-attr]
                weights.zero_()
        save_package(request.target, network, card)
        return card

    outcome = world.run(train=spoiled)
    assert outcome.release is None
    assert any("falls from" in reason for reason in outcome.reasons)
    assert world.contents() == before
    assert "refused before" in world.run().reasons[0]


def _third_round_goes_on(world: World) -> None:
    """More good images of another new kind come; an interruption in the training costs nothing."""
    world.contribute(seeds(6, 8), "Carol", SEEDS)
    before = world.contents()

    def interrupted(request: TrainingRequest, say: object) -> Card:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.run(train=interrupted)
    assert world.contents() == before
    first = read_releases(world.store).get()
    outcome = world.run(THIRD)
    assert outcome.release is not None, outcome
    assert outcome.release.parent == first.name
    assert all(f"{kind}: " in "\n".join(outcome.release.changelog) for kind in (NUCLEI, RED_CELLS, SEEDS))
    assert {line.split(",")[1].strip() for line in outcome.release.changelog if "images of" in line} == {
        "contributed by Bob",
        "contributed by Carol",
    }
    assert roll_back(world.store).name == first.name
    assert (world.folder / "store" / outcome.release.file).exists()


def test_changed_data_stop_a_round(world: World, tmp_path: Path) -> None:
    image = world.folder / "sets" / "nuclei" / "val" / "0_img.tif"
    whole = image.read_bytes()
    image.write_bytes(whole + b"x")
    with pytest.raises(UserError, match=r"nuclei: val: 1 file changed: nuclei/val/0_img\.tif"):
        world.run()
    image.write_bytes(whole)
