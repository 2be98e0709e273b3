"""Rendered microscope images with perfect labels: endless training crops, and samples."""

from model_core.training.rendered.kind import Rendered, RenderKind
from model_core.training.rendered.kinds import KINDS
from model_core.training.rendered.render import render, render_any
from model_core.training.rendered.volume import render_volume

__all__ = ["KINDS", "RenderKind", "Rendered", "render", "render_any", "render_volume"]
