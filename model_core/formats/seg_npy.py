"""``NAME_seg.npy``: what the window of Cellpose keeps beside an image. All versions are read; nothing is run.

The file is a pickled dict. Its “flows” come in three layouts: RGB, cell probability in 8 bits, then

- window of Cellpose 4: flows, cell probability
- command line: zeros, nothing, flows and cell probability stacked
- window of Cellpose 1 to 3: the same, and stacked as the net gave them

The flows in them are those of the net, five times the unit vectors.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically
from model_core.formats.labelling import Labelling
from model_core.formats.numbering import consecutive
from model_core.formats.plain_pickle import as_array, as_list, read_pickled_dict

SUFFIX = "_seg.npy"
_LARGEST = 16 * 2**30  # bytes of a file
_LONGEST = 2**32 - 1  # bytes of an array: what a pickle of this protocol can hold
_SCALE = 5.0  # the net of Cellpose gives flows as so many unit vectors
_NEW_NAME, _OLD_NAME = b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"


def read_seg_npy(path: str | Path) -> Labelling:
    """The masks of a ``_seg.npy`` file, and flows and cell probability where they fit the masks.

    Raises:
        UserError: the file can't be read, is damaged, or asks for code to be run.
    """
    path = Path(path)
    try:
        table = read_pickled_dict(path, _LARGEST)
        labels = _labels(as_array(table["masks"]))
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"“{path}” cannot be read: {plain_reason(error)}.") from error
    except pickle.UnpicklingError as error:
        raise UserError(
            f"“{path.name}” was not opened: it is damaged, or made to run code on this computer ({error})."
        ) from error
    except MemoryError as error:
        raise UserError(f"“{path.name}” does not fit into the memory of this computer.") from error
    except KeyError as error:
        raise UserError(f"“{path.name}” holds no masks, so it is not a file of Cellpose.") from error
    except Exception as error:  # a damaged pickle can make the unpickler raise nearly anything
        raise UserError(f"“{path.name}” is damaged or no file of Cellpose ({error}).") from error
    flows, cellprob = _fields(table, labels.shape)
    numbers = np.unique(labels)
    numbers = numbers[numbers > 0]
    by_hand, classes = _by_hand(table, numbers), _classes(table, numbers)
    ids = _own_ids(table, numbers)
    if ids is not None:
        labels = np.concatenate([np.zeros(1, np.uint32), ids])[labels]
        renamed = dict(zip(numbers.tolist(), ids.tolist(), strict=True))
        by_hand = frozenset(renamed[number] for number in by_hand)
        classes = {renamed[number]: name for number, name in classes.items()}
    return Labelling(labels, classes, by_hand, flows=flows, cellprob=cellprob)


def write_seg_npy(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes what Cellpose 1 to 4 open. Objects are numbered 1, 2, 3 ... there; their IDs are kept beside.

    An existing file is replaced only when the new one is complete. Raises UserError if the disk refuses, or
    if the labels are too many for the format.
    """
    path = Path(path)
    ids = cells.ids
    masks = consecutive(cells.labels)
    masks = masks.astype(np.uint16 if len(ids) < 2**16 - 1 else np.uint32, copy=False)
    outlines = np.where(_inner_boundaries(masks), masks, 0).astype(masks.dtype)
    if len(masks) == 1:
        masks, outlines = masks[0], outlines[0]
    if masks.nbytes > _LONGEST:
        raise UserError(f"{path} was not written: these labels are too large for a _seg.npy file.")
    options = cells.made_by.get("options") or {}
    table: dict[str, Any] = {
        "outlines": outlines,
        "colors": _colours(len(ids)),
        "masks": masks,
        "filename": str(cells.image.path) if cells.image and cells.image.path else "",
        "flows": _layout(cells),
        "ismanual": np.isin(ids, np.array(sorted(cells.by_hand), np.uint32)),
        "manual_changes": [],
        "model_path": str(cells.made_by.get("model", 0)),
        "flow_threshold": options.get("flow_threshold") or 0.4,
        "cellprob_threshold": options.get("cellprob_threshold", 0.0),
        "diameter": _median_diameter(masks),
        "ids": ids,
        "classes": [cells.classes.get(id_, "") for id_ in ids.tolist()],
    }
    if masks.ndim == 2:
        table["chan_choose"] = [0, 0]
    else:
        table["zdraw"] = [None] * len(ids)
    # Protocol 3 and the name that arrays had before numpy 2: both are read with every numpy.
    content = memoryview(pickle.dumps(np.array(table, object), protocol=3))
    start = bytes(content[:64])
    at = start.find(_NEW_NAME)
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        if at >= 0:
            file.write(content[:at])
            file.write(_OLD_NAME)
            content = content[at + len(_NEW_NAME) :]
        file.write(content)
    return ()


