"""The decisions of the installer: what is whole, what is missing, what it says, what it passes on.

Nothing is installed here: pip, apt-get and the program are replaced where the installer would start them.
"""

import json
import os
import sys
import time
from pathlib import Path

import bootstrap
import installation
import pytest
import system_libraries
from console import BootstrapError, follow

EGL, CURSOR = (
    next(need for need in system_libraries.LIBRARIES if need.name == name)
    for name in ("libEGL.so.1", "libxcb-cursor.so.0")
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with lists of packages and an empty but plausible .venv; the installer works on it."""
    (tmp_path / "installers").mkdir()
    for name in ("pyproject.toml", "installers/requirements.lock", "installers/requirements-dev.lock"):
        (tmp_path / name).write_text(f"first {name}\n")
    monkeypatch.setattr(installation, "ROOT", tmp_path)
    monkeypatch.setattr(installation, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(installation, "LOCK", tmp_path / "installers/requirements.lock")
    monkeypatch.setattr(installation, "DEV_LOCK", tmp_path / "installers/requirements-dev.lock")
    return tmp_path


@pytest.fixture
def made(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the installer did, in order; making a .venv and installing are imitated in the checkout."""
    deeds: list[str] = []

    def make_venv() -> None:
        deeds.append("venv")
        python = installation.venv_python()
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        site_packages().mkdir(parents=True, exist_ok=True)

    def pip_install(*arguments: str) -> None:
        name = Path(arguments[-1]).name
        deeds.append(name)
        (site_packages() / f"{name}.dist-info").mkdir(exist_ok=True)

    monkeypatch.setattr(installation, "make_venv", make_venv)
    monkeypatch.setattr(installation, "venv_works", lambda: installation.venv_python().exists())
    monkeypatch.setattr(installation, "pip_install", pip_install)
    monkeypatch.setattr(installation, "wants_cpu_torch", lambda: False)
    return deeds


def site_packages() -> Path:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return installation.VENV / ("Lib/site-packages" if os.name == "nt" else f"lib/{version}/site-packages")


# ---- a finished installation is left alone, any other is not


def test_first_start_makes_everything_and_the_second_nothing(checkout: Path, made: list[str]) -> None:
    installation.provide(for_tests=False)
    assert made == ["venv", "requirements.lock", checkout.name]
    made.clear()
    installation.provide(for_tests=False)
    assert made == []


def test_tests_add_their_tools_and_the_program_then_needs_nothing(checkout: Path, made: list[str]) -> None:
    installation.provide(for_tests=False)
    made.clear()
    installation.provide(for_tests=True)
    assert "requirements-dev.lock" in made and "venv" not in made
    made.clear()
    installation.provide(for_tests=False)
    installation.provide(for_tests=True)
    assert made == []


@pytest.mark.parametrize("changed", ["pyproject.toml", "installers/requirements.lock"])
def test_changed_lists_are_installed_into_the_same_venv(
    checkout: Path, made: list[str], changed: str
) -> None:
    installation.provide(for_tests=False)
    made.clear()
    (checkout / changed).write_text("second")
    installation.provide(for_tests=False)
    assert made == ["requirements.lock", checkout.name]


def test_changed_tools_of_the_tests_do_not_concern_the_program(checkout: Path, made: list[str]) -> None:
    installation.provide(for_tests=True)
    installation.DEV_LOCK.write_text("second")
    assert installation.is_installed(for_tests=False)
    assert not installation.is_installed(for_tests=True)


def test_another_python_or_place_is_another_installation(
    checkout: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = installation.fingerprint(for_tests=False)
    monkeypatch.setattr(installation, "ROOT", checkout / "moved")
    (checkout / "moved").mkdir()
    (checkout / "moved/pyproject.toml").write_bytes((checkout / "pyproject.toml").read_bytes())
    moved = installation.fingerprint(for_tests=False)
    monkeypatch.setattr(sys.implementation, "cache_tag", "cpython-399")
    assert len({before, moved, installation.fingerprint(for_tests=False)}) == 3


def test_cut_off_installation_is_made_anew(
    checkout: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(installation, "pip_install", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            installation.provide(for_tests=False)
    assert not installation.is_installed(for_tests=False)
    made.clear()
    installation.provide(for_tests=False)
    assert made[0] == "venv"
    assert installation.is_installed(for_tests=False)


def test_update_without_network_leaves_the_venv_to_be_updated_later(
    checkout: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.provide(for_tests=False)
    installation.DEV_LOCK.write_text("second")

    def no_network(*arguments: str) -> None:
        raise BootstrapError("No network")

    with monkeypatch.context() as patched:
        patched.setattr(installation, "pip_install", no_network)
        with pytest.raises(BootstrapError):
            installation.provide(for_tests=True)
    assert installation.is_installed(for_tests=False)
    made.clear()
    installation.provide(for_tests=True)
    assert "venv" not in made


@pytest.mark.parametrize("damage", ["package", "python"])
def test_damaged_venv_is_noticed_and_made_anew(checkout: Path, made: list[str], damage: str) -> None:
    installation.provide(for_tests=False)
    made.clear()
    if damage == "package":
        (site_packages() / "requirements.lock.dist-info").rmdir()
    else:
        installation.venv_python().unlink()
    installation.provide(for_tests=False)
    assert made[0] == "venv"


@pytest.mark.parametrize("record", ["", '{"run": "', "[]", "null"])
def test_unreadable_record_is_no_installation(checkout: Path, made: list[str], record: str) -> None:
    installation.provide(for_tests=False)
    (installation.VENV / "bootstrap.json").write_text(record)
    assert not installation.is_installed(for_tests=False)
    installation.provide(for_tests=False)
    assert installation.is_installed(for_tests=False)


def test_new_venv_replaces_what_was_there_and_says_it_is_unfinished(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftover = installation.VENV / "lib/leftover.py"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    monkeypatch.setattr(installation, "follow", lambda command, output: 0)
    installation.make_venv()
    assert [entry.name for entry in installation.VENV.iterdir()] == ["bootstrap.json"]
    assert json.loads((installation.VENV / "bootstrap.json").read_text()) == {"unfinished": True}


def test_too_little_room_is_said_before_anything_is_deleted(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = installation.VENV / "kept"
    kept.mkdir(parents=True)
    monkeypatch.setattr(installation, "FREE_BYTES", 10**18)
    with pytest.raises(BootstrapError, match="GB are free"):
        installation.make_venv()
    assert kept.exists()


def test_finished_installation_is_recognised_in_no_time(checkout: Path, made: list[str]) -> None:
    installation.provide(for_tests=True)
    for number in range(200):
        (site_packages() / f"package{number}").mkdir()
    started = time.perf_counter()
    assert installation.is_installed(for_tests=True)
    assert time.perf_counter() - started < 0.1


# ---- which torch


@pytest.mark.parametrize(("reachable", "expected"), [(True, ["torch==2.13.0"]), (False, [])])
def test_torch_comes_from_the_cpu_index_only_where_that_answers(
    checkout: Path, made: list[str], monkeypatch: pytest.MonkeyPatch, reachable: bool, expected: list[str]
) -> None:
    installation.LOCK.write_text("torchvision==1\ntorch==2.13.0\n")
    monkeypatch.setattr(installation, "wants_cpu_torch", lambda: True)
    monkeypatch.setattr(installation, "answers", lambda url: reachable)
    installation.provide(for_tests=False)
    assert made == ["venv", *expected, "requirements.lock", checkout.name]


def test_server_that_is_not_there_does_not_answer() -> None:
    assert not installation.answers("http://127.0.0.1:9/torch/")


def test_lock_names_one_torch_without_a_build() -> None:
    assert installation.locked("torch").removeprefix("torch==").replace(".", "").isdigit()


# ---- why pip failed


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(... Failed to "
            "establish a connection: [Errno -3] Temporary failure in name resolution')': /simple/numpy/\n"
            "ERROR: No matching distribution found for numpy==2.4.6\n",
            "No network",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            "disk is full",
        ),
        (
            "ERROR: No matching distribution found for torch==2.13.0\n",
            "torch==2.13.0 does not exist for Python",
        ),
    ],
)
def test_known_reasons_are_one_line(output: str, expected: str) -> None:
    line = installation.explain_pip(output.splitlines(keepends=True))
    assert expected in line and "\n" not in line


def test_unknown_reason_shows_the_end_of_what_pip_said() -> None:
    lines = [f"line {number}\n" for number in range(100)]
    shown = installation.explain_pip(lines).splitlines()
    assert shown[-2] == "line 99" and len(shown) < 20


def test_followed_command_is_quiet_and_its_words_are_kept(capfd: pytest.CaptureFixture[str]) -> None:
    output: list[str] = []
    status = follow([sys.executable, "-c", "print('noise'); raise SystemExit(3)"], output)  # type: ignore[arg-type]
    assert (status, output) == (3, ["noise\n"])
    assert capfd.readouterr() == ("", "")


# ---- system libraries


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A Linux on which the names in the returned set are missing: libraries, programs, `a font`, `venv`."""
    lacking: set[str] = set()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(system_libraries, "loads", lambda name: name not in lacking)
    monkeypatch.setattr(system_libraries, "font_exists", lambda: "a font" not in lacking)
    monkeypatch.setattr(system_libraries, "venv_exists", lambda: "venv" not in lacking)
    monkeypatch.setattr(
        system_libraries.shutil, "which", lambda name: None if name in lacking else f"/usr/bin/{name}"
    )
    return lacking


def names(for_tests: bool) -> list[str]:
    return [need.name for need in system_libraries.missing(for_tests)]


def test_complete_linux_lacks_nothing(linux: set[str]) -> None:
    assert names(for_tests=True) == []


def test_every_missing_thing_is_found(linux: set[str]) -> None:
    linux |= {"libEGL.so.1", "libxcb-cursor.so.0", "a font", "venv"}
    assert set(names(for_tests=False)) == {
        "Python's venv module",
        "libEGL.so.1",
        "libxcb-cursor.so.0",
        "a font",
    }


def test_display_of_the_tests_is_wanted_for_tests_only(linux: set[str]) -> None:
    linux |= {"Xvfb", "xdotool"}
    assert names(for_tests=False) == []
    assert names(for_tests=True) == ["Xvfb", "xdotool"]


def test_other_systems_are_not_searched(linux: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    linux |= {"libEGL.so.1", "a font", "Xvfb"}
    monkeypatch.setattr(sys, "platform", "darwin")
    assert names(for_tests=True) == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks the loader of Linux")
def test_loader_tells_a_library_from_none() -> None:
    assert system_libraries.loads("libc.so.6")
    assert not system_libraries.loads("libnothing-of-the-kind.so.1")


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt-get", "apt-get install -y libegl1 libxcb-cursor0"),
        ("dnf", "dnf install -y libglvnd-egl xcb-util-cursor"),
        ("zypper", "zypper install -y Mesa-libEGL1 libxcb-cursor0"),
        ("pacman", "pacman -S --needed libglvnd xcb-util-cursor"),
    ],
)
def test_command_of_each_package_manager(manager: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert system_libraries.install_command([EGL, CURSOR], manager) == command
    monkeypatch.setattr(system_libraries, "is_root", lambda: False)
    line = system_libraries.explanation([EGL, CURSOR], manager)
    assert line.endswith(f": sudo {command}") and "libEGL.so.1, libxcb-cursor.so.0" in line
    assert "\n" not in line


def test_package_that_brings_several_libraries_is_named_once() -> None:
    xcb = [need for need in system_libraries.LIBRARIES if need.dnf == "libxcb"]
    assert len(xcb) > 1
    assert system_libraries.install_command(xcb, "dnf") == "dnf install -y libxcb"


def test_unknown_linux_gets_the_names() -> None:
    assert "libEGL.so.1" in system_libraries.explanation([EGL], None)


def test_root_on_debian_gets_them_installed(linux: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    linux |= {"libEGL.so.1"}
    commands = []

    def apt(command: list[str], output: object, environment: dict[str, str]) -> int:
        commands.append(command)
        assert environment["DEBIAN_FRONTEND"] == "noninteractive"
        if "install" in command:
            linux.clear()
        return 0

    monkeypatch.setattr(system_libraries, "is_root", lambda: True)
    monkeypatch.setattr(system_libraries, "follow", apt)
    system_libraries.provide(for_tests=False)
    assert commands[0] == ["apt-get", "update"]
    assert commands[1][:4] == ["apt-get", "install", "-y", "libegl1"]


@pytest.mark.parametrize(("root", "manager"), [(False, "apt-get"), (True, "dnf"), (False, None)])
def test_nothing_is_installed_by_others(
    linux: set[str], monkeypatch: pytest.MonkeyPatch, root: bool, manager: str | None
) -> None:
    linux |= {"libEGL.so.1"}
    monkeypatch.setattr(system_libraries, "is_root", lambda: root)
    monkeypatch.setattr(system_libraries, "package_manager", lambda: manager)
    monkeypatch.setattr(system_libraries, "follow", lambda *_: pytest.fail("a command was started"))
    with pytest.raises(BootstrapError, match=r"libEGL\.so\.1"):
        system_libraries.provide(for_tests=False)


# ---- the two commands


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each start was for tests; nothing is missing."""
    starts: list[bool] = []
    monkeypatch.setattr(system_libraries, "provide", lambda for_tests: None)
    monkeypatch.setattr(installation, "provide", lambda for_tests: starts.append(for_tests))
    return starts


def test_run_passes_every_argument_on(installed: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(bootstrap.os, "name", "posix")
    monkeypatch.setattr(bootstrap.os, "execv", lambda path, command: started.append((path, command)))
    arguments = ["--smoke", "--help", "a b/Zellen ä 细胞.tif", "--", "-x"]
    bootstrap.main(["run", *arguments])
    python = str(installation.venv_python())
    assert started == [(python, [python, "-m", "cellpose_gui.app", *arguments])]
    assert installed == [False]


def test_every_step_runs_and_the_first_failure_counts(
    installed: list[bool], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    statuses = {"good": 0, "bad": 7, "worse": 9, "last": 0}
    commands = [(name, [sys.executable, "-c", f"raise SystemExit({n})"]) for name, n in statuses.items()]
    monkeypatch.setattr(bootstrap, "steps", lambda arguments: commands)
    assert bootstrap.main(["test"]) == 7
    summary = capfd.readouterr().out.split("== summary\n")[1].splitlines()
    assert [line.split()[0] for line in summary] == list(statuses)
    assert [line.rsplit("s  ")[1] for line in summary] == ["ok", "failed (7)", "failed (9)", "ok"]
    assert installed == [True]


def test_steps_are_the_whole_test_command_and_pytest_gets_the_arguments() -> None:
    steps = dict(bootstrap.steps(["-k", "pen"]))
    assert list(steps) == ["ruff check", "ruff format", "mypy", "lint-imports", "pytest"]
    assert steps["pytest"][-4:] == ["pytest", "--numprocesses=auto", "-k", "pen"]
    assert "--check" in steps["ruff format"]


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 9, 18)])
def test_old_python_is_one_line(
    version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(system_libraries, "provide", lambda for_tests: pytest.fail("went on"))
    assert bootstrap.main(["run"]) == 1
    message = capfd.readouterr().err
    assert message.startswith("Python 3.10 or newer is needed") and message.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "words", "status"),
    [
        (BootstrapError("No network"), "No network", 1),
        (OSError(28, "No space left on device"), "disk is full", 1),
        (PermissionError(13, "Permission denied", "/x/.venv"), "/x/.venv", 1),
        (KeyboardInterrupt(), "Stopped", 130),
    ],
)
def test_failures_are_one_line_without_traceback(
    error: BaseException,
    words: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(for_tests: bool) -> None:
        raise error

    monkeypatch.setattr(system_libraries, "provide", fail)
    assert bootstrap.main(["run"]) == status
    message = capfd.readouterr().err
    assert words in message and message.count("\n") == 1


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["start"], 2), (["--help"], 0)])
def test_anything_else_shows_the_two_commands(
    arguments: list[str], status: int, installed: list[bool], capfd: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(arguments) == status
    assert "bootstrap.py run" in capfd.readouterr().err
    assert installed == []
