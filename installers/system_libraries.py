"""Finds the system libraries that the window needs on Linux, and the command that installs the missing ones.

macOS and Windows bring all of them along, so nothing is ever missing there.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
from collections import deque
from pathlib import Path
from typing import NamedTuple

from console import BootstrapError, follow, say


class Need(NamedTuple):
    """Something looked for by name, and the package that brings it in each family of Linux."""

    name: str
    apt: str
    dnf: str
    zypper: str
    pacman: str


# What the Qt inside PyQt6 links to or loads and does not carry itself.
LIBRARIES = [
    Need("libEGL.so.1", "libegl1", "libglvnd-egl", "Mesa-libEGL1", "libglvnd"),
    Need("libGL.so.1", "libgl1", "libglvnd-glx", "Mesa-libGL1", "libglvnd"),
    Need("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig", "fontconfig"),
    Need("libglib-2.0.so.0", "libglib2.0-0", "glib2", "libglib-2_0-0", "glib2"),
    Need("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "libdbus-1-3", "dbus"),
    Need("libzstd.so.1", "libzstd1", "libzstd", "libzstd1", "zstd"),
    Need("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "libX11-xcb1", "libx11"),
    Need("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon0", "libxkbcommon"),
    Need(
        "libxkbcommon-x11.so.0",
        "libxkbcommon-x11-0",
        "libxkbcommon-x11",
        "libxkbcommon-x11-0",
        "libxkbcommon-x11",
    ),
    Need("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "libxcb-cursor0", "xcb-util-cursor"),
    Need("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "libxcb-icccm4", "xcb-util-wm"),
    Need("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "libxcb-image0", "xcb-util-image"),
    Need("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "libxcb-keysyms1", "xcb-util-keysyms"),
    Need(
        "libxcb-render-util.so.0",
        "libxcb-render-util0",
        "xcb-util-renderutil",
        "libxcb-render-util0",
        "xcb-util-renderutil",
    ),
    Need("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "libxcb-randr0", "libxcb"),
    Need("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb-shape0", "libxcb"),
    Need("libxcb-shm.so.0", "libxcb-shm0", "libxcb", "libxcb-shm0", "libxcb"),
    Need("libxcb-sync.so.1", "libxcb-sync1", "libxcb", "libxcb-sync1", "libxcb"),
    Need("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb", "libxcb-xfixes0", "libxcb"),
    Need("libxcb-xinerama.so.0", "libxcb-xinerama0", "libxcb", "libxcb-xinerama0", "libxcb"),
    Need("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb-xkb1", "libxcb"),
]
# The end-to-end tests open the real window on a display of their own and drive it like a person.
TEST_PROGRAMS = [
    Need("Xvfb", "xvfb", "xorg-x11-server-Xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    Need("xdotool", "xdotool", "xdotool", "xdotool", "xdotool"),
]
FONT = Need("a font", "fonts-dejavu-core", "dejavu-sans-fonts", "dejavu-fonts", "ttf-dejavu")
# Debian splits this off the standard library, each version of Python in a package of its own.
VENV = Need(
    "Python's venv module",
    f"python{sys.version_info[0]}.{sys.version_info[1]}-venv",
    "python3-libs",
    "python3-base",
    "python",
)

# In the order in which they are looked for: the program, the words that install, the column of `Need`.
MANAGERS = {
    "apt-get": ("apt-get install -y", "apt"),
    "dnf": ("dnf install -y", "dnf"),
    "zypper": ("zypper install -y", "zypper"),
    "pacman": ("pacman -S --needed", "pacman"),
}


def provide(for_tests: bool) -> None:
    needs = missing(for_tests)
    if not needs:
        return
    manager = package_manager()
    if manager == "apt-get" and is_root():
        say("Installing system libraries: " + ", ".join(need.name for need in needs) + " ...")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = install_command(needs, manager) + " --no-install-recommends"
        output: deque[str] = deque(maxlen=15)
        for command in ("apt-get update", install):  # when the update fails, older package lists may still do
            status = follow(command.split(), output, environment)
        if status:
            say("".join(output).rstrip())
        needs = missing(for_tests)
    if needs:
        raise BootstrapError(explanation(needs, manager))


def missing(for_tests: bool) -> list[Need]:
    """What this machine lacks to open the window, or also to run the tests."""
    lacking = [] if venv_exists() else [VENV]
    if sys.platform == "linux":
        lacking += [need for need in LIBRARIES if not loads(need.name)]
        lacking += [] if font_exists() else [FONT]
        if for_tests:
            lacking += [need for need in TEST_PROGRAMS if shutil.which(need.name) is None]
    return lacking


def loads(library: str) -> bool:
    """Whether the system's own loader finds the library: exact, and well under a millisecond."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def venv_exists() -> bool:
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))


def font_exists() -> bool:
    """Whether there is any font file where fontconfig looks; without one the window has no text."""
    homes = [Path.home() / ".fonts", Path.home() / ".local/share/fonts"]
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), *homes]
    endings = (".ttf", ".otf", ".ttc", ".pfb")
    return any(
        name.lower().endswith(endings)
        for folder in folders
        for _, _, names in os.walk(folder, followlinks=True)
        for name in names
    )


def package_manager() -> str | None:
    return next((name for name in MANAGERS if shutil.which(name)), None)


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def install_command(needs: list[Need], manager: str) -> str:
    """The command line that installs `needs`, without sudo; a package that brings several is named once."""
    words, column = MANAGERS[manager]
    packages = dict.fromkeys(getattr(need, column) for need in needs)
    return " ".join([words, *packages])


def explanation(needs: list[Need], manager: str | None) -> str:
    """One line that says what is missing and what to type."""
    names = ", ".join(need.name for need in needs)
    if manager is None:
        return f"This system lacks {names}. Install them, then start again."
    sudo = "" if is_root() else "sudo "
    return f"This system lacks {names}. Type this, then start again: {sudo}{install_command(needs, manager)}"
