"""A report about the cells of one or many images: one HTML file that needs nothing else.

Numbers, pictures, plots, how the cells were found, the card of the model, and a paragraph for the methods.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from model_core.annotation.measurements import Measurements
from model_core.annotation.objects import Review
from model_core.errors import UserError
from model_core.exports.overlay import drawn, show
from model_core.exports.tables import measured
from model_core.formats.atomic import write_atomically
from model_core.formats.labelling import Labelling
from model_core.models.package import Card, read_card
from model_core.models.registry import find_model

_MOST_PICTURES = 24
_PICTURE = 640  # px of the longer side
_DIAMETER = "equivalent_diameter_area"
_PLOTS = {
    _DIAMETER: "Diameter of the circle of equal area",
    "area": "Area",
    "circularity": "Circularity (1: a disc)",
    "eccentricity": "Eccentricity (0: a disc, near 1: a line)",
    "solidity": "Solidity (1: without dents)",
    "intensity_mean": "Mean brightness",
}
"""Columns that are plotted, and those of single channels, whose names begin so; what they are in words."""
_FILTERS = ("flow_threshold", "score_threshold")  # of which a run uses one
_BINS = 24
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2em auto; color: #222 }
table { border-collapse: collapse }
td, th { padding: .2em .9em .2em 0; text-align: left; vertical-align: top }
td.n, th.n { text-align: right } tr { border-bottom: 1px solid #ddd }
figure { margin: 0; break-inside: avoid } img, svg { width: 100%; height: auto }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 1.2em }
figcaption { font-size: .85em; color: #555 } p.made { color: #555 }
blockquote { margin: 0; padding: .5em 1em; background: #f3f5f7 }
"""


@dataclass(frozen=True, eq=False)
class _Part:
    """What the report keeps of one image."""

    name: str
    folder: str
    table: Measurements
    by_hand: int
    accepted: int
    classes: Counter[str]
    made_by: Mapping[str, Any]
    picture: str  # HTML
    pixel_size: float | None


def write_report(path: str | Path, images: Iterable[Labelling]) -> tuple[str, ...]:
    """Writes the report. Raises UserError."""
    parts = [_part(cells, with_picture=number < _MOST_PICTURES) for number, cells in enumerate(images)]
    if not parts:
        raise UserError("There is nothing to report: no image has cells.")
    body = [
        f"<h1>Cells of {escape(parts[0].name)}</h1>"
        if len(parts) == 1
        else f"<h1>Cells of {len(parts):,} images</h1>",
        f'<p class="made">{escape(_made(parts))}</p>',
        "<h2>Numbers</h2>",
        _numbers(parts),
        "<p>The middle half of the cells has diameters within the brackets.</p>",
        "<h2>Distributions</h2>",
        _figures(_plots(parts)),
        "<h2>Pictures</h2>",
        *([f"<p>The first {_MOST_PICTURES} images.</p>"] if len(parts) > _MOST_PICTURES else []),
        _figures(part.picture for part in parts),
        "<h2>Methods</h2>",
        f"<blockquote><p>{escape(methods(parts))}</p></blockquote>",
        "<h2>Settings</h2>",
        _settings(parts),
        *_cards(parts),
    ]
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Cells</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )
    with write_atomically(Path(path)) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return ()


def methods(parts: list[_Part]) -> str:
    """A paragraph for a paper, of what the records say and nothing else."""
    cells, by_hand = sum(len(part.table) for part in parts), sum(part.by_hand for part in parts)
    sentences = []
    for (program, model, options), names in _runs(parts).items():
        where = "" if len(names) == len(parts) else f" in {_count(len(names), 'image')}"
        if not model:
            sentences.append(f"How cells were found{where} is not recorded.")
            continue
        settings = dict(options)
        size = _number(settings, "diameter", 0)
        words = f"a cell diameter of {size:g} pixels" if size else "the cell diameter measured in each image"
        thresholds = [
            f"a {name} threshold of {value:g}, "
            for name in ("flow", "score")
            if (value := _number(settings, f"{name}_threshold", 0))
        ]
        probability = _number(settings, "cellprob_threshold", 0)
        sentences.append(
            f"Cells{where} were segmented with Cellpose GUI {program} and its model {_named(model)}, which "
            "predicts flows to the centre of each cell and a cell probability (Stringer et al., Nature "
            f"Methods 18, 100-106, 2021), with {words}, {''.join(thresholds)}a cell probability "
            f"threshold of {probability:g} and a least size of {_number(settings, 'min_size', 15):g} pixels."
        )
    sentences.append(f"{_count(cells, 'cell')} in {_count(len(parts), 'image')} were analysed.")
    if by_hand:
        sentences.append(
            f"{by_hand:,} of them ({by_hand / max(cells, 1):.1%}) were drawn or corrected by hand."
        )
    sizes = {part.pixel_size for part in parts}
    if sizes == {None}:
        sentences.append("Lengths are in pixels.")
    elif len(sizes) == 1:
        sentences.append(f"Lengths were converted with a pixel size of {sizes.pop():.4g} µm.")
    sentences.append("Measurements follow the definitions of scikit-image.")
    return " ".join(sentences)


