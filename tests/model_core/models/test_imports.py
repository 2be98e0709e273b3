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
from model_core.models import registry
from model_core.models.imports import import_model, read_model
from model_core.models.model import load_model
from model_core.models.package import read_card
from model_core.models.size_file import read_size_file
from model_core.networks.average import AverageOfCPnets
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
    assert same(load_model(import_model(tmp_path / name), "cpu").network, net())  # type: ignore[arg-type]
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


def four_nets(tmp_path: Path) -> list[Path]:
    """The parts of a model of Cellpose 1, each a little different."""
    paths = []
    for number in range(4):

        def differ(state: dict[str, Any], number: int = number) -> None:
            of_first_version(state)
            state["output.2.bias"] = state["output.2.bias"] + number

        paths.append(saved(tmp_path / f"cytotorch_{number}", differ))
    return paths


def test_four_nets_become_a_model_that_says_their_mean(tmp_path: Path, folder: Path) -> None:
    parts = four_nets(tmp_path)
    write_size_file(tmp_path / "size_cytotorch_0.npy", size_values())
    path = import_model(parts)
    assert path == folder / "cytotorch.safetensors"
    mean, nets = load_model("cytotorch", "cpu"), [load_model(part, "cpu") for part in parts]
    tiles = np.random.default_rng(0).random((2, 2, 64, 32)).astype(np.float32)
    said = [net.predict(tiles) for net in nets]
    assert np.abs(said[3] - said[0]).max() > 0.5
    np.testing.assert_allclose(mean.predict(tiles), np.mean(said, 0), atol=1e-5)
    assert mean.style_diameter(tiles[0]) == nets[0].style_diameter(tiles[0]) != 30
    assert mean.diameter == 30 and "4 nets" in mean.card.notes
    assert np.isfinite(segment(np.random.default_rng(0).random((50, 60)), mean).cellprob).all()


def test_nets_that_differ_are_not_averaged(tmp_path: Path, folder: Path) -> None:
    parts = four_nets(tmp_path)
    torch.save(CPnet(CPnetOptions(widths=(4, 6))).state_dict(), tmp_path / "cytotorch_flat")
    with pytest.raises(UserError, match=r"cytotorch_flat.*cannot be averaged"):
        import_model([parts[0], tmp_path / "cytotorch_flat"])
    with pytest.raises(UserError, match="only those can be averaged"):
        import_model([parts[0], registry.find_model("generalist")])
    other = saved(tmp_path / "yeast")
    with pytest.raises(UserError, match="nothing in common"):
        import_model([parts[0], other])
    assert not folder.exists()
    assert import_model([parts[0], other], "both").stem == "both"


@pytest.mark.parametrize("options", [{}, {"nets": 4}, {"nets": 10**6, "net": {}}, {"nets": 2, "net": 3}])
def test_impossible_averages_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        AverageOfCPnets.from_options(options)


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
    assert any("channels" in note for note in result.notes) == (axes == "CYX")  # two of three were looked at
    given = segment(pixels, model, axes=axes, diameter=17.03)
    np.testing.assert_allclose(given.cellprob, result.cellprob, atol=1e-4)


@pytest.mark.parametrize("inputs", [1, 2, 3])
def test_a_net_of_any_number_of_inputs_sees_the_channels_chosen(tmp_path: Path, inputs: int) -> None:
    torch.manual_seed(0)
    torch.save(CPnet(CPnetOptions(channels=inputs, widths=(4, 6, 8))).state_dict(), tmp_path / "m")
    model = load_model(tmp_path / "m", "cpu")
    pixels = np.random.default_rng(0).integers(0, 900, (5, 40, 50)).astype(np.uint16)
    chosen = (4, 2, 5)[:inputs]
    result = segment(pixels, model, axes="CYX", channels=chosen, diameter=30)
    same_shown = segment(pixels[[n - 1 for n in chosen]], model, axes="CYX", diameter=30)
    np.testing.assert_array_equal(result.cellprob, same_shown.cellprob)
    assert not result.notes and result.options.channels == chosen
    first = segment(pixels, model, axes="CYX", diameter=30)
    assert np.abs(first.cellprob - result.cellprob).max() > 1e-3 and "first" in first.notes[0]
    grey = segment(pixels, model, axes="CYX", channels=(0, 0)[:inputs], diameter=30)
    mean = segment(pixels.mean(0), model, diameter=30)
    np.testing.assert_allclose(grey.cellprob, mean.cellprob, atol=1e-4)
    assert segment(pixels[0], model, channels=chosen).notes == (
        "The image has a single channel; the model looked at that.",
    )


def labelled_folder(tmp_path: Path) -> np.ndarray:
    """A data set of one image in the folder “set”; its labels."""
    data = tmp_path / "set" / "train"
    data.mkdir(parents=True)
    labels = crowd(0, (96, 96), 20, 10)
    for suffix, array in (("img", (labels > 0) * 200), ("masks", labels)):
        tifffile.imwrite(data / f"one_{suffix}.tif", array.astype(np.uint16))
    return labels


def test_fine_tuning_an_average(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIDES", (64,))
    labelled_folder(tmp_path)
    source, target = import_model(four_nets(tmp_path)[:2]), tmp_path / "tuned.safetensors"
    train_model(TrainingRequest([tmp_path / "set"], target, start="cytotorch", epochs=16))
    before, after = (load_model(path, "cpu").network.state_dict() for path in (source, target))
    assert after.keys() == before.keys()
    assert all(not torch.equal(before[k], after[k]) for k in before if before[k].ndim == 4)


def test_fine_tuning_an_imported_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIDES", (64,))
    write_size_file(tmp_path / "size_m.npy", size_values())
    source = saved(tmp_path / "m")
    labels = labelled_folder(tmp_path)
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
