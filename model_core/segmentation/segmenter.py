"""An image to its labels: diameter, fields, masks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from model_core.annotation.measure import measure
from model_core.annotation.objects import ObjectRecord, ObjectTable, Source
from model_core.errors import Cancelled, UserError
from model_core.flows.masks import flow_errors, flows_to_labels
from model_core.images.image import Image, image_from_array
from model_core.images.normalise import normalise
from model_core.images.readers import read_image
from model_core.models.model import Model, load_model
from model_core.segmentation.diameter import (
    LARGEST_ZOOM,
    estimate_diameter,
    median_diameter,
    resized,
    resized_to,
)
from model_core.segmentation.stitching import stitch_planes
from model_core.segmentation.tiling import OVERLAP, TILE, Cancel, Fields, Progress, predict_fields
from model_core.segmentation.volume import estimate_volume_diameter, predict_volume


@dataclass(frozen=True)
class Options:
    """How a segmentation was made; the names are those of `segment`."""

    diameter: float | None = None
    do_3D: bool | None = None
    stitch_threshold: float = 0.0
    anisotropy: float | None = None
    flow_threshold: float = 0.4
    cellprob_threshold: float = 0.0
    min_size: int = 15
    niter: int | None = None
    augment: bool = False
    tile: int = TILE
    batch_size: int = 4

    def checked(self) -> Options:
        """Itself, if every value makes sense; `UserError` otherwise."""
        if self.diameter is not None and not 1 <= self.diameter <= 10_000:
            raise UserError(
                f"The diameter is given in pixels, from 1 to 10,000; {self.diameter:g} is not possible."
            )
        if self.anisotropy is not None and not 0.05 <= self.anisotropy <= 50:
            raise UserError(
                f"An anisotropy of {self.anisotropy:g} is not possible; it is plane distance over pixel size."
            )
        if not 0 <= self.stitch_threshold <= 1:
            raise UserError("The stitch threshold is an overlap between 0 and 1.")
        if self.tile < 2 * OVERLAP or self.batch_size < 1 or self.min_size < 0:
            raise UserError(
                f"Tiles are at least {2 * OVERLAP} px, batches at least 1 tile, and sizes not negative."
            )
        if self.niter is not None and self.niter < 1:
            raise UserError("A pixel walks at least 1 step.")
        return self


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What a model said about an image.

    labels: uint32 (Z, Y, X). flows: float32 (2 or 3, Z, Y, X). cellprob: float32 (Z, Y, X), logits.
    diameter: px, of the objects found; the one given or estimated when none was found.
    confidence: float64 (max label + 1,), 0..1, by label. notes: plain sentences the user should read.
    """

    labels: np.ndarray
    flows: np.ndarray
    cellprob: np.ndarray
    diameter: float
    confidence: np.ndarray
    options: Options
    model_id: str
    notes: tuple[str, ...] = field(default=())

    @property
    def objects(self) -> ObjectTable:
        """One record an object, measured in the labels."""
        return ObjectTable(
            ObjectRecord(
                label, extent.box, extent.area, extent.centroid, Source.MODEL, float(self.confidence[label])
            )
            for label, extent in measure(self.labels).items()
        )


def segment(
    image: Image | np.ndarray | str | Path,
    model: Model | str | Path | None = None,
    *,
    axes: str | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    **options: Any,
) -> Segmentation:
    """Finds the objects in an image.

    Args:
        image: an `Image`, a path, or an array ``(Y, X)``, ``(Y, X, C)``, ``(Z, Y, X)`` or with ``axes``.
        model: a `Model`, a name in the registry, a file, or None for the bundled generalist.
        device: "cuda", "mps" or "cpu"; None takes the best there is. Ignored for a `Model`.
        progress: called with the fraction done and what is being done. cancel: asked between tiles.
        options: the fields of `Options`: diameter (px; None estimates it), do_3D (None: when there are
            several planes and nothing is stitched), stitch_threshold (0 leaves planes apart), anisotropy
            (None: from the file, else 1), flow_threshold, cellprob_threshold, min_size (px), niter,
            augment, tile (px), batch_size.

    Returns:
        A `Segmentation`; without objects its labels are all 0.

    Raises:
        UserError: bad options, no such model, damaged model. Cancelled: ``cancel`` said so.
    """
    settings = Options(**options).checked()
    if isinstance(image, str | Path):
        image = read_image(image)
    elif not isinstance(image, Image):
        image = image_from_array(np.asarray(image), axes)
    if not isinstance(model, Model):
        model = load_model(model, device)
    report = progress or (lambda fraction, text: None)
    report(0.0, "Measuring the cells")
    pixels, notes = net_input(image, model)
    if cancel and cancel():
        raise Cancelled
    volume = image.shape[1] > 1 and (
        settings.do_3D if settings.do_3D is not None else not settings.stitch_threshold
    )
    diameter = settings.diameter
    if diameter is None:
        found = (
            estimate_volume_diameter(model, pixels, cancel)
            if image.shape[1] > 1
            else estimate_diameter(model, pixels[:, 0], cancel)
        )
        diameter = found or model.diameter
    anisotropy = settings.anisotropy or image.anisotropy or 1.0

    def tiles(done: int, total: int) -> None:
        report(0.05 + 0.8 * done / total, "Finding cells")

    common = {
        "tile": settings.tile,
        "batch_size": settings.batch_size,
        "augment": settings.augment,
        "cancel": cancel,
    }
    if volume:
        fields = predict_volume(model, pixels, diameter, anisotropy, progress=tiles, **common)  # type: ignore[arg-type]
    else:
        fields = _predict_planes(model, pixels, diameter, tiles, common)
    if cancel and cancel():
        raise Cancelled
    report(0.85, "Outlining cells")
    result = Segmentation(
        np.zeros(image.shape[1:], np.uint32),
        fields.flows,
        fields.cellprob,
        diameter,
        np.zeros(1),
        replace(settings, do_3D=volume),
        model.id,
        notes,
    )
    result = remask(result)
    report(1.0, "Done")
    return result


