"""What every part of the installer shares: telling the user something, following a command, giving up."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import deque


class BootstrapError(Exception):
    """What went wrong and what to do about it, in one line."""


def say(text: str) -> None:
    # stderr, so that stdout belongs to the program that is started
    print(text, file=sys.stderr, flush=True)


def follow(command: list[str], output: deque[str], environment: dict[str, str] | None = None) -> int:
    """Runs `command`, keeps what it prints in `output`, shows only what it is at; gives its exit status."""
    on_terminal = sys.stderr.isatty()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line)
            if on_terminal and line.startswith(("Collecting ", "Installing ", "Get:", "Setting up ")):
                width = shutil.get_terminal_size().columns - 1
                print(
                    "\r\033[K" + f"  {line.split(' (from')[0].strip()}"[:width],
                    end="",
                    file=sys.stderr,
                    flush=True,
                )
    if on_terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return process.returncode
