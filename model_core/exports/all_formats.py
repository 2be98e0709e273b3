"""Every format in which labels and what follows from them are read or written: the one list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from model_core.errors import UserError
from model_core.exports.overlay import write_png, write_svg
from model_core.exports.report import write_report
from model_core.exports.tables import write_csv, write_parquet
from model_core.formats.coco import read_coco, write_coco_of_many
from model_core.formats.drawing import Shape
from model_core.formats.geojson import read_geojson, write_geojson
from model_core.formats.imagej_rois import read_imagej_rois, write_imagej_rois
from model_core.formats.label_image import read_labels, write_labels
from model_core.formats.labelling import Labelling
from model_core.formats.ome_tiff import write_ome_tiff
from model_core.formats.ome_zarr_labels import (
    path_inside,
    read_ome_zarr_labels,
    write_labels_inside,
    write_ome_zarr_labels,
)
from model_core.formats.outlines_text import read_outlines_text, write_outlines_text
from model_core.formats.seg_npy import read_seg_npy, write_seg_npy
from model_core.formats.training_pair import IMAGE_ENDING, write_training_pair

Read = Callable[[Path, Shape | None, str | None], Labelling]
Write = Callable[[Path, Labelling], tuple[str, ...]]
WriteMany = Callable[[Path, Iterable[Labelling]], tuple[str, ...]]


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: on the command line.
        title: in the window.
        hint: who opens it, or what it holds.
        ending: of the file name, behind the name of the image; the first one that fits tells the format.
        endings: others that are read.
        read: path, shape (Z, Y, X) of the image or None, name of the image file or None. None: is not read.
        write: one file for each image. Gives sentences about what the file could not hold.
        write_many: one file for all images.
        subfolder: where the files go, so that they are not taken for further images.
        inside: the place in an image that can hold its labels itself; then folder and ending do not matter.
    """

    name: str
    title: str
    hint: str
    ending: str
    endings: tuple[str, ...] = ()
    read: Read | None = None
    write: Write | None = None
    write_many: WriteMany | None = None
    subfolder: str = ""
    inside: Callable[[Path], Path] | None = None

    def reads(self, path: Path) -> bool:
        """Whether a file of this name is of this format, as far as it is read."""
        name = path.name.lower()
        return self.read is not None and name.endswith((self.ending.lower(), *self.endings))


def _read_label_image(path: Path, shape: Shape | None, name: str | None) -> Labelling:
    return Labelling(read_labels(path))


def _write_label_image(path: Path, cells: Labelling) -> tuple[str, ...]:
    write_labels(path, cells.labels)
    return ()


def _read_json(path: Path, shape: Shape | None, name: str | None) -> Labelling:
    """COCO, or GeoJSON under a name that does not tell so."""
    try:
        with path.open("rb") as file:
            start = file.read(200)
    except OSError:
        start = b""  # the reader says what is wrong
    features = b'"FeatureCollection"' in start or start.lstrip().startswith(b"[")
    return read_geojson(path, shape) if features else read_coco(path, shape, name)


