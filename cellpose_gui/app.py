"""Starts the program: ``cellpose-gui [IMAGE or FOLDER]``."""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QApplication

    from cellpose_gui.main_window import MainWindow


def main(arguments: list[str] | None = None) -> int:
    """Opens the window; returns the exit code."""
    parser = argparse.ArgumentParser("cellpose-gui", description="Finds the cells in microscope images.")
    parser.add_argument("path", nargs="?", type=Path, help="image or folder to open")
    parser.add_argument(
        "--smoke", action="store_true", help="do the main job once without a display, and report"
    )
    options = parser.parse_args(arguments)
    _start_log()
    if options.smoke:
        from cellpose_gui.smoke import run_smoke

        return run_smoke()
    if sys.platform == "win32":
        import torch  # noqa: F401  after Qt, its libraries fail to load on Windows
    from PyQt6.QtCore import QTimer
    from PyQt6.QtWidgets import QApplication

    app = QApplication(sys.argv[:1])
    window = start(app)
    if options.path is not None:
        QTimer.singleShot(0, lambda: window.open(options.path.absolute()))
    code = app.exec()
    if window.tasks.busy:  # Qt aborts a program that ends before its threads; all documents are closed by now
        logging.shutdown()
        os._exit(code)
    return code


def start(app: QApplication) -> MainWindow:
    """The window, shown, with the engine loading behind it."""
    from PyQt6.QtCore import QTimer

    from cellpose_gui.main_window import MainWindow
    from cellpose_gui.panels.messages import show_problem
    from cellpose_gui.theme import icon

    app.setApplicationName("Cellpose GUI")
    app.setDesktopFileName("cellpose-gui")
    window = MainWindow()
    window.apply_theme()
    app.setWindowIcon(icon("app"))

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logging.getLogger(__name__).error("Unexpected", exc_info=(kind, error, trace))
        show_problem(window, "Unexpected problem", error)

    sys.excepthook = report  # without it PyQt aborts the process on an exception in a slot
    window.show()
    QTimer.singleShot(0, window.workbench.list_models)
    QTimer.singleShot(150, window.workbench.warm_up)
    QTimer.singleShot(1000, window.learning.look_for_interrupted)
    QTimer.singleShot(3000, window.community.updates.look_at_start)  # asks nobody unless an address was given
    return window


def _start_log() -> None:
    """A small rotating file in the user's log folder; warnings also go to the terminal."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    handlers[0].setLevel(logging.WARNING)
    try:
        folder = Path(platformdirs.user_log_dir("cellpose-gui", appauthor=False))
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                folder / "cellpose-gui.log", maxBytes=500_000, backupCount=2, encoding="utf-8"
            )
        )
    except OSError as error:
        print(f"No log file: {error}", file=sys.stderr)
    logging.basicConfig(
        level=logging.INFO, handlers=handlers, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )


if __name__ == "__main__":
    sys.exit(main())
