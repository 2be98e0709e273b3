"""``models``: which models there are."""

from __future__ import annotations

from rich.table import Table

from model_core.cli.console import complain, print_table
from model_core.errors import UserError


def models() -> None:
    """Lists the models that can be named, with what their cards say."""
    from model_core.models.package import read_card
    from model_core.models.registry import find_model, model_names

    table = Table("name", "date", "objects", "data sets", "AP 0.5", "licence", "file")
    table.columns[2].justify = table.columns[3].justify = table.columns[4].justify = "right"
    for name in model_names():
        path = find_model(name)
        try:
            card = read_card(path)
        except UserError as error:
            complain(str(error))
            continue
        objects = sum(entry["objects"] for entry in card.data if isinstance(entry.get("objects"), int))
        score = card.scores.get("mean", {}).get("ap50")
        table.add_row(
            name,
            card.date[:10],
            f"{objects:,}" if objects else "",
            str(len(card.data) or ""),
            f"{score:.3f}" if isinstance(score, float) else "",
            card.licence,
            str(path),
        )
    print_table(table)
