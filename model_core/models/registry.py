"""Which models there are and where: bundled ones in ``resources``, the user's in their data folder."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import platformdirs

from model_core.errors import UserError
from model_core.models.package import SUFFIX

DEFAULT = "generalist"


def bundled_folder() -> Path:
    return Path(str(resources.files("resources") / "models"))


def user_folder() -> Path:
    """Where models that this person trained or imported are kept; may not exist yet."""
    return Path(platformdirs.user_data_dir("cellpose-gui", appauthor=False)) / "models"


def model_names() -> list[str]:
    """Names of all models, the default first."""
    names = {p.stem for folder in (bundled_folder(), user_folder()) for p in folder.glob(f"*{SUFFIX}")}
    return sorted(names, key=lambda name: (name != DEFAULT, name))


def find_model(name: str | Path | None = None) -> Path:
    """The file of a model given by name or path; None is the default.

    Raises:
        UserError: there is none; the message names those that exist.
    """
    name = name or DEFAULT
    path = Path(name)
    if len(path.parts) == 1 and path.suffix != SUFFIX:
        for folder in (user_folder(), bundled_folder()):
            if (found := folder / f"{name}{SUFFIX}").is_file():
                return found
    if path.is_file():
        return path
    if len(path.parts) > 1 or path.suffix == SUFFIX:
        raise UserError(f"The model file “{path}” does not exist.")
    known = ", ".join(model_names()) or "none"
    raise UserError(f"There is no model called “{name}”. Known models: {known}; or give a file.")