FORMATS: tuple[Format, ...] = (
    Format(
        "seg-npy",
        "Cellpose",
        "Opens in Cellpose 1 to 4",
        "_seg.npy",
        read=lambda path, shape, name: read_seg_npy(path),
        write=write_seg_npy,
    ),
    Format(
        "ome-tiff",
        "OME-TIFF labels",
        "Each pixel holds the number of its cell; with the pixel size",
        "_masks.ome.tif",
        (".ome.tif", ".ome.tiff"),
        read=_read_label_image,
        write=write_ome_tiff,
    ),
    Format(
        "tiff",
        "TIFF labels",
        "Each pixel holds the number of its cell",
        "_masks.tif",
        (".tif", ".tiff", ".png"),
        read=_read_label_image,
        write=_write_label_image,
    ),
    Format(
        "ome-zarr",
        "OME-Zarr labels",
        "A folder with a pyramid, for napari and others",
        "_labels.ome.zarr",
        (".zarr",),
        read=lambda path, shape, name: read_ome_zarr_labels(path, shape),
        write=write_ome_zarr_labels,
    ),
    Format(
        "ome-zarr-inside",
        "OME-Zarr labels, in the image",
        "Into the group “labels” of images that are OME-Zarr folders",
        "/labels/cells",
        write=write_labels_inside,
        inside=path_inside,
    ),
    Format(
        "imagej",
        "ImageJ ROIs",
        "For the ROI Manager of ImageJ and Fiji",
        "_rois.zip",
        (".zip", ".roi"),
        read=lambda path, shape, name: read_imagej_rois(path, shape),
        write=write_imagej_rois,
    ),
    Format(
        "geojson",
        "GeoJSON",
        "Opens in QuPath, with holes and classes",
        ".geojson",
        read=lambda path, shape, name: read_geojson(path, shape),
        write=write_geojson,
    ),
    Format(
        "coco",
        "COCO",
        "For machine learning; one file for all images",
        "_coco.json",
        (".json",),
        read=_read_json,
        write_many=write_coco_of_many,
    ),
    Format(
        "outlines",
        "Outlines as text",
        "A line of x,y,x,y... for each cell",
        "_cp_outlines.txt",
        (".txt",),
        read=lambda path, shape, name: read_outlines_text(path, shape),
        write=write_outlines_text,
    ),
    Format(
        "csv",
        "Measurements (CSV)",
        "Area, shape, brightness of each cell, for spreadsheets; one table for all images",
        "_measurements.csv",
        (".csv",),
        write_many=write_csv,
    ),
    Format(
        "parquet",
        "Measurements (Parquet)",
        "The same table for Python and R",
        "_measurements.parquet",
        (".parquet",),
        write_many=write_parquet,
    ),
    Format(
        "pairs",
        "Training pairs",
        "Image and labels, from which models learn",
        IMAGE_ENDING,
        write=write_training_pair,
        subfolder="training",
    ),
    Format(
        "png",
        "Picture (PNG)",
        "Image with outlines and scale bar, for a talk",
        "_overlay.png",
        (".png",),
        write=write_png,
    ),
    Format(
        "svg",
        "Picture (SVG)",
        "The same with outlines that stay sharp and can be edited",
        "_overlay.svg",
        (".svg",),
        write=write_svg,
    ),
    Format(
        "report",
        "Report (HTML)",
        "Numbers, plots, pictures, settings and a paragraph for the methods",
        "_report.html",
        (".html",),
        write_many=write_report,
    ),
)

READABLE = tuple(fmt for fmt in FORMATS if fmt.read is not None)
WRITABLE = tuple(fmt for fmt in FORMATS if fmt.write is not None or fmt.write_many is not None)


def format_called(name: str) -> Format:
    """The format that is called so on the command line. Raises UserError."""
    for fmt in WRITABLE:
        if fmt.name == name.lower():
            return fmt
    known = ", ".join(fmt.name for fmt in WRITABLE)
    raise UserError(f"There is no format “{name}”; these are written: {known}.")


def format_of(path: Path) -> Format:
    """The format in which a file of this name is written: by its ending. Raises UserError."""
    name = path.name.lower()
    for fmt in WRITABLE:
        if name.endswith(fmt.ending.lower()):
            return fmt
    for fmt in WRITABLE:
        if name.endswith(fmt.endings):
            return fmt
    raise UserError(f"“{path.name}” does not tell in which format to write; give one with --to.")


def read_any(path: Path, shape: Shape | None = None, image_name: str | None = None) -> Labelling:
    """Labels of a file in any format, recognised by its name.

    Args:
        shape: (Z, Y, X) of the image they belong to; needed where the file does not say.
        image_name: of the image file, for files about several images.

    Raises:
        UserError: no such format, damaged, or of another shape than the image.
    """
    fmt = next((fmt for fmt in READABLE if fmt.reads(path)), None)
    if fmt is None or fmt.read is None:
        endings = ", ".join(dict.fromkeys(end for f in READABLE for end in (f.ending, *f.endings)))
        raise UserError(f"“{path.name}” holds no labels that can be read; these can: {endings}.")
    try:
        cells = fmt.read(path, shape, image_name)
    except MemoryError as error:
        raise UserError(f"“{path.name}” does not fit into the memory of this computer.") from error
    if shape is not None and cells.labels.shape != shape:
        raise UserError(
            f"“{path.name}” is about an image of {_size(cells.labels.shape)} pixels; "
            f"this one has {_size(shape)}."
        )
    return cells


def _size(shape: tuple[int, ...]) -> str:
    depth, height, width = shape
    return f"{width} x {height}" + (f" x {depth}" if depth > 1 else "")
