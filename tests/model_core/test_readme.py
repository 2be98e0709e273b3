"""The code in the README does what it says."""

import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from drawings import SeeingModel
from folders import four_discs

import model_core
from model_core.networks.cpnet import CPnet
from model_core.networks.flow_net import FlowNet
from model_core.segmentation.options import Options

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_code_runs_as_it_stands(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seeing_model: SeeingModel,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("model_core.models.model.load_model", lambda: seeing_model)
    tifffile.imwrite("cells.tif", (900 * (four_discs() > 0)).astype(np.uint16))
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(block, names)
    assert capsys.readouterr().out.startswith("4 cells, ")
    labels, result = names["labels"], names["result"]
    assert isinstance(result, model_core.Segmentation) and isinstance(labels, np.ndarray)
    np.testing.assert_array_equal(labels, result.labels)
    assert labels.dtype == np.uint32 and labels.shape == (1, 120, 120)
    record = result.objects[1]
    assert record.area == np.count_nonzero(labels == 1) and len(record.centroid) == 3
    assert record.confidence is not None and 0 <= record.confidence <= 1


def test_the_five_lines_are_five() -> None:
    lines = [line for line in BLOCKS[0].splitlines() if line]
    assert lines[0].startswith("from model_core import") and len(lines) == 1 + 5


def test_every_option_of_the_table_exists_with_its_default() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \| ", README, re.MULTILINE))
    options = {name: default for name, default in table.items() if hasattr(Options, name)}
    assert options.keys() >= {
        "channels",
        "diameter",
        "flow_threshold",
        "score_threshold",
        "cellprob_threshold",
        "min_size",
        "niter",
        "augment",
        "do_3D",
        "stitch_threshold",
        "anisotropy",
    }
    assert float(options["score_threshold"].rsplit(maxsplit=1)[-1]) == FlowNet.score_threshold
    assert float(options["flow_threshold"].split(maxsplit=1)[0]) == CPnet.flow_threshold
    for name in ("cellprob_threshold", "min_size", "stitch_threshold"):
        assert float(options[name]) == getattr(Options(), name)


def test_every_public_name_is_there() -> None:
    for name in model_core.__all__:
        assert getattr(model_core, name).__name__ == name
