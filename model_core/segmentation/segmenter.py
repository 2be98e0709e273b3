"""An image to its labels: diameter, fields, masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from model_core.errors import Cancelled
from model_core.flows.dynamics import no_places
from model_core.images.channels import choose_channels
from model_core.images.float32 import fit_for_float32
from model_core.images.image import Image, image_from_array
from model_core.images.readers import read_image
from model_core.images.scaled import ScaledImage, is_finite
from model_core.models.model import Model, load_model
from model_core.segmentation.blocks import in_blocks, outline_in_blocks, whole_box
from model_core.segmentation.growing_labels import Finished
from model_core.segmentation.look import measured_diameter
from model_core.segmentation.options import Options
from model_core.segmentation.outline import outline
from model_core.segmentation.planes import PlanePredictor, predict_planes
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.sizes import median_diameter
from model_core.segmentation.tiling import Cancel, Fields, Progress
from model_core.segmentation.volume import predict_volume

_THICK = 1.5  # diameters, of a stack that is looked at along all axes; measured on parts of bbbc050 volumes
_SAME_CELL = 0.25  # IoU from plane to plane


def segment(
    image: Image | np.ndarray | str | Path,
    model: Model | str | Path | None = None,
    *,
    axes: str | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    finished: Finished | None = None,
    **options: Any,
) -> Segmentation:
    """Finds the objects in an image.

    Planes with a side of more than `LARGE` px are worked on in blocks: intensities are scaled place by
    place, and memory beyond the image, its labels and its fields (10 bytes a pixel) stays the same.

    Args:
        image: an `Image`, a path, or an array ``(Y, X)``, ``(Y, X, C)``, ``(Z, Y, X)`` or with ``axes``.
        model: a `Model`, a name in the registry, a file, or None for the bundled generalist.
        device: "cuda", "mps" or "cpu"; None takes the best there is. Ignored for a `Model`.
        progress: called with the fraction done and what is being done. cancel: asked between tiles.
        finished: called with a box ``(slice z, slice y, slice x)`` and the labels in it, uint32, whenever
            objects are final: block by block in large planes, once in others. What has a number there
            keeps it and its shape; the background may still become objects.
        options: the fields of `Options`: channels (of the image that the model looks at, such as (2, 3) for
            cells in the second and nuclei in the third; 0 as the first: the mean of all; None: the first
            ones; see `choose_channels`), diameter (px; None estimates it), do_3D (None: for stacks thicker
            than 1.5 diameters, if nothing is stitched; not for time series), stitch_threshold (0 leaves
            planes apart, but where do_3D is None and the stack is thinner than that), anisotropy (None:
            from the file, else 1), flow_threshold, score_threshold (None: as the model asks),
            cellprob_threshold, min_size (px), niter, augment, tile (px), batch_size.

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
    pixels, notes = _looked_at(image, model)
    if cancel and cancel():
        raise Cancelled
    diameter = settings.diameter or measured_diameter(model, pixels, cancel) or model.diameter
    settings = replace(
        settings.suited_to(model.network), anisotropy=settings.anisotropy or image.anisotropy or 1.0
    )
    settings, said = _with_dimensions(settings, image, diameter)
    volume = bool(settings.do_3D)
    predictor = PlanePredictor(model, pixels, diameter, settings, cancel)
    places = None
    if in_blocks(settings, pixels.shape):
        fields = predictor.no_fields(np.float16)
        labels, scores = outline_in_blocks(
            fields,
            settings,
            diameter,
            predict=lambda z, core: predictor.predict(fields, z, core.rows, core.columns),
            finished=finished,
            progress=lambda fraction: report(0.05 + 0.95 * fraction, "Finding cells"),
            cancel=cancel,
        )
    else:

        def found(fraction: float) -> None:
            report(0.05 + 0.8 * fraction, "Finding cells")

        fields = _volume_fields(predictor, found) if volume else predict_planes(predictor, found)
        if cancel and cancel():
            raise Cancelled
        report(0.85, "Outlining cells")
        places = no_places(pixels.shape)
        labels, scores = outline(*fields, settings, places=places)
        if finished:
            finished(whole_box(labels.shape), labels)
    report(1.0, "Done")
    return Segmentation(
        labels,
        fields.flows,
        fields.cellprob,
        median_diameter(labels) or diameter,
        scores,
        settings,
        model.id,
        told + notes + said,
        model.card.calibration,
        places,
    )


def _with_dimensions(options: Options, image: Image, diameter: float) -> tuple[Options, tuple[str, ...]]:
    """Options with do_3D decided, and what the user should know about that.

    Sections of a stack that is hardly thicker than its cells show no whole cell, and the net sees none
    there. Moments of a time series have nothing to do with depth.
    """
    planes = image.shape[1]
    if planes == 1 or (image.time_series and options.do_3D is None):
        return replace(options, do_3D=False), ()
    if options.do_3D is not None or options.stitch_threshold:
        return replace(options, do_3D=bool(options.do_3D)), ()
    if planes * (options.anisotropy or 1.0) >= _THICK * diameter:
        return replace(options, do_3D=True), ()
    note = "The stack is hardly thicker than its cells: they were found plane by plane and joined."
    return replace(options, do_3D=False, stitch_threshold=_SAME_CELL), (note,)


def _volume_fields(predictor: PlanePredictor, progress: Callable[[float], None]) -> Fields:
    model, options = predictor.model, predictor.options
    return predict_volume(
        model,
        model.network.arrange(predictor.image.whole()),
        predictor.diameter,
        options.anisotropy or 1.0,
        progress=lambda done, total: progress(done / total),
        cancel=predictor.cancel,
        tile=options.tile,
        batch_size=options.batch_size,
        augment=options.augment,
    )


def _looked_at(image: Image, model: Model) -> tuple[ScaledImage, tuple[str, ...]]:
    """The channels that the net sees, and what the user should know about them.

    Of more channels than the net has inputs the first ones count.
    """
    notes = []
    inputs = model.network.options.channels
    if image.channels > inputs:
        notes.append(f"The image has {image.channels} channels; the model looked at the first {inputs}.")
    if not is_finite(image.pixels):
        notes.append("Some pixels hold no number (NaN or infinity); they were taken as black.")
    pixels = ScaledImage(image.pixels[:inputs])
    if pixels.is_constant:
        notes.append("The image has the same value everywhere; there is nothing to see in it.")
    return pixels, tuple(notes)
