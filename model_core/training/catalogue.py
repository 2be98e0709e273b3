"""The data sets that are known by name: their kind, licence, source and checksum."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """By name, the entries of ``resources/catalogue.json``."""
    text = (resources.files("resources") / "catalogue.json").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in json.loads(text)["datasets"]}
