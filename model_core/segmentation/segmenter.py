"""An image to its labels: diameter, fields, masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from model_core.errors import Cancelled
from model_core.images.channels import choose_channels
from model_core.images.float32 import fit_for_float32
from model_core.images.image import Image, image_from_array
from model_core.images.normalise import normalise
from model_core.images.readers import read_image
from model_core.models.model import Model, load_model
from model_core.segmentation.diameter import LARGEST_ZOOM, estimate_diameter
from model_core.segmentation.options import Options
from model_core.segmentation.outline import remask
from model_core.segmentation.scaling import resized, resized_to
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.tiling import Cancel, Fields, Progress, predict_fields
from model_core.segmentation.volume import estimate_volume_diameter, predict_volume


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
        options: the fields of `Options`: channels (of the image that the model looks at, such as (2, 3) for
            cells in the second and nuclei in the third; 0 as the first: the mean of all; None: the first
            ones; see `choose_channels`), diameter (px; None estimates it), do_3D (None: when there are
            several planes and nothing is stitched), stitch_threshold (0 leaves planes apart), anisotropy
            (None: from the file, else 1), flow_threshold, cellprob_threshold, min_size (px), niter,
            augment, tile (px), batch_size.

    Returns:
        A `Segmentation`; without objects its labels are all 0.

    Raises:
        UserError: no image, bad options, no such model, damaged model. Cancelled: ``cancel`` said so.
        MemoryError: image or fields do not fit; batches of the net were made smaller before.
    """
    settings = Options(**options).checked()
    if isinstance(image, str | Path):
        image = read_image(image)
    elif not isinstance(image, Image):
        image = image_from_array(image, axes)
    if not isinstance(model, Model):
        model = load_model(model, device)
    told: tuple[str, ...] = ()
    if settings.channels is not None:
        image, told = choose_channels(image, settings.channels, model.network.options.channels)
    image = fit_for_float32(image)
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
        replace(settings, do_3D=volume, anisotropy=anisotropy),
        model.id,
        told + notes,
        model.card.calibration,
    )
    result = remask(result)
    report(1.0, "Done")
    return result


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
