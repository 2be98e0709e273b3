"""The installation in .venv/ of this checkout: whether it is whole, making it, making up what is missing.

The record in .venv/bootstrap.json is written last. Without it, or when the lists of packages have changed
since, the installation is made or made up; one that was cut off is made anew.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console import BootstrapError, follow, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "installers" / "requirements.lock"
DEV_LOCK = ROOT / "installers" / "requirements-dev.lock"
FREE_BYTES = 3_000_000_000  # the libraries take 2 GB, pip's downloads the rest
# PyPI's torch for Linux brings 4 GB of CUDA libraries; this index has the same version without them.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

NETWORK_SIGNS = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Max retries exceeded"
    r"|Connection(Reset|Refused)?Error|getaddrinfo failed|Network is unreachable"
)
DISK_SIGNS = re.compile(r"No space left on device|not enough space on the disk|Disk quota exceeded")
NO_WHEEL_SIGNS = re.compile(r"No matching distribution found for (\S+)")


def provide(for_tests: bool) -> None:
    if is_installed(for_tests):
        return
    with only_installer():
        if not is_installed(for_tests):
            install(for_tests)


def is_installed(for_tests: bool) -> bool:
    """Whether a finished installation from today's lists is there; reads a few files, to cost no time."""
    record = read_record()
    return (
        record.get("test" if for_tests else "run") == fingerprint(for_tests)
        and venv_python().exists()
        and packages().issuperset(record["packages"])
    )


def fingerprint(for_tests: bool) -> str:
    """Changes with all that an installation is made from: the Python, the place, the lists of packages."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {platform.machine()} {ROOT}".encode())
    for file in [ROOT / "pyproject.toml", LOCK, *([DEV_LOCK] if for_tests else [])]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def packages() -> set[str]:
    """The names in site-packages: cheap to list, and a package removed or exchanged by hand shows."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    folder = VENV / ("Lib/site-packages" if os.name == "nt" else f"lib/{version}/site-packages")
    return {entry.name for entry in folder.iterdir()} - {"__pycache__"} if folder.is_dir() else set()


def read_record() -> dict[str, Any]:
    """What .venv/bootstrap.json says; empty when there is none or it was cut off."""
    try:
        record = json.loads((VENV / "bootstrap.json").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write_record(record: dict[str, Any]) -> None:
    temporary = VENV / "bootstrap.json.new"
    temporary.write_text(json.dumps(record, indent=1), "utf-8")
    temporary.replace(VENV / "bootstrap.json")


@contextmanager
def only_installer() -> Iterator[None]:
    """Lets a second start wait while a first one installs; the lock ends with the process that holds it."""
    VENV.mkdir(exist_ok=True)
    with (VENV / "bootstrap.lock").open("w") as file:
        if not try_lock(file.fileno()):
            say("Another start is installing just now; waiting for it ...")
            while not try_lock(file.fileno()):
                time.sleep(0.5)
        yield


def try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # Windows says the latter
        return False
    return True


def install(for_tests: bool) -> None:
    started = time.monotonic()
    record = read_record()
    damaged = record.get("unfinished") or not packages().issuperset(record.get("packages", []))
    if damaged or not venv_works():
        record = {"unfinished": True}
        make_venv()
    write_record({"unfinished": True})
    try:
        install_packages(for_tests)
    except BootstrapError:
        write_record(record)  # pip gave up in order, for lack of a network say: what worked before still does
        raise
    write_record(
        {
            "run": fingerprint(for_tests=False),
            "test": fingerprint(for_tests=True) if for_tests else None,
            "packages": sorted(packages()),
        }
    )
    say(f"Installed in {time.monotonic() - started:.0f} s.")


def install_packages(for_tests: bool) -> None:
    say("Installing the program's libraries (about 2 GB, more with an NVIDIA GPU; once, a few minutes) ...")
    if wants_cpu_torch() and answers(f"{TORCH_CPU_INDEX}/torch/"):
        pip_install("--no-deps", "--extra-index-url", TORCH_CPU_INDEX, locked("torch"))
    pip_install("-r", str(LOCK))
    if for_tests:
        say("Installing the tools of the tests ...")
        pip_install("-r", str(DEV_LOCK))
    say("Installing the program itself ...")
    pip_install("--no-deps", "--editable", str(ROOT))


def venv_works() -> bool:
    """Whether .venv runs with this version of Python and has pip."""
    if not venv_python().exists():
        return False
    question = [
        str(venv_python()),
        "-I",
        "-c",
        "import sys, pip; print(sys.implementation.cache_tag, sys.prefix)",
    ]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, check=False)
    except OSError:  # the Python that it was made from is gone or for another machine
        return False
    return answer.stdout.strip() == f"{sys.implementation.cache_tag} {VENV}"


def make_venv() -> None:
    """An empty .venv, whatever was there; marked as unfinished first, so that a later start knows."""
    free = shutil.disk_usage(ROOT).free
    if free < FREE_BYTES:
        raise BootstrapError(
            f"{free / 1e9:.1f} GB are free at {ROOT}, 3 GB are needed: make room, then start again"
        )
    say("Making .venv, the program's own folder for its libraries ...")
    write_record({"unfinished": True})
    for entry in VENV.iterdir():
        if entry.name in ("bootstrap.json", "bootstrap.lock"):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    output: deque[str] = deque(maxlen=15)
    # of the Python behind a virtual environment that may be active, for that might be the one just emptied
    base_python = getattr(sys, "_base_executable", None) or sys.executable
    if follow([base_python, "-m", "venv", str(VENV)], output):
        raise BootstrapError("".join(output).rstrip() + f"\nNo virtual environment could be made in {VENV}")


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def venv_script(name: str) -> Path:
    return VENV / (f"Scripts/{name}.exe" if os.name == "nt" else f"bin/{name}")


def wants_cpu_torch() -> bool:
    has_nvidia = shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()
    return sys.platform == "linux" and not has_nvidia


def answers(url: str) -> bool:
    """Whether the server can be reached now; pip alone would try for minutes."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (OSError, http.client.HTTPException):
        return False


def locked(package: str) -> str:
    lines = LOCK.read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"{package}=="))


def pip_install(*arguments: str) -> None:
    command = [str(venv_python()), "-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    output: deque[str] = deque(maxlen=500)
    # without a wheel pip would try for long to compile, which needs tools that few users have; Python's own
    # bytecode is left to the first import: most of it would never be used, and it takes as long as the rest
    options = ["--no-warn-script-location", "--progress-bar=off", "--only-binary=:all:", "--no-compile"]
    if follow([*command, *options, *arguments], output):
        raise BootstrapError(explain_pip(list(output)))


def explain_pip(output: list[str]) -> str:
    """The line that says why pip failed; when the reason is not a known one, after pip's last words."""
    text = "".join(output)
    if DISK_SIGNS.search(text):
        return (
            f"The disk is full: make room at {ROOT} and in the folder for temporary files, then start again"
        )
    if NETWORK_SIGNS.search(text):
        return "No network: the libraries can't be downloaded. Check the connection, then start again"
    lacking = NO_WHEEL_SIGNS.search(text)
    if lacking:
        return (
            f"{lacking[1]} does not exist for Python {platform.python_version()} on {platform.platform()}; "
            "try Python 3.12 from https://www.python.org/downloads/"
        )
    return "".join(output[-15:]).rstrip() + "\nThe libraries could not be installed; the lines above say why"
