"""Tasks: where their results arrive, and when they do not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from PyQt6.QtCore import QThread
from pytestqt.qtbot import QtBot

from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.errors import Cancelled, UserError


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TaskRunner]:
    runner = TaskRunner()
    yield runner
    assert runner.stop_all()


def compute_until_cancelled(progress: Progress, cancel: Cancel) -> None:
    while not cancel():
        time.sleep(0.005)
    raise Cancelled


def test_work_runs_in_another_thread_and_its_result_arrives_in_this_one(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    here = QThread.currentThread()
    seen: list[tuple[int, bool]] = []
    worker: list[bool] = []

    def work(progress: Progress, cancel: Cancel) -> int:
        worker.append(QThread.currentThread() is here)
        return 7

    runner.run("Counting", work, lambda n: seen.append((n, QThread.currentThread() is here)), slot="a")
    assert runner.current("a") is not None
    qtbot.waitUntil(lambda: seen == [(7, True)])
    assert worker == [False]
    assert runner.current("a") is None


def test_progress_is_told_often_but_not_for_every_step(qtbot: QtBot, runner: TaskRunner) -> None:
    told: list[tuple[float, str]] = []

    def work(progress: Progress, cancel: Cancel) -> None:
        for step in range(100_000):
            progress(step / 100_000, "Counting")
        progress(1.0, "Done")

    task = runner.run("Counting", work, lambda _: None, slot="a")
    task.progressed.connect(lambda fraction, text: told.append((fraction, text)))
    qtbot.waitUntil(lambda: bool(told) and told[-1] == (1.0, "Done"))
    assert len(told) < 1000
    assert told == sorted(told)


def test_an_error_goes_to_the_starter_or_to_the_signal_with_its_title(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    def fail(progress: Progress, cancel: Cancel) -> None:
        raise UserError("the disk is full")

    kept: list[Exception] = []
    with qtbot.assertNotEmitted(runner.failed):
        runner.run("Saving", fail, lambda _: pytest.fail("no result"), slot="a", failed=kept.append)
        qtbot.waitUntil(lambda: bool(kept))
    with qtbot.waitSignal(runner.failed) as told:
        runner.run("Saving", fail, lambda _: pytest.fail("no result"), slot="a")
    assert told.args is not None
    title, error = told.args
    assert (title, str(error), str(kept[0])) == ("Saving", "the disk is full", "the disk is full")


def test_cancel_takes_effect_within_a_second(qtbot: QtBot, runner: TaskRunner) -> None:
    ended: list[str] = []
    task = runner.run(
        "Long", compute_until_cancelled, lambda _: ended.append("done"), slot="a",
        cancelled=lambda: ended.append("cancelled"),
    )  # fmt: skip
    begun = time.monotonic()
    task.cancel()
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == ["cancelled"]
    assert time.monotonic() - begun < 1


def test_a_new_task_takes_the_slot_and_the_result_of_the_old_one_is_dropped(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    gate = threading.Event()
    arrived: list[str] = []
    dropped: list[str] = []

    def old(progress: Progress, cancel: Cancel) -> str:  # deaf to cancel, as a decoder of images is
        gate.wait(5)
        return "old"

    def ready(progress: Progress, cancel: Cancel) -> str:
        return "ready"

    runner.run("Old", old, arrived.append, slot="a", dropped=dropped.append)
    at_once = runner.run("Ready", ready, arrived.append, slot="a", dropped=dropped.append)
    at_once.wait(5000)  # its result is on its way, but not here, when the next one starts
    runner.run("New", lambda progress, cancel: "new", arrived.append, slot="a", dropped=dropped.append)
    gate.set()
    qtbot.waitUntil(lambda: arrived == ["new"] and sorted(dropped) == ["old", "ready"])
    qtbot.waitUntil(lambda: not runner.busy)
    assert arrived == ["new"]


def test_tasks_of_different_slots_do_not_touch_each_other(qtbot: QtBot, runner: TaskRunner) -> None:
    arrived: list[str] = []
    runner.run("A", lambda progress, cancel: "a", arrived.append, slot="a")
    runner.run("B", lambda progress, cancel: "b", arrived.append, slot="b")
    qtbot.waitUntil(lambda: sorted(arrived) == ["a", "b"])


def test_stop_all_waits_for_all_and_says_when_something_does_not_stop(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    gate = threading.Event()
    for slot in "abc":
        runner.run("Long", compute_until_cancelled, lambda _: pytest.fail("no result"), slot=slot)
    assert runner.stop_all(2000)
    runner.run("Deaf", lambda progress, cancel: gate.wait(10), lambda _: None, slot="a")
    assert not runner.stop_all(50)
    assert runner.busy
    gate.set()
    assert runner.stop_all(2000)
