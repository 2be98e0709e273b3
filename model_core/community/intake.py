"""From a store of contributions to training data: every bundle is judged once, every decision is logged."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from model_core.community.additions import Labelled, Origin, add_data_set
from model_core.community.judging import Judge
from model_core.community.review import put_aside
from model_core.community.store import Store
from model_core.community.unpack import LARGEST_BUNDLE, Bundle
from model_core.community.workplace import ADDED, REFUSED, REVIEW, Decision, Workplace
from model_core.errors import UserError

Say = Callable[[str], None]


def intake(store: Store, work: Workplace, make_judge: Callable[[], Judge], say: Say) -> list[Decision]:
    """Judges all bundles that were not judged before.

    Args:
        make_judge: called before each bundle: what was added is known to the next.
        say: called with a sentence now and then.

    Returns:
        The decisions, in the order of the bundles; they are in the log too.

    Raises:
        UserError: the store or the disk refuses. What was decided till then stays; nothing is half-done.
    """
    decided = {decision.bundle for decision in work.decisions()}
    new: list[Decision] = []
    for name in store.bundles():
        id_ = Path(name).stem
        if id_ not in decided:
            say(f"Looking at contribution {id_}…")
            work.forget(data_set_name(id_))  # an interrupted intake may have added it without deciding
            decisions = _take_in(store, name, work, make_judge())
            work.log(decisions)
            new += decisions
            for decision in decisions:
                where = f" image {decision.image}" if decision.image else ""
                say(f"  {id_}{where}: {decision.outcome}: {decision.reason}")
    return new


def _take_in(store: Store, name: str, work: Workplace, judge: Judge) -> list[Decision]:
    with tempfile.TemporaryDirectory(prefix="intake-") as folder:
        path, inside = Path(folder) / Path(name).name, Path(folder) / "content"
        inside.mkdir()
        store.fetch(name, path, LARGEST_BUNDLE)
        try:
            bundle = judge.open(path, inside)
        except UserError as error:
            return [Decision(path.stem, "", REFUSED, str(error))]
        decisions = judge.judge(bundle)
        if added := {d.image for d in decisions if d.outcome == ADDED}:
            manifest = bundle.manifest
            origin = Origin(manifest.by, manifest.date, manifest.licence, manifest.kind)
            add_data_set(work, data_set_name(manifest.id), origin, _files(bundle, judge, added))
        if doubtful := {d.image: d.reason for d in decisions if d.outcome == REVIEW}:
            put_aside(bundle, work, doubtful)
    return decisions


def data_set_name(bundle: str) -> str:
    """What the images of a bundle are called as a data set."""
    return f"contributed-{bundle}"


def _files(bundle: Bundle, judge: Judge, names: set[str]) -> dict[str, Labelled]:
    found = {}
    for item in bundle.manifest.items:
        if item.name in names:
            image, masks = (bundle.folder / file for file in item.files)
            found[item.name] = Labelled(image, masks, judge.hashes[item.name])
    return found
