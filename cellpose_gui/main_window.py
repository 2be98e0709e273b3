"""The window: canvas in the middle, panels around it, menus and keys."""

from __future__ import annotations

import json
from pathlib import Path

from PyQt6.QtCore import QSettings
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication, QMainWindow

from cellpose_gui.actions import Actions
from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.display_settings import Display, ImageStyle
from cellpose_gui.canvas.image_item import shown_channels
from cellpose_gui.canvas.reading import Reading
from cellpose_gui.canvas.selected_cells import SelectedCells
from cellpose_gui.canvas.tools.all_tools import TOOLS
from cellpose_gui.canvas.view import GESTURES
from cellpose_gui.commands import all_commands
from cellpose_gui.community import Community
from cellpose_gui.curation import Curation
from cellpose_gui.docks import BOTTOM, LEFT, RIGHT, Docks
from cellpose_gui.learning import Learning
from cellpose_gui.menus import fill_menus, list_files, make_tool_bar
from cellpose_gui.panels.channel_panel import ChannelPanel
from cellpose_gui.panels.cheat_sheet import CheatSheet
from cellpose_gui.panels.command_palette import CommandPalette
from cellpose_gui.panels.delete_rule import DeleteRule
from cellpose_gui.panels.display_memory import DisplayMemory
from cellpose_gui.panels.focus import FocusEdge
from cellpose_gui.panels.folder_work import FolderWork
from cellpose_gui.panels.history_panel import HistoryPanel
from cellpose_gui.panels.image_strip import ImageStrip
from cellpose_gui.panels.in_and_out import InAndOut
from cellpose_gui.panels.messages import show_problem
from cellpose_gui.panels.overlay_panel import OverlayPanel
from cellpose_gui.panels.plane_bar import PlaneBar
from cellpose_gui.panels.questions import Questions
from cellpose_gui.panels.resize_cells import ask_resize
from cellpose_gui.panels.segment_panel import SegmentPanel
from cellpose_gui.panels.shortcut_editor import ShortcutEditor
from cellpose_gui.panels.status_labels import StatusLabels
from cellpose_gui.panels.welcome import Welcome
from cellpose_gui.project.recent import Recent
from cellpose_gui.tasks import next_to_label, training
from cellpose_gui.tasks.task_runner import Task, TaskRunner
from cellpose_gui.theme import apply_theme, is_system_dark
from cellpose_gui.workbench import Workbench
from model_core.errors import UserError
from model_core.images.readers import SUFFIXES, is_folder

_QUIET = {
    "Thumbnails",
    "Opening the folder",
    "Closing the folder",
    "Looking at the folder",
    "Counting cells",
    "Segmenting all images",
    "Looking for models",
    "Looking for missed cells",
    "Looking for an interrupted training",
    "Forgetting the training",
    next_to_label.TITLE,
    training.TITLE,
    "Starting the engine",
    "Closing",
    "Export",
    "Wand",
    "Splitting",
    "Looking for a new model",
    "Reading the review queue",
    "Keeping the decision",
}  # tasks that show no progress bar
_SAID_FOR = 6000  # ms
_LAST_WAIT = 30_000  # ms, unseen, for what cannot be cancelled: an export that is being written


