"""Models of Cellpose 1 to 3: they load, segment, learn on and become packages; other files are refused."""

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from drawings import crowd

from model_core.errors import UserError
from model_core.formats.pairs import find_pairs
from model_core.models import imports, registry
from model_core.models.imports import import_model, read_model
from model_core.models.model import load_model
from model_core.models.package import read_card
from model_core.models.size_file import read_size_file
from model_core.networks.cpnet import CPnet, CPnetOptions
from model_core.segmentation.segmenter import segment
from model_core.training import batches
from model_core.training.training_run import TrainingRequest, train_model

OPTIONS = CPnetOptions(widths=(4, 6, 8))
STYLES = 8
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models, still without a folder."""
    mine = tmp_path / "data" / "models"
    monkeypatch.setattr(registry, "user_folder", lambda: mine)
    monkeypatch.setattr(imports, "user_folder", lambda: mine)
    return mine


def net() -> CPnet:
    torch.manual_seed(0)
    network = CPnet(OPTIONS).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    network.diam_mean.fill_(30.0)
    network.diam_labels.fill_(17.03)
    return network


def saved(path: Path, change: Change | None = None, **options: Any) -> Path:
    """A checkpoint as Cellpose writes it, after a change of its weights."""
    state = dict(net().state_dict())
    if change:
        change(state)
    torch.save(state, path, **options)
    return path


def size_values(styles: int = STYLES) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "A": rng.normal(size=styles).astype(np.float32),
        "smean": rng.random(styles),
        "diam_mean": 30.0,
        "ymean": np.float32(0.3),
    }


def write_size_file(path: Path, values: object, protocol: int = 4) -> Path:
    """As `np.save` does; its protocol is 2, 3 or 4, depending on the version of numpy."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": ()})
    boxed = np.empty((), object)
    boxed[()] = values
    path.write_bytes(header.getvalue() + pickle.dumps(boxed, protocol=protocol))
    return path


