"""The bundled model anew: the data that the catalogue names, with its weights and its recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from model_core.community.verify import catalogue_sums, check_data, demand_the_same
from model_core.errors import UserError
from model_core.formats.pairs import find_pairs
from model_core.models.package import Card, read_card
from model_core.training.catalogue import bundled_catalogue_file, read_catalogue
from model_core.training.trainer import Progress
from model_core.training.training_run import TrainingRequest, train_model


def reproduce(
    folder: Path,
    target: Path,
    catalogue_file: Path | None = None,
    *,
    minutes: float | None = None,
    resume: bool = False,
    threads: int | None = None,
    say: Callable[[str], None],
    report: Callable[[Progress], None] | None = None,
) -> Card:
    """Trains from nothing on the training splits in ``folder``, if they are those of the catalogue.

    Args:
        minutes: stop after this time; None trains as many steps as the recipe says.
        resume: go on with an earlier run that wrote ``target``, towards the steps of the recipe.

    Raises:
        UserError: the data differ from the catalogue, it has no recipe, or as `train_model`.
    """
    path = catalogue_file or bundled_catalogue_file()
    catalogue = read_catalogue(path)
    recipe = catalogue.recipe
    steps = recipe.get("steps")
    if minutes is None and not isinstance(steps, int):
        raise UserError(f"The recipe in {path} says no number of steps; give --minutes.")
    if minutes is None and resume:
        steps -= read_card(target).recipe.get("steps", 0)
        if steps <= 0:
            raise UserError(f"“{target}” has had all the steps of the recipe already.")
    pairs = find_pairs(folder, "train")
    say(f"Checking {len(pairs)} labelled images against the catalogue…")
    demand_the_same(check_data(pairs, catalogue, catalogue_sums(path), ("train",)))
    request = TrainingRequest(
        data=[folder],
        target=target,
        minutes=minutes,
        steps=steps if minutes is None else None,
        resume=resume,
        rendered=recipe.get("rendered", 0.0),
        learning_rate=recipe.get("learning_rate"),
        threads=threads,
        catalogue=catalogue,
    )
    return train_model(request, say, report)
