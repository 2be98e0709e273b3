"""What becomes of each image of a bundle: added, looked at by a person, or refused, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from model_core.community.checks import complaint_about_labels
from model_core.community.hashing import KnownImages, image_hash
from model_core.community.manifest import Item, Manifest, check_licence, consent_text
from model_core.community.quality import Quality, doubt
from model_core.community.unpack import Bundle, unpack
from model_core.community.workplace import ADDED, REFUSED, REVIEW, Decision
from model_core.errors import UserError
from model_core.images.image import Image
from model_core.training.catalogue import Catalogue

Measure = Callable[[Image, np.ndarray], Quality]
_DOUBTFUL = 1 / 3  # share of a bundle's images from which on a person looks at all of them


class Judge:
    """Decides about bundles.

    known: the images that are there already. catalogue: of the data sets they belong to. kinds: of image that
    the model has learned. measure: compares labels with what the model finds.
    """

    def __init__(
        self, known: KnownImages, catalogue: Catalogue, kinds: Collection[str], measure: Measure
    ) -> None:
        self._known = known
        self._catalogue = catalogue
        self._kinds = kinds
        self._measure = measure
        self.hashes: dict[str, str] = {}  # of the images of the bundle that was judged last, by name

    def open(self, path: Path, folder: Path) -> Bundle:
        """Takes a bundle apart.

        Raises:
            UserError: the bundle as a whole is refused: hostile, damaged, changed, or not free to be used.
        """
        bundle = unpack(path, folder)
        manifest = bundle.manifest
        if path.stem != manifest.id:
            raise UserError(f"It is called {path.stem}, but its content is that of {manifest.id}.")
        check_licence(manifest.licence)
        if manifest.consent != consent_text(manifest.licence):
            raise UserError(f"It says {manifest.licence}, but that is not what the contributor consented to.")
        return bundle

    def judge(self, bundle: Bundle, report: Callable[[int], None] | None = None) -> list[Decision]:
        """A decision for every image. What is doubtful in many of them makes all of them doubtful."""
        self.hashes = {}
        found: list[Decision] = []
        for done, item in enumerate(bundle.manifest.items):
            if report:
                report(done)
            outcome, reason = self._judge_image(bundle, item)
            found.append(_decision(bundle.manifest, item.name, outcome, reason))
        wrong = [decision for decision in found if decision.outcome != ADDED]
        if not wrong or len(wrong) < _DOUBTFUL * len(found):
            return found
        why = f"{len(wrong)} of the {len(found)} images of this bundle are refused or doubtful"
        return [_decision(bundle.manifest, d.image, REVIEW, why) if d.outcome == ADDED else d for d in found]

    def _judge_image(self, bundle: Bundle, item: Item) -> tuple[str, str]:
        try:
            image, labels = bundle.load(item)
        except UserError as error:
            return REFUSED, str(error)
        if complaint := complaint_about_labels(labels):
            return REVIEW, f"the labels: {complaint}"
        self.hashes[item.name] = image_hash(np.asarray(image.pixels))
        if twin := self._known.alike(self.hashes[item.name]):
            return REFUSED, self._about_copy(twin, bundle.manifest.licence)
        quality = self._measure(image, labels)
        if reason := doubt(quality, bundle.manifest.kind in self._kinds):
            return REVIEW, reason
        return ADDED, f"AP {quality.ap:.2f} at an IoU of 0.5 against the model, edges {quality.edge_fit:.2f}"

    def _about_copy(self, twin: str, licence: str) -> str:
        dataset, split, _ = twin.split("/", 2)
        what = "kept for the evaluation" if split == "val" else "in the training data already"
        reason = f"a copy of {twin}, {what}"
        entry = self._catalogue.datasets.get(dataset)
        if entry and entry.licence != licence:
            reason += f"; that image is under {entry.licence}, the bundle says {licence}"
        return reason


def _decision(manifest: Manifest, image: str, outcome: str, reason: str) -> Decision:
    return Decision(manifest.id, image, outcome, reason, manifest.by, manifest.kind, manifest.licence)
