"""Installs what is missing into .venv/ of this checkout, then opens the program or runs its tests.

    python3 installers/bootstrap.py run [ARGUMENTS AND FILES...]
    python3 installers/bootstrap.py test [PYTEST ARGUMENTS...]

Needs nothing but Python's standard library.
"""

from __future__ import annotations

import errno
import os
import platform
import subprocess
import sys
import time

import installation
import system_libraries
from console import BootstrapError, say

OLDEST_PYTHON = (3, 10)


def check_python() -> None:
    version, download = platform.python_version(), "https://www.python.org/downloads/"
    if sys.version_info[:2] < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise BootstrapError(f"Python {wanted} or newer is needed; this is {version}. Get it from {download}")
    if sys.maxsize < 2**32:
        raise BootstrapError(f"A 64-bit Python is needed; this one is 32-bit. Get it from {download}")
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise BootstrapError(
            "A Mac with an Apple chip and a Python made for it are needed: PyTorch left Intel Macs behind"
        )


def program_command(arguments: list[str]) -> list[str]:
    return [str(installation.venv_python()), "-m", "cellpose_gui.app", *arguments]


def run(arguments: list[str]) -> int:
    command = program_command(arguments)
    if os.name == "nt":  # Windows can't replace a process: its exec returns to the prompt at once
        return subprocess.run(command, check=False).returncode
    sys.stdout.flush()
    os.execv(command[0], command)


def steps(pytest_arguments: list[str]) -> list[tuple[str, list[str]]]:
    python = str(installation.venv_python())
    return [
        ("ruff check", [python, "-m", "ruff", "check", "."]),
        ("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        ("mypy", [python, "-m", "mypy", "--num-workers=auto"]),
        ("lint-imports", [str(installation.venv_script("lint-imports"))]),
        ("pytest", [python, "-m", "pytest", "--numprocesses=auto", *pytest_arguments]),
    ]


def test(pytest_arguments: list[str]) -> int:
    """Runs every step, the later ones too when one fails; gives the exit status of the first that failed."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    summary, first_failure = [], 0
    for name, command in steps(pytest_arguments):
        print(f"== {name}", flush=True)
        started = time.monotonic()
        status = subprocess.run(command, cwd=installation.ROOT, env=environment, check=False).returncode
        result = "ok" if status == 0 else f"failed ({status})"
        summary.append(f"{name:14}{time.monotonic() - started:7.1f} s  {result}")
        first_failure = first_failure or status
    print("== summary", *summary, sep="\n", flush=True)
    return first_failure


def main(arguments: list[str]) -> int:
    commands = {"run": run, "test": test}
    if not arguments or arguments[0] not in commands:
        say(__doc__ or "")
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    name, rest = arguments[0], arguments[1:]
    try:
        check_python()
        system_libraries.provide(for_tests=name == "test")
        installation.provide(for_tests=name == "test")
        return commands[name](rest)
    except BootstrapError as error:
        say(str(error))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            say(f"The disk is full: make room at {installation.ROOT}, then start again")
        else:
            say(f"The program can't be installed or started: {error.strerror or error}: {error.filename}")
    except KeyboardInterrupt:
        say("Stopped. An installation that was under way is made anew at the next start.")
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
