"""Problems in plain words, with the details one click away."""

from __future__ import annotations

import traceback

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox, QWidget

from model_core.errors import UserError


def show_problem(parent: QWidget | None, title: str, error: BaseException) -> QMessageBox:
    """A dialog that says what went wrong; it does not block.

    A `UserError` speaks for itself. Anything else is a fault of the program: a sentence says so and the
    traceback is in the details, to be sent to the developers.
    """
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(title)
    if isinstance(error, UserError):
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(str(error))
        if error.__cause__ is not None:
            box.setDetailedText(f"{type(error.__cause__).__name__}: {error.__cause__}")
    elif isinstance(error, MemoryError):
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText("There is not enough memory for this. Close other programs or images and try again.")
    else:
        box.setIcon(QMessageBox.Icon.Critical)
        box.setText("Something unexpected happened. Your work up to now is saved.")
        box.setInformativeText("If it happens again, please send the details to the developers.")
        box.setDetailedText("".join(traceback.format_exception(error)))
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.open()
    return box
