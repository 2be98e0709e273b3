"""Images and options that a command line cannot use: one plain line, and nothing half-written."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import Result
from drawings import SeeingModel
from folders import four_discs
from typer.testing import CliRunner

from model_core.cli import app
from model_core.formats.label_image import read_labels

ROOT = Path(__file__).parents[3]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def seeing(monkeypatch: pytest.MonkeyPatch, seeing_model: SeeingModel) -> SeeingModel:
    monkeypatch.setattr("model_core.models.model.load_model", lambda name=None, device=None: seeing_model)
    return seeing_model


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Cells in the third of four channels, and one whole cell in the first."""
    pixels = np.zeros((4, 120, 120), np.uint16)
    pixels[2] = 900 * (four_discs() > 0)
    pixels[0, 20:60, 20:60] = 900
    path = tmp_path / "colours.tif"
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "CYX"})
    return path


def test_options_are_understood_as_cellpose_spells_them(
    colours: Path, tmp_path: Path, seeing: SeeingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from model_core.segmentation import segmenter

    seen: list[dict[str, object]] = []
    whole = segmenter.segment

    def watched(*args: object, **options: object) -> segmenter.Segmentation:
        seen.append({key: value for key, value in options.items() if key != "progress"})
        return whole(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(segmenter, "segment", watched)
    text = (
        "--flow_threshold 0.3 --cellprob_threshold -1 --min_size 9 --stitch_threshold 0.4 --no-do_3D "
        "--diameter 30 --niter 50 --anisotropy 2 --augment --channels 3,1"
    )
    for folder, options in (("a", text), ("b", text.replace("_3D", "-3d").replace("_", "-"))):
        result = run("segment", colours, "-o", tmp_path / folder, *options.split())
        assert result.exit_code == 0, result.output
    assert seen[0] == seen[1]
    assert seen[0]["channels"] == (3, 1) and seen[0]["stitch_threshold"] == 0.4 and seen[0]["do_3D"] is False


def test_channels_are_chosen(colours: Path, tmp_path: Path, seeing: SeeingModel) -> None:
    for number, (channels, cells) in enumerate((("3", 4), ("1,0", 1), ("4", 0))):
        result = run("segment", colours, "-o", tmp_path / str(number), "--channels", channels)
        assert result.exit_code == 0, result.output
        assert read_labels(tmp_path / str(number) / "colours_masks.tif").max() == cells
    for channels, words in (("5", "no channel 5"), ("red", "“red”"), ("1,", "“1,”"), ("-1", "Channels are")):
        result = run("segment", colours, "-o", tmp_path / "bad", "--channels", channels)
        assert result.exit_code == 1 and words in result.stderr, result.output
        assert not list((tmp_path / "bad").glob("*")) and "Traceback" not in result.output


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((40, 50), np.uint16), "same value everywhere"),
        (np.full((40, 50), np.nan, np.float32), "NaN"),
        (np.zeros((1, 1), np.uint8), "same value"),
        (np.zeros((16, 30, 40), np.uint8), ""),
        (np.zeros((30, 40), np.complex64), "complex64"),
    ],
)
def test_odd_images_are_segmented_or_refused_in_a_line(
    tmp_path: Path, seeing: SeeingModel, pixels: np.ndarray, words: str
) -> None:
    tifffile.imwrite(tmp_path / "odd.tif", pixels, photometric="minisblack")
    result = run("segment", tmp_path / "odd.tif", "-o", tmp_path / "r")
    assert words in result.stderr and "Traceback" not in result.output
    assert result.exit_code == (1 if np.iscomplexobj(pixels) else 0)
    assert (tmp_path / "r" / "odd_masks.tif").exists() == (result.exit_code == 0)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_an_image_too_large_for_the_memory_is_said_and_the_next_is_segmented(
    tmp_path: Path, seeing: SeeingModel, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from model_core.models.model import Model

    for name, side in (("large", 400), ("small", 120)):
        pixels = np.zeros((side, side), np.uint8)
        pixels[:120, :120] = 200 * (four_discs() > 0)
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels)

    def predict(tiles: np.ndarray) -> np.ndarray:
        if tiles.shape[-1] > 130:
            raise error
        return SeeingModel.predict(seeing, tiles)

    # the model of the test stands for the net; what a real one does about memory lies around it
    monkeypatch.setattr(seeing, "_predict", predict, raising=False)
    monkeypatch.setattr(seeing, "predict", lambda tiles: Model.predict(seeing, tiles), raising=False)
    images = tmp_path / "large.tif", tmp_path / "small.tif"
    result = run("segment", *images, "-o", tmp_path / "r", "--diameter", 30)
    assert result.exit_code == 1
    assert "large.tif” does not fit into the memory" in result.stderr and "Traceback" not in result.output
    assert [p.name for p in (tmp_path / "r").iterdir()] == ["small_masks.tif"]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C cannot be sent to one program alone there")
def test_ctrl_c_in_the_middle_ends_at_once_and_leaves_nothing(tmp_path: Path, tiny_model_file: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.eye(60, dtype=np.uint8))
    tifffile.imwrite(tmp_path / "b.tif", np.random.default_rng(0).integers(0, 99, (1600, 1600), np.uint8))
    files = [tmp_path / "a.tif", tmp_path / "b.tif", "-o", tmp_path / "r", "--model", tiny_model_file]
    options = ["--diameter", "15", "--augment", "--device", "cpu"]
    program = subprocess.Popen(
        [sys.executable, "-m", "model_core.cli", "segment", *map(str, files), *options],
        cwd=ROOT,
        # a shell's background job ignores Ctrl+C, and so would what it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    assert b"a_masks.tif" in program.stdout.readline()  # the first is done, the second takes long
    time.sleep(1)
    assert program.poll() is None
    begun = time.monotonic()
    program.send_signal(signal.SIGINT)
    _, complaint = program.communicate(timeout=60)
    assert time.monotonic() - begun < 8, "a second, and some for a busy machine to shut down"
    assert program.returncode == 130 and complaint.strip() == b"Stopped."
    assert [p.name for p in (tmp_path / "r").iterdir()] == ["a_masks.tif"]
