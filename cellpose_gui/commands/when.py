"""When a command makes sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


class When:
    """Questions about what is open, for the ``when`` of commands."""

    def __init__(self, window: MainWindow) -> None:
        self._bench = window.workbench

    def image(self) -> bool:
        return self._bench.document is not None

    def planes(self) -> bool:
        document = self._bench.document
        return document is not None and document.labels.shape[0] > 1

    def channels(self) -> bool:
        document = self._bench.document
        return document is not None and document.image.shape[0] > 1

    def selection(self) -> bool:
        document = self._bench.document
        return document is not None and bool(document.selected)

    def cells(self) -> bool:
        document = self._bench.document
        return document is not None and len(document.objects) > 0

    def undo(self) -> bool:
        return self._bench.document is not None and self._bench.document.undo_text is not None

    def redo(self) -> bool:
        return self._bench.document is not None and self._bench.document.redo_text is not None