def _labels(masks: np.ndarray) -> np.ndarray:
    """uint32 (Z, Y, X) of masks as they come: (Y, X) or (Z, Y, X), in the oldest files with -1 around."""
    if masks.ndim > 3:
        masks = masks.reshape([n for n in masks.shape if n != 1])
    if masks.ndim not in (2, 3) or masks.dtype.kind not in "iub" or not masks.size:
        raise ValueError(f"its masks are {masks.dtype} {masks.shape}")
    lowest, highest = int(masks.min()), int(masks.max())
    if lowest < -1 or highest >= 2**32 - 1:
        raise ValueError(f"its masks hold numbers from {lowest} to {highest}")
    labels = (masks + 1 if lowest == -1 else masks).astype(np.uint32)
    return labels if labels.ndim == 3 else labels[None]


def _fields(table: dict[Any, Any], shape: tuple[int, ...]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Flows and cell probability, whichever layout; None where they are missing or do not fit."""
    try:
        parts = as_list(table["flows"])
        if len(parts) >= 5 and (stack := _of_shape(parts[4], shape)) is not None:
            return stack[:-1] / np.float32(_SCALE), stack[-1]
        if len(parts) >= 4:
            flows, cellprob = _of_shape(parts[2], shape), _of_shape(parts[3], shape)
            if flows is not None and cellprob is not None and len(flows) > 1 and len(cellprob) == 1:
                return flows / np.float32(_SCALE), cellprob[0]
    except (KeyError, ValueError):
        pass
    return None, None


def _of_shape(part: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """float32 (N, Z, Y, X) of an array over the pixels, None for anything else."""
    try:
        array = as_array(part)
    except ValueError:
        return None
    length = int(np.prod(shape))
    spatial = [n for n in shape if n != 1]
    fits = [n for n in array.shape if n != 1][-len(spatial) :] == spatial if spatial else True
    if array.dtype.kind != "f" or not array.size or array.size % length or not fits:
        return None
    return array.reshape(-1, *shape).astype(np.float32, copy=False)


def _by_hand(table: dict[Any, Any], numbers: np.ndarray) -> frozenset[int]:
    try:
        flags = as_array(table["ismanual"])
    except (KeyError, ValueError):
        return frozenset()
    highest = int(numbers.max(initial=0))
    if flags.ndim != 1 or len(flags) != highest:
        return frozenset()
    return frozenset(number for number in numbers.tolist() if flags[number - 1])


def _own_ids(table: dict[Any, Any], numbers: np.ndarray) -> np.ndarray | None:
    """The IDs that objects had when this program wrote the file; None unless they fit the masks still."""
    try:
        ids = as_array(table["ids"])
    except (KeyError, ValueError):
        return None
    fits = ids.ndim == 1 and ids.dtype.kind == "u" and len(ids) == len(numbers) == numbers.max(initial=0)
    if not fits or len(np.unique(ids)) != len(ids) or ids.min(initial=1) == 0 or ids.max(initial=0) >= 2**32:
        return None
    return ids.astype(np.uint32)


def _classes(table: dict[Any, Any], numbers: np.ndarray) -> dict[int, str]:
    names = table.get("classes")
    if not isinstance(names, list) or len(names) != len(numbers):
        return {}
    pairs = zip(numbers.tolist(), names, strict=True)
    return {number: name for number, name in pairs if isinstance(name, str) and name}


def _layout(cells: Labelling) -> list[Any]:
    """One list that all versions read: 1 to 3 look at its fifth part, 4 at its third and fourth."""
    flows, cellprob = cells.flows, cells.cellprob
    if flows is None or cellprob is None or flows.nbytes + cellprob.nbytes > _LONGEST:
        return [[], [], [], [], [[]]]
    if cellprob.shape[0] == 1:
        flows, cellprob = flows[:, 0], cellprob[0]
    scaled = (flows * np.float32(_SCALE)).astype(np.float32)
    grey = np.clip(cellprob * 12 + 128, 0, 255).astype(np.uint8)  # logits of about -10 to 10
    colours = np.repeat(grey[..., None], 3, axis=-1)
    stack = np.concatenate([scaled, cellprob[None].astype(np.float32)])
    return [colours, grey, scaled, stack[-1], stack]


def _inner_boundaries(labels: np.ndarray) -> np.ndarray:
    """bool (Z, Y, X): pixels of an object that have another value beside them in their plane."""
    from skimage.segmentation import find_boundaries

    return np.stack([find_boundaries(plane, mode="inner") for plane in labels])


def _colours(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(40, 256, (count, 3), dtype=np.uint8)


def _median_diameter(masks: np.ndarray) -> float:
    sizes = np.bincount(masks.ravel())[1:]
    if not sizes.size:
        return 30.0
    return float(np.median(2 * np.sqrt(sizes / np.pi) if masks.ndim == 2 else np.cbrt(6 * sizes / np.pi)))
