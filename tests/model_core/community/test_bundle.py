"""Bundles carry images and labels, nothing about people; a hostile one does no harm."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from contributions import bundle, labelled, rewritten, with_manifest

from model_core.community import unpack as unpacking
from model_core.community.labelled import labelled_images, read_labelled
from model_core.community.pack import pack
from model_core.community.unpack import unpack
from model_core.errors import UserError
from model_core.images.image import Image
from model_core.images.readers import read_image


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return bundle(tmp_path / "out", labelled("yeast", 1, 2))[0]


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    images = labelled("cells_two_channel", 0, 2)
    images.append((Image(np.arange(2 * 3 * 20 * 30, dtype=np.uint16).reshape(2, 3, 20, 30), 0.2, 1.5), None))
    images[-1] = (images[-1][0], np.zeros((3, 20, 30), np.uint32))
    images[-1][1][1, 4:9, 4:9] = 70_000
    path, manifest = bundle(tmp_path / "out", images, "Ada L.", "two  channels", "CC-BY-4.0")
    (tmp_path / "in").mkdir()
    found = unpack(path, tmp_path / "in")
    assert found.manifest == manifest
    assert (manifest.by, manifest.kind, manifest.licence) == ("Ada L.", "two channels", "CC-BY-4.0")
    assert "CC-BY-4.0" in manifest.consent and path.stem == manifest.id
    for item, (image, labels) in zip(manifest.items, images, strict=True):
        image_back, labels_back = found.load(item)
        assert np.array_equal(image_back.pixels, image.pixels) and np.array_equal(labels_back, labels)
        assert (image_back.pixel_size, image_back.z_step) == (image.pixel_size, image.z_step)


def test_the_same_contribution_has_the_same_identity(tmp_path: Path) -> None:
    first, a = bundle(tmp_path / "a", labelled("yeast", 1, 2))
    second, b = bundle(tmp_path / "b", labelled("yeast", 1, 2))
    assert a.id == b.id and first.read_bytes() == second.read_bytes()
    assert bundle(tmp_path / "c", labelled("yeast", 1, 2), by="Eve")[1].id != a.id


def test_nothing_about_people_goes_along(tmp_path: Path) -> None:
    secret = "DOE^JANE 1967-03-12"
    folder = tmp_path / secret
    folder.mkdir()
    (image, labels), *_ = labelled("yeast", 3, 1)
    picture = folder / f"{secret}_img.tif"
    tifffile.imwrite(
        picture,
        (image.pixels[0, 0] / image.pixels.max() * 60_000).astype(np.uint16),
        description=f"Patient {secret}",
        software=secret,
        datetime="2001:02:03 04:05:06",
        extratags=[(65000, "s", 0, secret, True), (315, "s", 0, secret, True)],
    )
    tifffile.imwrite(folder / f"{secret}_masks.tif", labels[0].astype(np.uint16), description=secret)
    found = labelled_images([picture])
    pack(read_labelled(found), tmp_path / "b.zip", by="A", licence="MIT", kind="yeast")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        everything = archive.namelist() + [
            archive.read(name).decode("latin-1") for name in archive.namelist()
        ]
    assert "Patient" in picture.read_bytes().decode("latin-1")
    for word in ("DOE", "JANE", "1967", "Patient", "2001:02:03", str(tmp_path)):
        assert not any(word in text for text in everything), word


@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint64, np.float16, np.int16, np.float64])
def test_pixels_of_any_type(tmp_path: Path, dtype: type) -> None:
    from model_core.community.clean import write_clean_image

    pixels = np.arange(600).reshape(1, 1, 20, 30).astype(dtype)
    write_clean_image(tmp_path / "a.tif", Image(pixels))
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, pixels)


def test_refused_before_a_bundle_is_made(tmp_path: Path) -> None:
    (image, labels), *_ = labelled("yeast", 1, 1)
    good = {"by": "A", "licence": "MIT", "kind": "yeast"}
    noise = np.random.default_rng(0).integers(1, 5000, labels.shape).astype(np.uint32)
    for images, change, words in (
        ([], {}, "nothing to contribute"),
        ([(image, labels)], {"licence": "CC-BY-NC-4.0"}, "none of the licences"),
        ([(image, labels)], {"by": "  "}, "name of the contributor"),
        ([(image, labels)], {"kind": "x" * 200}, "kind of image"),
        ([(image, labels[:, 1:])], {}, "differ in size"),
        ([(image, labels * 0)], {}, "no object"),
        ([(image, labels * 0 + 1)], {}, "one object fills"),
        ([(image, noise)], {}, "smaller than"),
        ([(image, (noise % 3) + (labels > 0) * 3)], {}, "pieces"),
    ):
        with pytest.raises(UserError, match=words):
            pack(images, tmp_path / "b.zip", **good | change)
    assert not list(tmp_path.iterdir())


def test_hostile_bundles_are_refused(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made.read_bytes()

    def refused(words: str) -> None:
        folder = tmp_path / "into"
        folder.mkdir(exist_ok=True)
        with pytest.raises(UserError, match=words):
            unpack(made, folder)
        for path in folder.iterdir():
            path.unlink()
        assert {path.name for path in tmp_path.iterdir()} == {"out", "into"}
        made.write_bytes(whole)

    for name in ("../evil.py", "/etc/evil", "0001_img.tif/x", "evil.pkl", "a\\b", "0001_img.TIF"):
        rewritten(made, lambda files, name=name: files.update({name: b"x"}))
        refused("does not belong there")
    made.write_bytes(whole[: len(whole) // 2])
    refused("damaged, or no zip file")
    made.write_bytes(b"")
    refused("damaged, or no zip file")
    rewritten(made, lambda files: files.pop("manifest.json"))
    refused("holds no manifest")
    rewritten(made, lambda files: files.update({"manifest.json": b"[" * 100_000}))
    refused("manifest is damaged")
    rewritten(made, lambda files: files.pop("0002_masks.tif"))
    refused("not those that its manifest names")
    rewritten(made, lambda files: files.update({"0001_img.tif": files["0002_img.tif"]}))
    refused("checksum of 0001_img.tif differs")
    rewritten(made, lambda files: files.update({"0001_img.tif": bytes(50_000_000)}))
    refused("checksum|not possible")
    for words in ({"licence": "MIT"}, {"by": "Eve"}, {"id": "0" * 16}):
        with_manifest(made, **words)
        refused("was changed")
    for words in ({"items": []}, {"items": {}}, {"format": 2}, {"by": 3}, {"items": [{"name": "0001"}]}):
        with_manifest(made, **words)
        refused("manifest|1 to 1000")
    monkeypatch.setattr(unpacking, "LARGEST_BUNDLE", 1000)
    refused("larger than")


def test_twice_the_same_name_and_encryption_are_refused(made: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(made, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("0001_img.tif", b"x")
    with pytest.raises(UserError, match="twice"):
        unpack(made, tmp_path)


def _tiff(**options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, np.ones((1, 1, 40, 50), np.uint8), **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x80\x04\x95 a pickle", "no TIFF file"),
        (_tiff(compression="lzw"), "not taken"),
        (_tiff(ome=True, metadata={"axes": "CZYX", "Name": 'FileName="../../other.tif"'}), "not taken"),
        (_tiff(imagej=True), "not taken"),
        (_tiff(), "manifest says"),
    ],
)
def test_a_file_that_is_no_plain_image_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    found = _bundle_with_image(tmp_path, monkeypatch, content)
    with pytest.raises(UserError, match=words):
        found.load(found.manifest.items[0])


def test_a_lying_header_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(_tiff(compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as tiff:
        for name in ("ImageWidth", "ImageLength"):
            tag = tiff.pages[0].tags[name]
            content[tag.valueoffset : tag.valueoffset + 2] = (60_000).to_bytes(2, "little")
    found = _bundle_with_image(tmp_path, monkeypatch, bytes(content))
    with pytest.raises(UserError, match=r"claims to hold|no TIFF"):
        found.load(found.manifest.items[0])


def _bundle_with_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> unpacking.Bundle:
    """A consistent bundle, checksums included, with this as its first image."""
    import hashlib

    from model_core.community.manifest import Item, Manifest

    path, made = bundle(tmp_path / "out", labelled("yeast", 1, 1))
    sha = hashlib.sha256(content).hexdigest()
    items = (Item(**{**vars(made.items[0]), "image_sha256": sha}),)
    manifest = Manifest(**{**vars(made), "items": items})
    rewritten(
        path,
        lambda files: files.update(
            {"0001_img.tif": content, "manifest.json": json.dumps(json.loads(manifest.to_json())).encode()}
        ),
    )
    (tmp_path / "in").mkdir()
    return unpack(path, tmp_path / "in")


def test_labels_come_from_masks_or_documents(tmp_path: Path) -> None:
    (image, labels), *_ = labelled("yeast", 1, 1)
    for name in ("a", "b_img", "c"):
        tifffile.imwrite(tmp_path / f"{name}.tif", image.pixels[0, 0])
    with pytest.raises(UserError, match="no image with labels"):
        labelled_images([tmp_path])
    tifffile.imwrite(tmp_path / "a_masks.tif", labels[0].astype(np.uint16))
    tifffile.imwrite(tmp_path / "b_masks.tif", labels[0].astype(np.uint16))
    found = labelled_images([tmp_path, tmp_path / "a.tif"])
    assert [path.name for path, _ in found] == ["a.tif", "b_img.tif"]
    assert all(np.array_equal(back, labels) for _, back in read_labelled(found))
    for path, words in ((tmp_path / "c.tif", "no labels beside"), (tmp_path / "d.tif", "does not exist")):
        with pytest.raises(UserError, match=words):
            labelled_images([path])


def test_what_an_image_says_of_itself_is_told_and_left_behind(tmp_path: Path) -> None:
    from model_core.community.clean import left_behind, write_clean_image

    path, clean = tmp_path / "named.tif", tmp_path / "clean.tif"
    tifffile.imwrite(path, np.zeros((20, 30), np.uint8), description="Mrs Miller", software="Scope 3")
    assert left_behind(path) == ["ImageDescription: Mrs Miller", "Software: Scope 3"]
    write_clean_image(clean, read_image(path))
    assert not any("Miller" in line or "Scope" in line for line in left_behind(clean))
    assert b"Miller" not in clean.read_bytes()
    (tmp_path / "no.tif").write_bytes(b"no image")
    assert left_behind(tmp_path / "no.tif") == []