class Harm:
    """Its unpickling runs a command that leaves a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.mark}'",)


def same(a: CPnet, b: CPnet) -> bool:
    tiles = torch.randn(1, OPTIONS.channels, 32, 32)
    with torch.no_grad():
        return all(torch.allclose(x, y, atol=1e-6) for x, y in zip(a(tiles), b(tiles), strict=True))


@pytest.mark.parametrize("name", ["cells", "cells.pth", "cells_v1.2", "cells.safetensors"])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "stream"])
def test_any_name_and_both_layouts_load(tmp_path: Path, name: str, new: bool) -> None:
    model = load_model(saved(tmp_path / name, _use_new_zipfile_serialization=new), "cpu")
    assert isinstance(model.network, CPnet) and not model.network.training
    assert same(model.network, net())
    assert model.diameter == 30 and model.card.architecture == "cpnet"
    assert model.card.name == ("cells" if name == "cells.pth" else name)


def of_data_parallel(state: dict[str, Any]) -> None:
    for key in list(state):
        state[f"module.{key}"] = state.pop(key)


def of_first_version(state: dict[str, Any]) -> None:
    for key in list(state):
        if key.startswith("diam_") or key.endswith("num_batches_tracked"):
            del state[key]


@pytest.mark.parametrize(
    ("name", "change", "diameter", "usual"),
    [
        ("m", of_data_parallel, 30, 17.03),
        ("m", of_first_version, 30, 30),
        ("nucleitorch_0", of_first_version, 17, 17),
        ("m", lambda state: state.pop("diam_labels"), 30, 30),
        ("m", lambda state: state.update(diam_mean=torch.tensor(12.5)), 12.5, 17.03),
        ("m", lambda state: state.update({k: v.double() for k, v in state.items()}), 30, 17.03),
    ],
)
def test_checkpoints_of_all_ages(
    tmp_path: Path, name: str, change: Change, diameter: float, usual: float
) -> None:
    model = load_model(saved(tmp_path / name, change), "cpu")
    assert same(model.network, net())  # type: ignore[arg-type]
    assert model.diameter == diameter
    assert model.style_diameter(np.zeros((2, 32, 32), np.float32)) == pytest.approx(usual)


def test_other_widths_and_inputs_are_told_by_the_shapes(tmp_path: Path) -> None:
    options = CPnetOptions(channels=3, widths=(4, 8, 12, 16, 20))
    torch.save(CPnet(options).state_dict(), tmp_path / "m")
    assert read_model(tmp_path / "m")[0].options == options


def test_import_makes_a_package(tmp_path: Path, folder: Path) -> None:
    write_size_file(tmp_path / "size_my cells.npy", size_values())
    path = import_model(saved(tmp_path / "my cells"))
    assert path == folder / "my cells.safetensors"
    assert registry.find_model("my cells") == path
    model, before = load_model("my cells", "cpu"), load_model(tmp_path / "my cells", "cpu")
    card = read_card(path)
    assert card.architecture == "cpnet" and card.name == "my cells" and card.options["size_model"] is True
    for (key, a), b in zip(
        model.network.state_dict().items(), before.network.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=0, msg=key)
    tile = np.random.default_rng(0).random((2, 64, 64)).astype(np.float32)
    assert model.style_diameter(tile) == before.style_diameter(tile) != pytest.approx(17.03)


def test_import_overwrites_nothing(tmp_path: Path, folder: Path) -> None:
    source = saved(tmp_path / "m.pth")
    path = import_model(source, "mine")
    content = path.read_bytes()
    with pytest.raises(UserError, match="“mine” already"):
        import_model(source, "mine")
    assert path.read_bytes() == content
    for name in ("", " ", "../escape", "a/b", ".hidden", "a\nb", "generalist"):
        with pytest.raises(UserError, match="name"):
            import_model(source, name)
    assert list(folder.iterdir()) == [path] and import_model(path, "again").is_file()


def test_import_without_a_place(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(UserError, match="cannot be made"):
        import_model(saved(tmp_path / "m"))


def grow(state: dict[str, Any]) -> None:
    """A few bytes that claim to be a net of 4,096 features."""
    for key, value in state.items():
        state[key] = torch.zeros(()).expand([4096 if n == 8 else n for n in value.shape])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.update({"W2": torch.zeros(3), "encoder.pos_embed": torch.zeros(3)}), "Cellpose 4"),
        (lambda s: (s.clear(), s.update({"encoder.patch_embed.proj.weight": torch.zeros(3)})), "Cellpose 4"),
        (lambda s: (s.clear(), s.update({"layer1.0.weight": torch.zeros(3)})), "another net.*layer1"),
        (lambda s: s.clear(), "no table"),
        (lambda s: s.update({"output.2.weight": torch.zeros(4, 4, 1, 1)}), "4 maps instead of 3"),
        (lambda s: s.update({"output.2.weight": torch.tensor(1.0)}), "another net"),
        (lambda s: s.update({"output.0.bias": torch.zeros(5)}), r"output\.0\.bias.*shape"),
        (lambda s: s.pop("upsample.up.res_up_1.proj.1.bias"), r"res_up_1\.proj\.1\.bias” are missing"),
        (lambda s: s.update({"extra.weight": torch.zeros(2)}), r"no weights “extra\.weight”"),
        (lambda s: s.update({"output.2.bias": torch.full((3,), torch.nan)}), "not numbers"),
        (lambda s: s.update({"diam_mean": torch.zeros(1)}), "diam_mean"),
        (lambda s: s.update({"diam_labels": torch.zeros(2)}), "diam_labels"),
        (lambda s: s.update({"epoch": 3}), "epoch"),
        (lambda s: s.update({"output.0.bias": torch.zeros(4).to_sparse()}), r"output\.0\.bias"),
        (lambda s: s.update({k: v[..., None] for k, v in s.items() if v.ndim == 4}), "3D"),
        (grow, "more weights than the file"),
    ],
)
def test_what_is_no_cpnet_is_refused_with_the_reason(tmp_path: Path, change: Change, reason: str) -> None:
    path = saved(tmp_path / "other.pth", change)
    with pytest.raises(UserError, match=rf"other\.pth.*{reason}"):
        load_model(path)
    with pytest.raises(UserError, match=reason):
        import_model(path)


def test_random_and_truncated_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    for new in (True, False):
        whole = saved(tmp_path / "whole", _use_new_zipfile_serialization=new).read_bytes()
        for cut in (0, 3, 20, 500, len(whole) // 2, len(whole) - 40):
            path.write_bytes(whole[:cut])
            with pytest.raises(UserError, match=r"m\.pth"):
                load_model(path)
        noise = np.random.default_rng(0).bytes(4000)
        for start in (b"", whole[:4], whole[:30]):
            path.write_bytes(start + noise)
            with pytest.raises(UserError, match=r"m\.pth"):
                load_model(path)
    for missing in (tmp_path / "no.pth", tmp_path):
        with pytest.raises(UserError, match="exist"):
            load_model(missing)


def test_a_compressed_archive_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(50_000_000))
    with pytest.raises(UserError, match=r"bomb\.pth"):
        load_model(path)


def test_no_code_of_a_checkpoint_runs(tmp_path: Path) -> None:
    mark, path = tmp_path / "harm done", tmp_path / "m.pth"
    harm = Harm(mark)
    for new in (True, False):
        saved(path, lambda state: state.update(harm=harm), _use_new_zipfile_serialization=new)
        with pytest.raises(UserError, match="never run"):
            load_model(path)
    path.write_bytes(pickle.dumps(harm))
    with pytest.raises(UserError, match="not a model package"):
        load_model(path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(harm))  # it would have worked
    assert mark.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("name", ["size_{}.npy", "{}_size.npy"])
def test_size_model_tells_the_diameter(tmp_path: Path, name: str, protocol: int) -> None:
    values = size_values()
    write_size_file(tmp_path / name.format("cells"), values, protocol)
    model = load_model(saved(tmp_path / "cells"), "cpu")
    tile = np.random.default_rng(1).random((2, 64, 64)).astype(np.float32)
    with torch.no_grad():
        style = model.network(torch.from_numpy(tile)[None])[1][0].numpy()
    wanted = np.exp(values["A"] @ (style - values["smean"]) + np.log(30) + values["ymean"])
    assert model.style_diameter(tile) == pytest.approx(max(5.0, wanted), rel=1e-4)


def test_size_model_as_numpy_saves_it(tmp_path: Path) -> None:
    np.save(tmp_path / "size_cells.npy", size_values())  # type: ignore[arg-type]
    assert load_model(saved(tmp_path / "cells"), "cpu").card.options["size_model"]


def test_bad_size_models_are_refused(tmp_path: Path) -> None:
    source, path, mark = saved(tmp_path / "m"), tmp_path / "size_m.npy", tmp_path / "harm done"
    good = size_values()
    for values in (
        size_values(256),
        good | {"A": Harm(mark)},
        good | {"smean": np.array([Harm(mark)] * STYLES)},
        good | {"A": np.full(STYLES, np.nan)},
        good | {"A": "text"},
        good | {"A": np.zeros(STYLES, "V100")},
        good | {"diam_mean": 0.0},
        good | {"ymean": [1, 2]},
        {"A": good["A"]},
        Harm(mark),
        [1, 2],
        3,
    ):
        write_size_file(path, values)
        with pytest.raises(UserError, match=r"size_m\.npy"):
            read_size_file(path, STYLES)
    with pytest.raises(UserError, match=r"size_m\.npy"):
        load_model(source)
    whole = write_size_file(path, good).read_bytes()
    for content in (b"", b"x" * 50, whole[:60], whole[:-30], whole + bytes(2**21)):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"size_m\.npy"):
            read_size_file(path, STYLES)
    whole = write_size_file(path, good, 3).read_bytes()
    shape, larger = b"K\x08\x85", b"J\x00\x00\x0f\x00\x85"  # (8,) and (983040,) in a pickle
    assert whole.count(shape) >= 1
    path.write_bytes(whole.replace(shape, larger))
    with pytest.raises(UserError, match="than it claims"):
        read_size_file(path, STYLES)
    np.save(path, np.zeros(5))
    with pytest.raises(UserError, match=r"size_m\.npy"):
        read_size_file(path, STYLES)
    assert not mark.exists()


@pytest.mark.parametrize(("shape", "axes"), [((70, 90), "YX"), ((3, 40, 50), "CYX"), ((4, 40, 50), "ZYX")])
def test_segment_with_an_imported_model(tmp_path: Path, shape: tuple[int, ...], axes: str) -> None:
    model = load_model(saved(tmp_path / "m"), "cpu")
    pixels = (np.random.default_rng(0).random(shape) * 1000).astype(np.uint16)
    result = segment(pixels, model, axes=axes, cellprob_threshold=-50, flow_threshold=0, min_size=1)
    assert result.labels.shape == ((4, 40, 50) if axes == "ZYX" else (1, *shape[-2:]))
    assert np.isfinite(result.flows).all() and np.isfinite(result.cellprob).all()
    assert result.cellprob.std() > 0 and result.labels.max() > 0
    assert bool(result.notes) == (axes == "CYX")  # two of three channels were looked at
    given = segment(pixels, model, axes=axes, diameter=17.03)
    np.testing.assert_allclose(given.cellprob, result.cellprob, atol=1e-4)


def test_fine_tuning_an_imported_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIDES", (64,))
    write_size_file(tmp_path / "size_m.npy", size_values())
    source = saved(tmp_path / "m")
    data = tmp_path / "set" / "train"
    data.mkdir(parents=True)
    labels = crowd(0, (96, 96), 20, 10)
    for suffix, array in (("img", (labels > 0) * 200), ("masks", labels)):
        tifffile.imwrite(data / f"one_{suffix}.tif", array.astype(np.uint16))
    assert find_pairs(tmp_path / "set", "train")
    target = tmp_path / "tuned.safetensors"
    train_model(TrainingRequest([tmp_path / "set"], target, start=str(source), epochs=16))
    tuned = load_model(target, "cpu")
    assert (
        isinstance(tuned.network, CPnet) and tuned.card.architecture == "cpnet" and tuned.card.parent == "m"
    )
    assert tuned.card.recipe["steps"] == 2 and tuned.diameter == 30
    before = net().state_dict()
    after = tuned.network.state_dict()
    assert after.keys() == before.keys()  # the size model does not fit the new styles
    moved = [k for k in before if before[k].ndim == 4 and not torch.equal(before[k], after[k])]
    assert len(moved) == sum(value.ndim == 4 for value in before.values())
    found = tuned.style_diameter(np.zeros((2, 32, 32), np.float32))
    assert found == pytest.approx(2 * np.sqrt(np.median(np.bincount(labels.ravel())[1:]) / np.pi), rel=0.2)
