"""What made a result: kept with it, so that a run goes on where it was interrupted and a report can tell."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import model_core
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason
from model_core.models.registry import find_model
from model_core.segmentation.options import Options

Record = dict[str, Any]  # what JSON can hold

_DECISIVE = ("weights", "options", "image")  # a run that agrees in these finds the same cells


def weights_digest(name: str | Path | None = None) -> str:
    """Tells the weights of a model apart from any others, also from those of its own name yesterday.

    Raises UserError when there is no such model.
    """
    path = find_model(name)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise UserError(f"The model file “{path}” cannot be read: {plain_reason(error)}.") from error
    return digest.hexdigest()[:32]


def run_record(model_id: str, weights: str, options: Options) -> Record:
    """The record of a run, to which `for_image` adds an image."""
    return {
        "program": model_core.__version__,
        "model": model_id,
        "weights": weights,
        "options": json.loads(json.dumps(vars(options))),
    }


def with_used(record: Record, options: Options) -> Record:
    """With the options as the model, the image and the person decided them together, for reports."""
    return {**record, "used": json.loads(json.dumps(vars(options)))}


def for_image(record: Record, image: Path) -> Record:
    """The record of a run on one image as its file is now. Raises UserError when it is not there."""
    return {**record, "image": _stamp(image)}


def same_run(one: object, other: object) -> bool:
    """Whether two records tell of the same weights, options and image; records of files may be anything."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    return all(key in one and key in other and one[key] == other[key] for key in _DECISIVE)


def differences(old: object, new: Record) -> str:
    """In words, what is not the same any more; "" if all is."""
    if not isinstance(old, dict) or not all(key in old for key in _DECISIVE):
        return "it was not made by this command"
    words = []
    if old["weights"] != new["weights"]:
        words.append(f"it was made by another model ({old.get('model')})")
    before = old["options"] if isinstance(old["options"], dict) else {}
    for key, value in new["options"].items():
        if before.get(key) != value:
            words.append(f"{key} was {before.get(key)} and is {value}")
    if old["image"] != new["image"]:
        words.append("the image has changed since")
    return ", ".join(words)


def _stamp(image: Path) -> str:
    try:
        stat: os.stat_result = image.stat()
    except FileNotFoundError:
        raise UserError(f"“{image}” does not exist.") from None
    except OSError as error:
        raise UserError(f"“{image}” cannot be read: {plain_reason(error)}.") from error
    return f"{stat.st_mtime_ns}:{stat.st_size}"