class MainWindow(QMainWindow):
    """Shows what the workbench holds and hands it what the person wants."""

    def __init__(self, settings: QSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or QSettings("cellpose-gui", "cellpose-gui")
        self.recent = Recent(self.settings)
        self.tasks = TaskRunner(self)
        self.workbench = Workbench(self.tasks, self)
        self.workbench.work_folders = self._stored_work_folders()
        self.canvas = Canvas(self, self.tasks)
        self.displays = DisplayMemory(self.canvas, self.settings)
        self.welcome = Welcome(self.canvas)
        self.planes = PlaneBar(self.canvas)
        project, segment_all = self.workbench.project, self.workbench.segment_all
        self.strip = ImageStrip(self.tasks, project, segment_all)
        self.segment_panel = SegmentPanel()
        self.folder_work = FolderWork(
            self, self.strip, self.segment_panel, project, segment_all, self.workbench.open
        )
        self.overlay_panel = OverlayPanel(self.canvas)
        self.channel_panel = ChannelPanel(self.canvas)
        self.curation = Curation(self, self.workbench, self.canvas, self.settings)
        self.selected_cells = SelectedCells(self.canvas)
        self.history_panel = HistoryPanel()
        self.questions = Questions(self, self.settings)
        self.in_and_out = InAndOut(self, self.tasks, self.settings, self.canvas)
        self.learning = Learning(self, self.workbench, self.canvas, self.segment_panel, self.settings)
        self.community = Community(self, self.workbench, self.settings)
        self.docks = self._make_docks()
        self.actions_by_name = Actions(self, self.canvas, all_commands(self), self.settings)
        self.palette_of_commands = CommandPalette(self, self.actions_by_name, self.settings)
        self.status = StatusLabels(self)
        self._lay_out()
        self._connect()
        self.canvas.guides.minimap = True
        FocusEdge(self.canvas.view)
        self.setAcceptDrops(True)
        self._document_changed()

    # ------------------------------------------------------------------ making the window

    def _make_docks(self) -> Docks:
        return Docks(
            self,
            (
                ("Segment", self.segment_panel, RIGHT),
                ("Labels", self.overlay_panel, RIGHT),
                ("Channels", self.channel_panel, RIGHT),
                ("Worst first", self.curation.queue, LEFT),
                ("Compare", self.curation.comparing, LEFT),
                ("Classes", self.curation.classes, LEFT),
                ("History", self.history_panel, LEFT),
                ("Images", self.strip, LEFT),
                ("Models", self.learning.models_panel, LEFT),
                ("Contributions", self.community.queue, LEFT),
                ("Table and plot", self.curation.objects, BOTTOM),
                ("Training", self.learning.training_panel, BOTTOM),
            ),
        )

    def _lay_out(self) -> None:
        self.resize(1320, 860)
        self.setCentralWidget(self.canvas)
        self.docks.arrange()
        make_tool_bar(self, self.actions_by_name)
        menus = fill_menus(self, self.actions_by_name)
        below = self.actions_by_name["save"]
        list_files(menus["File"], below, self.recent, self.open, self.workbench.open_sample)
        for key, restore in (("window/geometry", self.restoreGeometry), ("window/state", self.restoreState)):
            stored = self.settings.value(key)
            if stored is not None:
                restore(stored)

    def _connect(self) -> None:
        bench, canvas, questions = self.workbench, self.canvas, self.questions
        canvas.prompts = bench.prompts
        canvas.classes.changed.connect(self._refresh_commands)
        bench.prompts.options = lambda: self.segment_panel.options
        bench.prompts.model = lambda: self.segment_panel.model
        self.tasks.started.connect(self._task_started)
        self.tasks.ended.connect(self._show_running)
        bench.document_changed.connect(self._document_changed)
        bench.project.changed.connect(self._refresh_commands)
        bench.segment_all.began.connect(self._refresh_commands)
        bench.segment_all.ended.connect(self._refresh_commands)
        self.folder_work.said.connect(self._say)
        bench.said.connect(self._say)
        bench.stepped.connect(canvas.reveal)
        self.history_panel.jump_asked.connect(bench.jump)
        self.history_panel.compare_asked.connect(bench.comparisons.with_step)
        bench.comparisons.ready.connect(canvas.guides.show_comparison)
        self.overlay_panel.comparison_asked.connect(self.show_comparison)
        for changed in (canvas.overlay_changed, canvas.channels_changed, canvas.guides.changed):
            changed.connect(self._refresh_commands)
        bench.finder.outcome.connect(self.segment_panel.show_outcome)
        bench.engine_ready.connect(self.status.show_device)
        bench.problem.connect(self._problem)
        bench.folder_needed.connect(questions.ask_document_folder)
        bench.document_damaged.connect(questions.ask_set_aside)
        questions.open_chosen.connect(self.open)
        questions.model_chosen.connect(bench.import_model)
        bench.models_changed.connect(self._models_changed)
        self.in_and_out.images = lambda: bench.images
        self.in_and_out.work_folders = lambda: bench.work_folders
        self.in_and_out.said.connect(self._say)
        self.in_and_out.problem.connect(self._problem)
        questions.folder_chosen.connect(self._keep_work_in)
        questions.set_aside_chosen.connect(bench.set_aside_and_open)
        self.segment_panel.segment_asked.connect(self.segment)
        self.segment_panel.cancel_asked.connect(bench.finder.cancel)
        self.segment_panel.adjusted.connect(lambda: bench.finder.adjust(self.segment_panel.options))
        self.segment_panel.model_chosen.connect(lambda name: self.settings.setValue("model", name))
        self.strip.chosen.connect(bench.open)
        self.learning.training_shown.connect(lambda: self.docks.show("Training"))
        self.learning.training.changed.connect(self._refresh_commands)
        canvas.hovered.connect(self._hovered)
        canvas.said.connect(self._say)
        canvas.failed.connect(lambda error: self._problem("Some pixels are shown black", error))
        canvas.tool_changed.connect(self._refresh_commands)
        for dock in self.docks.values():
            dock.visibilityChanged.connect(self._refresh_commands)
        self.community.queue.changed.connect(self._refresh_commands)
        self.welcome.open_asked.connect(questions.ask_image)
        self.welcome.folder_asked.connect(questions.ask_folder)
        self.welcome.sample_asked.connect(bench.open_sample)

    # ------------------------------------------------------------------ what has changed

    def _document_changed(self) -> None:
        document = self.workbench.document
        display = None if document is None else self.displays.display_of(document)
        self.canvas.set_document(document, display or Display(self.workbench.channels, ImageStyle()))
        self.channel_panel.rebuild()
        self.planes.setVisible(document is not None and document.labels.shape[0] > 1)
        self.welcome.setVisible(document is None)
        self.segment_panel.set_ready(document is not None)
        self.segment_panel.show_outcome("")
        self.questions.image = self.workbench.path
        self.strip.mark_current(self.workbench.path)
        name = "Cellpose GUI"
        self.setWindowTitle(name if document is None else f"{document.image.path.name} - {name}")
        if document is not None:
            document.selection_changed.connect(self._refresh_commands)
            document.history_changed.connect(self._history_changed)
            document.save_state_changed.connect(self._save_state_changed)
            document.save_failed.connect(lambda why: self._problem("Not saved", UserError(why)))
            self.recent.add(document.image.path)
            self.canvas.setFocus()
        self.status.show_saved("" if document is None else document.save_state)
        self._history_changed()

    def _refresh_commands(self) -> None:
        self.actions_by_name.refresh()

    def _history_changed(self) -> None:
        document = self.workbench.document
        self.actions_by_name.refresh()
        self.history_panel.show_document(document)
        self.status.show_count(None if document is None else len(document.objects))

    def _models_changed(self, names: list[str], imported: str) -> None:
        if imported:
            self.settings.setValue("model", imported)
        self.segment_panel.show_models(names, str(self.settings.value("model", "")))
        self.learning.look_at_models()

    def _save_state_changed(self, words: str) -> None:
        self.status.show_saved(words)

    def _task_started(self, task: Task) -> None:
        if task.title not in _QUIET:
            self.status.tasks.watch(task)
        if task is self.tasks.current("segment"):
            task.stopping.connect(self.segment_panel.show_cancelling)
        self._show_running()

    def _show_running(self) -> None:
        self.segment_panel.show_running(self.tasks.current("segment") is not None)

    def _hovered(self, reading: Reading | None) -> None:
        visible = shown_channels(self.canvas.channels, self.canvas.image_style)
        self.status.show_reading(reading, self.workbench.image, visible)

    def _say(self, text: str) -> None:
        bar = self.statusBar()
        assert bar is not None
        bar.showMessage(text, _SAID_FOR)

    def _problem(self, title: str, error: Exception) -> None:
        show_problem(self, title, error)

    # ------------------------------------------------------------------ commands

    def open(self, path: Path) -> None:
        """Opens an image or a folder."""
        self.settings.setValue("folder", str(path if is_folder(path) else path.parent))
        self.workbench.open(path)

    def start_queue(self) -> None:
        """Shows the most doubtful cell first, of what the panel says."""
        self.docks.show("Worst first")
        self.curation.queue.start.click()

    def segment(self) -> None:
        """Finds the cells, with what the panel shows."""
        if self.tasks.current("segment") is None:
            self.segment_panel.show_outcome("")
        self.canvas.setFocus()
        self.workbench.finder.segment(self.segment_panel.options, self.segment_panel.model)

    def ask_delete_rule(self) -> None:
        """Delete cells that are too small or touch the edge."""
        DeleteRule(self.canvas).open()

    def ask_resize(self) -> None:
        ask_resize(self.canvas, self.selected_cells)

    def review_contributions(self) -> None:
        """Shows the queue of doubtful contributions and opens the first of them."""
        self.docks.show("Contributions")
        self.community.queue.start()

    def step_plane(self, step: int) -> None:
        self.canvas.plane += step

    def resize_brush(self, step: int) -> None:
        self.canvas.resize_brush(step)
        self._say(f"Brush: {self.canvas.brush_size:g} px wide")

    def toggle_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def show_comparison(self, shown: bool) -> None:
        """The model's previous result as a second outline, or that no more."""
        if shown:
            self.workbench.comparisons.with_previous()
        else:
            self.curation.end_comparison()

    def show_palette(self) -> None:
        self.palette_of_commands.ask()

    def show_cheat_sheet(self) -> None:
        tools = [(tool.title, tool.gestures) for tool in TOOLS]
        CheatSheet(self, self.actions_by_name, [("on the image", GESTURES), *tools]).show()

    def edit_shortcuts(self) -> None:
        ShortcutEditor(self, self.actions_by_name).open()

    @property
    def dark(self) -> bool:
        """Whether the dark theme was chosen, here or for the whole desktop."""
        return bool(self.settings.value("theme/dark", is_system_dark(), type=bool))

    def change_theme(self) -> None:
        self.settings.setValue("theme/dark", not self.dark)
        self.apply_theme()

    def apply_theme(self) -> None:
        """Light or dark, as the settings say."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, self.dark)
        self.actions_by_name.recolour()
        self.docks.recolour()
        self.channel_panel.rebuild()
        self.curation.recolour()

    # ------------------------------------------------------------------ folders for work elsewhere

    def _stored_work_folders(self) -> dict[Path, Path]:
        try:
            stored = json.loads(str(self.settings.value("work_folders", "{}")))
            return {Path(images): Path(work) for images, work in stored.items()}
        except (ValueError, TypeError, AttributeError):  # settings that somebody edited: ask again
            return {}

    def _keep_work_in(self, image: Path, folder: Path) -> None:
        self.workbench.open(image, folder)
        folders = {str(images): str(work) for images, work in self.workbench.work_folders.items()}
        self.settings.setValue("work_folders", json.dumps(folders))

    # ------------------------------------------------------------------ events

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        assert event is not None
        data = event.mimeData()
        if data is not None and any(url.isLocalFile() for url in data.urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        assert event is not None
        data = event.mimeData()
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data else []
        if not paths:
            return
        if paths[0].name.lower().endswith(SUFFIXES) or paths[0].is_dir():
            self.open(paths[0])
        elif self.in_and_out.takes(paths[0]):
            self.in_and_out.import_labels(paths[0])
        else:
            self.workbench.import_model(paths[0])

    def closeEvent(self, event: QCloseEvent | None) -> None:
        assert event is not None
        self.displays.keep()
        try:
            self.workbench.close()
        except UserError as error:
            if not self.questions.may_lose_changes(str(error)):
                event.ignore()
                return
            self.workbench.close(discard=True)
        self.settings.setValue("window/geometry", self.saveGeometry())
        self.settings.setValue("window/state", self.saveState())
        event.accept()
        self.hide()
        self.tasks.stop_all(_LAST_WAIT)
