"""What people give each other: ties contributions, their review and new releases to the window."""

from __future__ import annotations

from PyQt6.QtCore import QObject, QSettings
from PyQt6.QtWidgets import QMainWindow

from cellpose_gui.panels.contribute_dialog import ContributeDialog
from cellpose_gui.panels.contribution_queue import ContributionQueue
from cellpose_gui.panels.updates import Updates
from cellpose_gui.project.image_folder import has_document
from cellpose_gui.workbench import Workbench


class Community(QObject):
    """What the commands do that give labels, look at what was given, and take new releases."""

    def __init__(self, window: QMainWindow, bench: Workbench, settings: QSettings) -> None:
        super().__init__(window)
        self._window, self._bench, self._settings = window, bench, settings
        self.queue = ContributionQueue(bench.tasks, settings, bench.open, bench.close)
        self.queue.said.connect(bench.said)
        self.queue.problem.connect(bench.problem)
        self.updates = Updates(window, bench.tasks, settings)
        self.updates.taken.connect(bench.list_models)

    def contribute(self) -> None:
        """Asks for all that is needed to give the labels of this image or folder to a store."""
        bench = self._bench
        if bench.document is None or bench.image is None:
            return
        labelled = [path for path in bench.images if has_document(path)]
        here = (bench.image, bench.document.labels)
        dialog = ContributeDialog(self._window, bench.tasks, self._settings, here, labelled)
        dialog.sent.connect(bench.said)
        dialog.open()
