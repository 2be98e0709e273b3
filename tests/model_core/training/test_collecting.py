"""Labelled images of a folder: documents of the window, Cellpose's files, pairs."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from drawings import crowd
from folders import four_discs, write_pair

from model_core.annotation.cells_file import Change, cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.objects import Source
from model_core.errors import Cancelled, UserError
from model_core.formats.labelling import Labelling
from model_core.formats.seg_npy import write_seg_npy
from model_core.images.image import image_from_array
from model_core.images.readers import read_image
from model_core.training.collecting import collect_reviewed
from model_core.training.reviewed import reviewed_image

LABELS = four_discs()


def image_file(path: Path) -> Path:
    tifffile.imwrite(path, (100 + 900 * (LABELS > 0)).astype(np.uint16))
    return path


def write_document(image: Path, model: int = 2, folder: Path | None = None) -> None:
    """Two discs by the model, two drawn by hand."""
    file, store = open_cells(cells_path(image, folder), image, (1, *LABELS.shape))
    whole = (slice(0, 1), slice(0, 120), slice(0, 120))
    first = np.where(model >= LABELS, LABELS, 0)
    for new, source in ((first, Source.MODEL), (LABELS, Source.DRAWN)):
        patch = store.edit(whole, new[None].astype(np.uint32), "", source)
        assert patch is not None
        store.apply(patch)
        file.write(Change(patch, store.history.steps[-1], store.history.position, store.next_id))
    file.close()


def test_a_folder_with_files_of_every_kind(tmp_path: Path) -> None:
    write_document(image_file(tmp_path / "a.tif"))
    seg = image_file(tmp_path / "b.tif")
    labels = LABELS[None].astype(np.uint32)
    write_seg_npy(tmp_path / "b_seg.npy", Labelling(labels, image=image_from_array(LABELS, path=seg)))
    tifffile.imwrite(image_file(tmp_path / "c.tif").with_name("c_masks.tif"), LABELS.astype(np.uint16))
    tifffile.imwrite(image_file(tmp_path / "d.tif").with_name("d_cp_masks.tif"), LABELS.astype(np.uint16))
    write_pair(tmp_path, "e", LABELS)
    image_file(tmp_path / "f.tif")  # not labelled
    found = collect_reviewed(tmp_path)
    assert [image.path.name for image in found.images] == ["a.tif", "b.tif", "c.tif", "d.tif", "e_img.tif"]
    assert not found.problems and found.cells == 2 + 4 * 4
    sparse, *whole = found.images
    assert set(np.unique(sparse.labels)) == {0, 3, 4} and not sparse.complete
    assert all(image.complete and image.cells == 4 for image in whole)


def test_a_document_counts_before_masks_and_an_open_one_before_its_file(tmp_path: Path) -> None:
    path = image_file(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "a_masks.tif", LABELS.astype(np.uint16))
    write_document(path)
    assert collect_reviewed(tmp_path).cells == 2
    file, store = open_cells(cells_path(path), path, read_image(path).shape[1:])
    locked = collect_reviewed(tmp_path)
    assert not locked.images and "is open" in locked.problems[0]
    records = {id_: replace(record, source=Source.DRAWN) for id_, record in store.objects.items()}
    opened = {path: reviewed_image(path, store.labels, records)}
    assert collect_reviewed(tmp_path, opened).cells == 4
    assert not collect_reviewed(tmp_path, {path: None}).images
    file.close()


def test_files_that_cannot_be_used_are_named_and_the_others_count(tmp_path: Path) -> None:
    write_pair(tmp_path, "good", LABELS)
    cells_path(image_file(tmp_path / "bad.tif")).write_bytes(b"nonsense" * 1000)
    with (image_file(tmp_path / "evil.tif").with_name("evil_seg.npy")).open("wb") as file:
        pickle.dump(print, file)
    tifffile.imwrite(tmp_path / "lost_masks.tif", LABELS.astype(np.uint16))
    (tmp_path / "gone.cells").write_bytes(b"")
    found = collect_reviewed(tmp_path)
    assert [image.path.name for image in found.images] == ["good_img.tif"]
    for words in ("bad.cells", "evil_seg.npy", "“lost_masks.tif” has labels", "“gone.cells” has labels"):
        assert sum(words in problem for problem in found.problems) == 1
    assert len(found.problems) == 4


def test_numbers_without_a_gap_are_not_needed(tmp_path: Path) -> None:
    wild = np.where(LABELS > 0, LABELS.astype(np.uint32) * 1_000_000_000, 0)
    image_file(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "a_masks.tif", wild)
    assert collect_reviewed(tmp_path).cells == 4


def test_progress_cancel_and_no_folder(tmp_path: Path) -> None:
    for n in range(3):
        write_pair(tmp_path, f"{n}", crowd(n, (40, 40), 3, 8))
    told: list[tuple[int, int]] = []
    collect_reviewed(tmp_path, report=lambda *numbers: told.append(numbers))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    with pytest.raises(Cancelled):
        collect_reviewed(tmp_path, cancel=lambda: True)
    with pytest.raises(UserError, match="cannot be read"):
        collect_reviewed(tmp_path / "nowhere")


def test_documents_in_another_folder(tmp_path: Path) -> None:
    images, work = tmp_path / "read only", tmp_path / "work"
    images.mkdir()
    work.mkdir()
    write_document(image_file(images / "a.tif"), folder=work)
    assert not collect_reviewed(images).cells
    assert collect_reviewed(images, documents=work).cells == 2
