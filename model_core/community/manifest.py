"""What a contribution says of itself: who gives it, under which licence, and what its files are."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from model_core.errors import UserError

FORMAT = 1
NAME = "manifest.json"
LICENCES = {
    "CC0-1.0": "anybody may do anything with them",
    "CC-BY-4.0": "anybody may do anything with them and names whom they are from",
    "MIT": "anybody may do anything with them and passes this licence on",
}
MOST_IMAGES = 1000
_WORDS = 120  # characters of a name or a kind
_ITEM = re.compile(r"\d{4}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Item:
    """One labelled image of a bundle: files ``NAME_img.tif`` and ``NAME_masks.tif``.

    shape: (C, Z, Y, X). pixel_size, z_step: micrometres or None. The checksums are SHA-256 of the files.
    """

    name: str
    shape: tuple[int, int, int, int]
    dtype: str
    pixel_size: float | None
    z_step: float | None
    objects: int
    image_sha256: str
    masks_sha256: str

    @property
    def files(self) -> tuple[str, str]:
        return f"{self.name}_img.tif", f"{self.name}_masks.tif"


@dataclass(frozen=True)
class Manifest:
    """by: the contributor, a name or pseudonym. kind: of image, in words. program: that made the bundle."""

    by: str
    licence: str
    kind: str
    consent: str
    program: str
    date: str
    items: tuple[Item, ...]

    @property
    def id(self) -> str:
        """Follows from the content, so that the same contribution has the same name."""
        sums = [item.image_sha256 + item.masks_sha256 for item in self.items]
        text = "\0".join([self.by, self.licence, self.kind, *sorted(sums)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, "id": self.id, **asdict(self)}, indent=1, ensure_ascii=False)


def consent_text(licence: str) -> str:
    """What a contributor agrees to."""
    return (
        "I made these images and labels, or I have the right to pass them on. "
        f"I put them under the licence {licence}: {LICENCES[licence]}. "
        "They may be used to train models that anybody may use for anything. "
        "No person can be recognised by them, and no name or number of a patient is written in the pixels."
    )


def tidy_words(text: str, what: str) -> str:
    """A name or a kind without needless blanks; UserError where it is empty, too long or not printable."""
    text = " ".join(text.split())
    if not text or len(text) > _WORDS or not text.isprintable():
        raise UserError(f"The {what} must be a line of 1 to {_WORDS} characters.")
    return text


def check_licence(licence: str) -> None:
    """UserError if the licence is not one of those under which anybody may use what is learned."""
    if licence not in LICENCES:
        raise UserError(f"“{licence}” is none of the licences that are taken: {', '.join(LICENCES)}.")


def read_manifest(text: bytes) -> Manifest:
    """The manifest of a bundle that is not trusted.

    Raises:
        UserError: it is not one, or contradicts itself.
    """
    try:
        values = json.loads(text)
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise UserError("Its manifest is of a format that this version does not know.")
        items = values.pop("items")
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_IMAGES:
            raise UserError(f"A bundle holds 1 to {MOST_IMAGES} images.")
        words = {key: values[key] for key in ("by", "licence", "kind", "consent", "program", "date")}
        if not all(isinstance(word, str) and len(word) <= 2000 for word in words.values()):
            raise ValueError("words that are none")
        if not _DATE.fullmatch(words["date"]):
            raise ValueError("a date that is none")
        manifest = Manifest(**words, items=tuple(_item(entry) for entry in items))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"Its manifest is damaged: {error}.") from error
    tidy_words(manifest.by, "name of the contributor")
    tidy_words(manifest.kind, "kind of image")
    if len({item.name for item in manifest.items}) != len(manifest.items):
        raise UserError("Its manifest names an image twice.")
    if values.get("id") != manifest.id:
        raise UserError("Its manifest was changed: the identity does not follow from the content.")
    return manifest


def _item(values: dict[str, Any]) -> Item:
    item = Item(**(values | {"shape": tuple(values["shape"])}))
    whole = [*item.shape, item.objects]
    if not all(type(number) is int and 0 <= number < 2**31 for number in whole) or len(item.shape) != 4:
        raise ValueError("a number that must be whole is not")
    for length in (item.pixel_size, item.z_step):
        if length is not None and not (isinstance(length, int | float) and 0 < length < 1e6):
            raise ValueError(f"impossible pixel size {length!r}")
    if not _ITEM.fullmatch(item.name) or not isinstance(item.dtype, str):
        raise ValueError(f"impossible name {item.name!r}")
    if not all(_SHA256.fullmatch(sha) for sha in (item.image_sha256, item.masks_sha256)):
        raise ValueError("a checksum that is none")
    return item