def _named(model: str) -> str:
    """A model's name and the day on which its weights were saved."""
    found = re.fullmatch(r"(.+) (\d{4}-\d\d-\d\d)T\S*", model)
    return f"“{found[1]}” of {found[2]}" if found else f"“{model}”"


def _made(parts: list[_Part]) -> str:
    """What the report is about, and the day."""
    cells = _count(sum(len(part.table) for part in parts), "cell")
    folders = {part.folder for part in parts}
    where = f" of the folder {folders.pop()}" if len(folders) == 1 and "" not in folders else ""
    return f"{cells} in {_count(len(parts), 'image')}{where}. Written on {date.today().isoformat()}."


def _figures(figures: Iterable[str]) -> str:
    return '<div class="figures">' + "\n".join(figures) + "</div>"


def _number(settings: Mapping[str, Any], name: str, usual: float) -> float:
    value = settings.get(name)
    return value if isinstance(value, int | float) else usual


def _part(cells: Labelling, with_picture: bool) -> _Part:
    table = measured(cells)
    ids = table.columns["label"].tolist()
    name = cells.image.name if cells.image is not None else "image"
    picture = ""
    if with_picture and cells.image is not None:
        shown = show(cells, usual=_PICTURE, largest=_PICTURE)
        _, code = cv2.imencode(".jpg", drawn(shown, cells)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
        data = base64.b64encode(code).decode()
        caption = f"{name}: {_count(len(table), 'cell')}"
        picture = (
            f'<figure><img alt="{escape(caption)}" src="data:image/jpeg;base64,{data}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return _Part(
        name,
        cells.image.path.parent.name if cells.image is not None and cells.image.path is not None else "",
        table,
        len(cells.by_hand.intersection(ids)),
        sum(word == Review.ACCEPTED.value for word in cells.details.get("review", {}).values()),
        Counter(cells.classes[id_] for id_ in ids if id_ in cells.classes),
        cells.made_by,
        picture,
        cells.image.pixel_size if cells.image is not None else None,
    )


def _numbers(parts: list[_Part]) -> str:
    classes = sorted({name for part in parts for name in part.classes})
    head = ["Image", "Cells", "Drawn or corrected", "Accepted", "Median diameter", *classes]
    rows = []
    for part in parts:
        median = ""
        if len(diameters := part.table.columns[_DIAMETER]):
            low, middle, high = map(_shown, np.quantile(diameters, (0.25, 0.5, 0.75)))
            median = f"{middle} {part.table.units[_DIAMETER]} ({low} to {high})"
        counts = [f"{part.classes[name]:,}" for name in classes]
        seen = [f"{part.by_hand:,}", f"{part.accepted:,}"]
        rows.append([part.name, f"{len(part.table):,}", *seen, median, *counts])
    if len(parts) > 1:
        sums = [f"{sum(part.classes[name] for part in parts):,}" for name in classes]
        total = f"{sum(len(part.table) for part in parts):,}"
        seen = [f"{sum(part.by_hand for part in parts):,}", f"{sum(part.accepted for part in parts):,}"]
        rows.append(["All", total, *seen, "", *sums])
    return _html_table(head, rows)


def _plots(parts: list[_Part]) -> Iterable[str]:
    names = [name for part in parts for name in part.table.columns]
    plotted = dict.fromkeys(name for name in names if name.startswith(tuple(_PLOTS)))
    for name in sorted(plotted, key=lambda name: list(_PLOTS).index(_kind(name))):
        by_unit: dict[str, list[np.ndarray]] = {}
        for part in parts:
            if name in part.table.columns:
                by_unit.setdefault(part.table.units.get(name, ""), []).append(part.table.columns[name])
        for unit, values in by_unit.items():
            joined = np.concatenate(values)
            joined = joined[np.isfinite(joined)]
            if len(joined) > 1:
                words = _PLOTS[_kind(name)] + (f", {unit}" if unit else "")
                channel = name.removeprefix(_kind(name)).strip("_")
                yield _histogram(joined, words + (f", channel {channel}" if channel else ""))


def _kind(name: str) -> str:
    """The measurement of which a column is, of all channels or of one."""
    return max((kind for kind in _PLOTS if name.startswith(kind)), key=len)


def _histogram(values: np.ndarray, title: str) -> str:
    counts, edges = np.histogram(values, _BINS)
    width, height, low = 400, 160, 24
    bars = "".join(
        f'<rect x="{at * width / _BINS:.1f}" y="{height - tall:.1f}" width="{width / _BINS - 1:.1f}" '
        f'height="{tall:.1f}"/>'
        for at, tall in enumerate(counts / max(1, counts.max()) * (height - 14))
    )
    ticks = "".join(
        f'<text x="{part * width:.0f}" y="{height + 16}" text-anchor="{anchor}">{_shown(value)}</text>'
        for part, anchor, value in (
            (0, "start", edges[0]),
            (0.5, "middle", (edges[0] + edges[-1]) / 2),
            (1, "end", edges[-1]),
        )
    )
    return (
        f'<figure><svg viewBox="0 0 {width} {height + low}" role="img" font-size="12">'
        f"<title>{escape(title)}</title><g fill='#4a7fb5'>{bars}</g>{ticks}"
        f'<line x1="0" x2="{width}" y1="14" y2="14" stroke="#ddd"/>'
        f'<text x="{width}" y="11" text-anchor="end" fill="#555">{_count(int(counts.max()), "cell")}</text>'
        "</svg>"
        f"<figcaption>{escape(title)}. Median {_shown(np.median(values))} of {len(values):,} cells."
        "</figcaption></figure>"
    )


_Run = tuple[str, str, tuple[tuple[str, Any], ...]]


def _runs(parts: list[_Part]) -> dict[_Run, list[str]]:
    """Images by the run that found their cells: program, model, options."""
    runs: dict[_Run, list[str]] = {}
    for part in parts:
        options = part.made_by.get("used", part.made_by.get("options"))
        flat = (
            tuple(sorted((k, v) for k, v in options.items() if _plain(v)))
            if isinstance(options, dict)
            else ()
        )
        key = (str(part.made_by.get("program", "")), str(part.made_by.get("model", "")), flat)
        runs.setdefault(key, []).append(part.name)
    return runs


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _settings(parts: list[_Part]) -> str:
    rows = []
    for (program, model, options), names in _runs(parts).items():
        rows.append(["Images", names[0] if len(names) == 1 else f"{len(names):,}, such as {names[0]}"])
        if not model:
            rows.append(["Model", "not recorded"])
            continue
        rows += [["Program", f"Cellpose GUI {program}"], ["Model", model]]
        one_given = any(value is not None for name, value in options if name in _FILTERS)
        for name, value in options:
            unused = one_given and name in _FILTERS
            words = ("not used" if unused else "automatic") if value is None else str(value)
            rows.append([name.replace("_", " "), words])
    return _html_table([], rows)


def _cards(parts: list[_Part]) -> Iterable[str]:
    for model in dict.fromkeys(model for _, model, _ in _runs(parts) if model):
        card = _card(model)
        if card is None:
            yield f"<h2>Model “{escape(model)}”</h2><p>This model is not on this computer any more.</p>"
            continue
        rows = [["Date", card.date[:10]], ["Architecture", card.architecture], ["Licence", card.licence]]
        rows += [
            ["Learned from", ", ".join(str(entry.get("name", "")) for entry in card.data)],
            ["Notes", card.notes],
        ]
        mean = card.scores.get("mean")
        if isinstance(mean, dict) and isinstance(mean.get("ap50"), float):
            rows.append(
                ["Average precision at an IoU of 0.5", f"{mean['ap50']:.3f} (mean over its test sets)"]
            )
        yield f"<h2>Model “{escape(card.name)}”</h2>{_html_table([], [row for row in rows if row[1]])}"


def _card(model: str) -> Card | None:
    """The card of a model by its name and date; None unless it is this very one."""
    for name in (model, model.rpartition(" ")[0]):
        try:
            card = read_card(find_model(name)) if name else None
        except UserError:
            continue
        if card is not None and f"{card.name} {card.date}".strip() == model:
            return card
    return None


def _html_table(head: list[str], rows: list[list[str]]) -> str:
    def cells(row: list[str], tag: str) -> str:
        kinds = ["" if at == 0 or not head else ' class="n"' for at in range(len(row))]
        return "".join(f"<{tag}{kind}>{escape(text)}</{tag}>" for text, kind in zip(row, kinds, strict=True))

    lines = [f"<tr>{cells(head, 'th')}</tr>"] if head else []
    lines += [f"<tr>{cells(row, 'td')}</tr>" for row in rows]
    return "<table>" + "\n".join(lines) + "</table>"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _shown(value: float) -> str:
    """Three digits, and never an exponent where whole numbers will do."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"
