"""ROIs of ImageJ: a ``.zip`` for its ROI Manager, or one ``.roi``.

Outlines run along the sides of pixels, so that ImageJ measures the areas as drawn; objects with holes or in
several pieces become composite ROIs.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import roifile

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.formats.drawing import Drawing, Shape, name_of, needed_shape, own_name
from model_core.formats.labelling import Labelling
from model_core.formats.rings import Outline, Ring, outlines

_MOST_ENTRIES = 1_000_000
_LARGEST_ENTRY = 16 * 2**20  # bytes unpacked
_LARGEST = 2 * 2**30  # bytes unpacked, all together
_LARGEST_INTEGER = 2**15 - 1  # beyond this the format counts in floats
_AREAS = {
    roifile.ROI_TYPE.POLYGON,
    roifile.ROI_TYPE.FREEHAND,
    roifile.ROI_TYPE.TRACED,
    roifile.ROI_TYPE.RECT,
    roifile.ROI_TYPE.OVAL,
}
_CLASS = "class: "  # begins a line of a ROI's properties
_MOVE, _LINE, _CLOSE = 0, 1, 4  # steps of the outline of a composite ROI


def write_imagej_rois(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes a ROI for each object, in a stack for each object and plane. Raises UserError."""
    depth = len(cells.labels)
    channels = cells.image.channels if cells.image is not None else 1
    with (
        write_atomically(Path(path)) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as zip_,
    ):
        for outline in outlines(cells.labels):
            roi = _roi(outline)
            roi.name = name_of(outline.id, outline.plane, depth)
            if depth > 1 and channels > 1:  # a hyperstack
                roi.z_position = outline.plane + 1
            elif depth > 1:
                roi.position = outline.plane + 1
            if class_name := cells.classes.get(outline.id):
                roi.props = f"{_CLASS}{class_name}\n"
            zip_.writestr(f"{roi.name}.roi", roi.tobytes())
    return ()


def read_imagej_rois(path: str | Path, shape: Shape | None = None) -> Labelling:
    """The areas in a file of ROIs as labels of a shape ``(Z, Y, X)``; None: as large as they need.

    ROIs that are no areas (points, lines) are left out. IDs and classes come back from files of this program.

    Raises:
        UserError: the file can't be read, is damaged, or would take too much memory.
    """
    path = Path(path)
    found: list[tuple[roifile.ImagejRoi, list[Ring]]] = []
    others = 0
    try:
        for content in _contents(path):
            roi = roifile.ImagejRoi.frombytes(content)
            if roi.roitype in _AREAS:
                found.append((roi, list(roi.coordinates(multi=True))))
            else:
                others += 1
        drawing = Drawing(shape or _needed(found))
        unplaced = 0
        for roi, rings in found:
            plane = (roi.z_position or roi.position) - 1
            unplaced += plane < 0 and drawing.shape[0] > 1
            plane = max(0, plane) if drawing.shape[0] > 1 else 0
            drawing.add_rings(rings, plane, own_name(roi.name), _class_name(roi))
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"“{path}” cannot be read: {plain_reason(error)}.") from error
    except MemoryError as error:
        raise UserError(f"“{path.name}” does not fit into the memory of this computer.") from error
    except Exception as error:  # damaged bytes make the zip file and the ROIs raise nearly anything
        raise UserError(f"“{path.name}” is damaged or holds no ROIs of ImageJ ({error}).") from error
    notes = [f"{others:,} ROIs are no areas and were left out."] if others else []
    if unplaced:
        notes.append(f"{unplaced:,} ROIs belong to no plane; they were put into the first one.")
    return drawing.finish(notes)


def _contents(path: Path) -> Iterator[bytes]:
    """The bytes of each ROI. Nothing is unpacked to the disk, so names of entries lead nowhere."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"Iout":
        with path.open("rb") as file:
            yield file.read(_LARGEST_ENTRY)
        return
    with zipfile.ZipFile(path) as zip_:
        entries = [entry for entry in zip_.infolist() if not entry.is_dir()]
        if len(entries) > _MOST_ENTRIES:
            raise UserError(f"“{path.name}” has {len(entries):,} entries, too many for ROIs of an image.")
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > _LARGEST or any(entry.file_size > _LARGEST_ENTRY for entry in entries):
            raise UserError(f"“{path.name}” would unpack to {unpacked:,} bytes, too much for ROIs.")
        for entry in entries:
            with zip_.open(entry) as packed:
                yield packed.read(_LARGEST_ENTRY)


def _roi(outline: Outline) -> roifile.ImagejRoi:
    rings = outline.rings
    if len(rings) == 1 and rings[0].max() <= _LARGEST_INTEGER:
        roi = roifile.ImagejRoi.frompoints(rings[0])
        roi.roitype = roifile.ROI_TYPE.TRACED
        return roi
    roi = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.RECT)
    steps: list[np.ndarray] = []
    for ring in rings:
        kind = np.full((len(ring), 1), _LINE)
        kind[0] = _MOVE
        steps += [np.hstack([kind, ring]).ravel(), np.array([_CLOSE])]
    roi.multi_coordinates = np.concatenate(steps).astype(np.float32)
    roi.shape_roi_size = len(roi.multi_coordinates)
    points = np.concatenate(rings)
    roi.left, roi.top = points.min(axis=0).tolist()
    roi.right, roi.bottom = points.max(axis=0).tolist()
    return roi


def _class_name(roi: roifile.ImagejRoi) -> str:
    lines = [line for line in roi.props.splitlines() if line.startswith(_CLASS)]
    return lines[0].removeprefix(_CLASS).strip() if lines else ""


def _needed(found: list[tuple[roifile.ImagejRoi, list[Ring]]]) -> Shape:
    """The smallest image that holds all ROIs."""
    points = [ring for _, rings in found for ring in rings if len(ring)]
    if not points:
        raise UserError("There are no areas among these ROIs.")
    x, y = np.concatenate(points).max(axis=0).tolist()
    return needed_shape(max(max(0, roi.z_position or roi.position) for roi, _ in found), y, x)
