"""What can be done with the images of the folder: segment them, say how far they are, go to the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QInputDialog, QWidget

from cellpose_gui.panels.image_strip import ImageStrip
from cellpose_gui.panels.segment_panel import SegmentPanel
from cellpose_gui.project.project import Project
from cellpose_gui.project.segment_all import SegmentAll
from model_core.annotation.cells_summary import ImageState


class FolderWork(QObject):
    """The commands of the menu Folder, for the selected images or else the open one."""

    said = pyqtSignal(str)

    def __init__(
        self,
        window: QWidget,
        strip: ImageStrip,
        panel: SegmentPanel,
        project: Project,
        segment_all: SegmentAll,
        open_image: Callable[[Path], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._strip = strip
        self._panel = panel
        self._project = project
        self.segment_all = segment_all
        self._open = open_image
        self._ordered: set[Path] | None = None  # images that were there when “all new” was asked for
        strip.state_asked.connect(self._set_state)
        strip.note_asked.connect(self._ask_note)
        strip.run_bar.new_asked.connect(self.segment_new)
        strip.run_bar.again_asked.connect(self.segment_again)
        strip.run_bar.selected_asked.connect(self.segment_selected)
        segment_all.ended.connect(self.said)
        segment_all.ended.connect(lambda _: project.look())
        segment_all.image_done.connect(lambda path: project.look_soon())
        project.changed.connect(self._add_new_files)

    @property
    def has_images(self) -> bool:
        return bool(self._strip.model.all_entries)

    # ------------------------------------------------------------------ segmenting

    def segment_new(self) -> None:
        """Every image that nobody has segmented yet; also those that come while it runs."""
        images = self._strip.in_state(ImageState.NEW)
        if not images and not self.segment_all.running:
            self.said.emit("There are no new images in this folder.")
            return
        self._ordered = set(map(self._project.path, (e.name for e in self._strip.model.all_entries)))
        self._segment(images)

    def segment_again(self) -> None:
        """All images but those that are done or excluded; with what has changed since only."""
        self._segment(self._strip.in_state(*(state for state in ImageState if state.needs_work)))

    def segment_selected(self) -> None:
        self._segment(self._project.path(entry.name) for entry in self._strip.selected())

    def _segment(self, images: Iterable[Path]) -> None:
        index = self._project.index
        if index is None:
            self.said.emit("The folder is still being read; try again in a moment.")
            return
        self.segment_all.start(images, self._panel.options, self._panel.model, index.work_folder)

    def _add_new_files(self) -> None:
        if self._ordered is None or not self.segment_all.running:
            self._ordered = None
            return
        new = [path for path in self._strip.in_state(ImageState.NEW) if path not in self._ordered]
        if new:
            self._ordered.update(new)
            self.segment_all.add(new)

    # ------------------------------------------------------------------ states and notes

    def toggle(self, state: ImageState) -> None:
        """Done or excluded; if all the images are that already, not any more."""
        entries = self._strip.selected()
        back = bool(entries) and all(entry.state is state for entry in entries)
        self._set_state([entry.name for entry in entries], None if back else state)

    def done_and_next(self) -> None:
        """The open image is done; on to the next that needs work."""
        entry = next((e for e in self._strip.model.all_entries if e.name == self._strip.rows.current), None)
        if entry is not None and entry.state is not ImageState.DONE:
            self._set_state([entry.name], ImageState.DONE)
        self.open_next()

    def open_next(self) -> None:
        """Goes to the next image that needs work, in the order of the list."""
        path = self._strip.next_to_do()
        if path is not None:
            self._open(path)
        elif len(self._strip.model.shown) < len(self._strip.model.all_entries):
            self.said.emit("None of the images that are shown needs work. The filter hides the others.")
        else:
            self.said.emit("Every other image is done or excluded.")

    def ask_note(self) -> None:
        self._ask_note([entry.name for entry in self._strip.selected()])

    def search(self) -> None:
        self._strip.search.setFocus()
        self._strip.search.selectAll()

    def _set_state(self, names: list[str], state: ImageState | None) -> None:
        self._project.set_state(names, state)
        which = f"“{names[0]}” is" if len(names) == 1 else f"{len(names)} images are"
        how = "taken up again" if state is None else state.value
        self.said.emit(f"{which} {how}")

    def _ask_note(self, names: list[str]) -> None:
        if not names:
            return
        entry = next(e for e in self._strip.model.all_entries if e.name == names[0])
        box = QInputDialog(self._window)
        box.setWindowTitle("Note")
        which = f"“{names[0]}”" if len(names) == 1 else f"{len(names)} images"
        box.setLabelText(f"What should be remembered about {which}?")
        box.setTextValue(entry.note)
        box.textValueSelected.connect(lambda text: self._project.set_note(names, text.strip()))
        box.finished.connect(box.deleteLater)
        box.open()
