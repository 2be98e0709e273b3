"""A screen of its own, and the program on it, driven by keys and mouse as a person would."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_schema import DamagedDocumentError
from model_core.annotation.label_store import LabelStore

ROOT = Path(__file__).parents[2]
MISSING = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
_T = TypeVar("_T")


def wait_for(what: str, look: Callable[[], _T | None], seconds: float = 60) -> _T:
    """What `look` gives as soon as it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what}: not seen within {seconds:.0f} s"
        time.sleep(0.1)
    return seen


@contextmanager
def screen(size: str = "1440x900x24") -> Iterator[str]:
    """A virtual screen; gives its name, such as ":7".

    A display that is taken because it is free may lose its socket to another server of the same number that
    ends at that moment; so each process has a number of its own.
    """
    read, write = os.pipe()
    server = subprocess.Popen(
        [
            "Xvfb",
            f":{1000 + os.getpid() % 50_000}",
            "-displayfd",
            str(write),
            "-screen",
            "0",
            size,
            "-nolisten",
            "tcp",
        ],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            yield f":{int(pipe.readline())}"
    finally:
        server.terminate()
        server.wait(10)


class Program:
    """The program as its own process. Keys and clicks go to the screen, not to the process."""

    def __init__(self, display: str, home: Path, *arguments: str) -> None:
        self.log = home / "said.txt"
        home.mkdir(exist_ok=True)
        private = {"HOME": str(home)} | {f"XDG_{k}_HOME": str(home / k) for k in ("CONFIG", "DATA", "STATE")}
        self.environment = {**os.environ, **private, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cellpose_gui.app", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def window(self, title: str) -> str:
        """Waits for the window whose title holds `title`, gives it the keyboard, and returns its number."""

        def look() -> str | None:
            assert self.process.poll() is None, f"the program ended: {self.log.read_text()}"
            found = self.xdotool("search", "--onlyvisible", "--name", title, check=False).split()
            return found[0] if found else None

        number = wait_for(f"a window called {title}", look)
        self.xdotool("windowfocus", "--sync", number)  # a window manager does this; here is none
        return number

    def middle(self, number: str) -> tuple[int, int]:
        """The middle of a window on the screen: it lies on the canvas."""
        lines = self.xdotool("getwindowgeometry", "--shell", number).split()
        place = {
            key: int(value) for key, value in (line.split("=") for line in lines) if key in "XYWIDTHHEIGHT"
        }
        return place["X"] + place["WIDTH"] // 2, place["Y"] + place["HEIGHT"] // 2

    def key(self, *keys: str) -> None:
        self.xdotool("key", *keys)

    def stroke(self, points: Sequence[tuple[int, int]]) -> None:
        """Drags with the left button from point to point."""
        self.xdotool("mousemove", *map(str, points[0]), "mousedown", "1")
        for x, y in points[1:]:
            self.xdotool("mousemove", str(x), str(y))
            time.sleep(0.03)
        self.xdotool("mouseup", "1")

    def xdotool(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, check=check, timeout=30
        )
        return done.stdout

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def end(self) -> None:
        """Whatever happened, nothing stays behind."""
        if self.process.poll() is None:
            self.kill()


def saved_so_far(image: Path, shape: tuple[int, int, int], scratch: Path) -> LabelStore | None:
    """The document of an image, read from a copy because the program holds the lock; None: no file yet."""
    document = cells_path(image)
    if not document.exists():
        return None
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for part in document.parent.glob(f"{document.name}*"):
        shutil.copy(part, scratch / part.name)
    try:
        file, store = open_cells(scratch / document.name, scratch / image.name, shape)
    except DamagedDocumentError:  # copied in the middle of a transaction
        return None
    file.close()
    return store