def remask(result: Segmentation, **changes: Any) -> Segmentation:
    """The same fields with other thresholds: only the last step is done again.

    Args:
        changes: any of cellprob_threshold, flow_threshold, min_size, niter, stitch_threshold.

    Raises:
        UserError: an option that is not about this step, or a value that makes no sense.
    """
    allowed = {"cellprob_threshold", "flow_threshold", "min_size", "niter", "stitch_threshold"}
    if set(changes) - allowed:
        raise UserError(f"Only {', '.join(sorted(allowed))} can be changed without running the model again.")
    options = replace(result.options, **changes).checked()
    thresholds: dict[str, Any] = {
        "cellprob_threshold": options.cellprob_threshold,
        "min_size": options.min_size,
        "niter": options.niter,
    }
    if options.do_3D:
        # the quality check compares with targets of isotropic voxels, which these need not be
        labels = flows_to_labels(result.flows, result.cellprob, flow_threshold=0, **thresholds)
    else:
        labels = np.zeros(result.cellprob.shape, np.int32)
        highest = 0
        for z in range(len(labels)):
            plane = flows_to_labels(
                result.flows[:, z], result.cellprob[z], flow_threshold=options.flow_threshold, **thresholds
            ).astype(np.int32)
            labels[z] = np.where(plane > 0, plane + highest, 0)
            highest += int(plane.max())
        if options.stitch_threshold:
            labels = stitch_planes(labels, options.stitch_threshold)
    labels = labels.astype(np.uint32, copy=False)
    confidence = _confidence(labels, result.flows, result.cellprob)
    found = median_diameter(labels)
    return replace(
        result, labels=labels, confidence=confidence, diameter=found or result.diameter, options=options
    )


def net_input(image: Image, model: Model) -> tuple[np.ndarray, tuple[str, ...]]:
    """What the net sees: float32 ``(I, Z, Y, X)``, normalised, and what the user should know about it.

    Of more channels than the net has inputs the first ones count.
    """
    notes = []
    inputs = model.network.options.channels
    if image.channels > inputs:
        notes.append(f"The image has {image.channels} channels; the model looked at the first {inputs}.")
    if image.dtype.kind == "f" and not np.isfinite(image.pixels).all():
        notes.append("Some pixels hold no number (NaN or infinity); they were taken as black.")
    pixels = normalise(image.pixels[:inputs])
    if not pixels.any():
        notes.append("The image has the same value everywhere; there is nothing to see in it.")
    return model.network.arrange(pixels), tuple(notes)


def _predict_planes(
    model: Model, pixels: np.ndarray, diameter: float, tiles: Any, common: dict[str, Any]
) -> Fields:
    """The fields of each plane by itself, at the size of the image."""
    depth, height, width = pixels.shape[1:]
    zoom = min(model.diameter / diameter, LARGEST_ZOOM)
    fields = Fields(
        np.empty((2, depth, height, width), np.float32),
        np.empty((depth, height, width), np.float32),
        np.empty((depth, height, width), np.float32),
    )
    for z in range(depth):
        plane = predict_fields(
            model,
            resized(pixels[:, z], zoom),
            progress=lambda done, total, z=z: tiles(z * total + done, depth * total),  # type: ignore[misc]
            **common,
        )
        fields.flows[:, z] = resized_to(plane.flows, height, width)
        fields.cellprob[z] = resized_to(plane.cellprob[None], height, width)[0]
        fields.size[z] = resized_to(plane.size[None], height, width)[0]
    return fields


def _confidence(labels: np.ndarray, flows: np.ndarray, cellprob: np.ndarray) -> np.ndarray:
    """float64 by label, 0..1: the mean probability of the object's pixels, less where its flows disagree."""
    index = labels.ravel()
    sizes = np.bincount(index)
    chance = np.bincount(index, 1 / (1 + np.exp(-np.clip(cellprob.ravel(), -30, 30)))) / np.maximum(sizes, 1)
    if labels.shape[0] == 1:
        padded = np.concatenate([np.zeros((1, *labels.shape), np.float32), flows])
        chance = chance * np.clip(1 - flow_errors(labels, padded), 0, 1)
    chance[0] = 0
    return chance
