"""The engine: images in, labels out. Knows no Qt.

The names below are the public interface. They are imported when first used, so that ``import model_core``
takes no time and a window can be up before torch is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_core.annotation.matching import average_precision
    from model_core.errors import Cancelled, UserError
    from model_core.flows.masks import flows_to_labels
    from model_core.flows.targets import labels_to_flows
    from model_core.formats.label_image import read_labels, write_labels
    from model_core.images.image import Image
    from model_core.images.readers import read_image
    from model_core.models.model import Model, load_model
    from model_core.segmentation.outline import remask
    from model_core.segmentation.segmentation import Segmentation
    from model_core.segmentation.segmenter import segment

__version__ = "0.1.0"

_HOMES = {
    "Cancelled": "errors",
    "UserError": "errors",
    "average_precision": "annotation.matching",
    "flows_to_labels": "flows.masks",
    "labels_to_flows": "flows.targets",
    "read_labels": "formats.label_image",
    "write_labels": "formats.label_image",
    "Image": "images.image",
    "read_image": "images.readers",
    "Model": "models.model",
    "load_model": "models.model",
    "Segmentation": "segmentation.segmentation",
    "remask": "segmentation.outline",
    "segment": "segmentation.segmenter",
}

__all__ = [
    "Cancelled",
    "Image",
    "Model",
    "Segmentation",
    "UserError",
    "average_precision",
    "flows_to_labels",
    "labels_to_flows",
    "load_model",
    "read_image",
    "read_labels",
    "remask",
    "segment",
    "write_labels",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'model_core' has no attribute {name!r}")
    return getattr(import_module(f"model_core.{_HOMES[name]}"), name)
