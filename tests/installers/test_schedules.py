"""The ready-made schedules call commands and options that the program has."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model_core.cli import app
from model_core.community.rounds import Outcome, Round
from model_core.community.store import Store

SCHEDULES = Path(__file__).parents[2] / "installers" / "schedules"
CALLS = {
    path.name: re.findall(r"cellpose-engine (.*?)(?: >>|$)", path.read_text(encoding="utf-8"), re.MULTILINE)
    for path in sorted(SCHEDULES.iterdir())
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Store, Round]]:
    """What rounds were asked for; none is run."""
    rounds: list[tuple[Store, Round]] = []

    def record(store: Store, request: Round, *_: object) -> Outcome:
        rounds.append((store, request))
        return Outcome(None, ("There is nothing new to learn.",))

    monkeypatch.setattr("model_core.community.rounds.run_round", record)
    return rounds


@pytest.mark.parametrize("name", [name for name in CALLS if not name.endswith(".timer")])
def test_a_schedule_runs_a_round(name: str, asked: list[tuple[Store, Round]], tmp_path: Path) -> None:
    (call,) = CALLS[name]
    for place in ("STORE", "DATA", "WORK"):
        call = re.sub(rf"\$\{{?{place}\}}?", str(tmp_path / place), call)
    result = CliRunner().invoke(app, shlex.split(call))
    assert result.exit_code == 0, result.output
    ((store, request),) = asked
    assert store.address == str(tmp_path / "STORE")
    assert (request.data, request.work) == (tmp_path / "DATA", tmp_path / "WORK") and request.minutes == 720


@pytest.mark.parametrize("wrong", ["release walk s", "release run s --data d --into w --hours 12"])
def test_a_call_that_is_none_would_be_noticed(wrong: str, asked: list[tuple[Store, Round]]) -> None:
    assert CliRunner().invoke(app, wrong.split()).exit_code == 2 and not asked


def test_every_schedule_is_looked_at() -> None:
    assert set(CALLS) == {
        "cellpose-release.service",
        "cellpose-release.timer",
        "release-workflow.yml",
        "release.cron",
    }
    timer = (SCHEDULES / "cellpose-release.timer").read_text(encoding="utf-8")
    assert "WantedBy=timers.target" in timer and "Unit=" not in timer  # it starts the service of its own name
