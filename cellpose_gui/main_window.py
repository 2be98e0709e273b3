"""The window: canvas in the middle, panels around it, menus and keys."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSettings, QSize, Qt
from PyQt6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QMainWindow,
    QMessageBox,
    QToolBar,
    QWidget,
)

from cellpose_gui.actions import Command, make_actions, recolour
from cellpose_gui.canvas.canvas import Canvas, Reading
from cellpose_gui.panels.channel_panel import ChannelPanel
from cellpose_gui.panels.image_strip import ImageStrip
from cellpose_gui.panels.messages import show_problem
from cellpose_gui.panels.overlay_panel import OverlayPanel
from cellpose_gui.panels.plane_bar import PlaneBar
from cellpose_gui.panels.segment_panel import SegmentPanel
from cellpose_gui.panels.status_labels import StatusLabels
from cellpose_gui.panels.welcome import Welcome
from cellpose_gui.project.samples import SAMPLES
from cellpose_gui.tasks.task_runner import Task, TaskRunner
from cellpose_gui.theme import apply_theme, is_system_dark
from cellpose_gui.workbench import Workbench
from model_core.errors import UserError
from model_core.images.readers import SUFFIXES

_QUIET = {"warm-up", "Thumbnails", "Starting the engine"}  # tasks that show no progress bar
_SAID_FOR = 6000  # ms


class MainWindow(QMainWindow):
    """Shows what the workbench holds and hands it what the person wants."""

    def __init__(self, settings: QSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or QSettings("cellpose-gui", "cellpose-gui")
        self.tasks = TaskRunner(self)
        self.workbench = Workbench(self.tasks, self)
        self.canvas = Canvas(self)
        self.welcome = Welcome(self.canvas)
        self.planes = PlaneBar(self.canvas)
        self.strip = ImageStrip(self.tasks)
        self.segment_panel = SegmentPanel()
        self.overlay_panel = OverlayPanel(self.canvas)
        self.channel_panel = ChannelPanel(self.canvas)
        self.commands = self._commands()
        self.actions_by_name = make_actions(self, self.commands)
        self._status = StatusLabels(self)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self._document_changed()

    # ------------------------------------------------------------------ making the window

    def _commands(self) -> list[Command]:
        bench, canvas = self.workbench, self.canvas
        tools = [
            Command(name, text, (key,), lambda n=name: canvas.set_tool(n), name, tip, "tool", name == "select")  # type: ignore[misc]
            for name, text, key, tip in (
                ("select", "Select", "V", "Select cells by click or box; Ctrl+click deletes"),
                ("brush", "Brush", "P", "Paint: from a cell it grows that cell, from the background it makes one"),
                ("eraser", "Eraser", "E", "Erase: from a cell only that cell, from the background all"),
                ("outline", "Outline", "O", "Draw around a cell"),
                ("delete", "Delete by click", "K", "Every click deletes a cell"),
                ("pan", "Move", "H", "Drag the image; also Space, the middle or the right button"),
            )
        ]
        return [
            Command("open", "&Open image…", ("Ctrl+O",), self._ask_image, "open"),
            Command("open_folder", "Open &folder…", ("Ctrl+Shift+O",), self._ask_folder),
            Command("save", "&Save", ("Ctrl+S",), bench.save, "save"),
            Command("export", "&Export labels…", ("Ctrl+E",), self._ask_export),
            Command("quit", "&Quit", ("Ctrl+Q",), self.close),
            Command("undo", "&Undo", ("Ctrl+Z",), bench.undo, "undo"),
            Command("redo", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), bench.redo, "redo"),
            Command("select_all", "Select &all", ("Ctrl+A",), self._select_all),
            Command("delete_selected", "&Delete selected cells", (), canvas.delete_selected),
            Command("segment", "&Segment", ("S",), self._segment, "segment", "Find the cells in this image"),
            Command("next", "&Next image", ("D", "Right"), lambda: bench.open_neighbour(1)),
            Command("previous", "&Previous image", ("A", "Left"), lambda: bench.open_neighbour(-1)),
            Command("plane_up", "Next plane", ("Up",), lambda: self._step_plane(1)),
            Command("plane_down", "Previous plane", ("Down",), lambda: self._step_plane(-1)),
            Command("fit", "&Fit image", ("F",), canvas.fit, "fit"),
            Command("actual_size", "&One to one", ("1",), canvas.actual_size),
            Command("labels", "Show &labels", ("X",), self.overlay_panel.labels.toggle),
            Command("outlines", "Show &outlines", ("Z",), self.overlay_panel.outlines.toggle),
            Command("red", "Channel 1", ("R",), lambda: self.channel_panel.toggle(0)),
            Command("green", "Channel 2", ("G",), lambda: self.channel_panel.toggle(1)),
            Command("blue", "Channel 3", ("B",), lambda: self.channel_panel.toggle(2)),
            Command("larger", "Larger brush", (".",), lambda: self._resize_brush(1)),
            Command("smaller", "Smaller brush", (",",), lambda: self._resize_brush(-1)),
            Command("dark", "&Dark theme", (), self._change_theme, checked=self._dark),
            Command("about", "&About", (), self._about),
            *tools,
        ]

    def _lay_out(self) -> None:
        self.setWindowTitle("Cellpose GUI")
        self.resize(1320, 860)
        self.setCentralWidget(self.canvas)
        right, left = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.LeftDockWidgetArea
        self._docks = {
            title: self._dock(title, widget, area)
            for title, widget, area in (
                ("Segment", self.segment_panel, right),
                ("Labels", self.overlay_panel, right),
                ("Channels", self.channel_panel, right),
                ("Images", self.strip, left),
            )
        }
        self.resizeDocks([self._docks["Images"], self._docks["Segment"]], [150, 270], Qt.Orientation.Horizontal)
        bar = QToolBar("Tools", self)
        bar.setObjectName("tools")
        bar.setIconSize(QSize(22, 22))
        bar.setMovable(False)
        groups = ("open save", "undo redo", "select brush eraser outline delete pan", "fit", "segment")
        for group in groups:
            bar.addActions([self.actions_by_name[name] for name in group.split()])
            bar.addSeparator()
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.addToolBar(bar)
        self._fill_menus()
        state = self.settings.value("window/state")
        geometry = self.settings.value("window/geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        if state is not None:
            self.restoreState(state)

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _fill_menus(self) -> None:
        bar = self.menuBar()
        assert bar is not None
        menus = {
            "&File": "open open_folder | save export | quit",
            "&Edit": "undo redo | select_all delete_selected | select brush eraser outline delete pan | smaller larger",
            "&Cells": "segment",
            "&View": "fit actual_size | labels outlines | red green blue | plane_up plane_down | dark",
            "&Go": "previous next",
            "&Help": "about",
        }
        for title, names in menus.items():
            menu = bar.addMenu(title)
            assert menu is not None
            for name in names.split():
                if name == "|":
                    menu.addSeparator()
                else:
                    menu.addAction(self.actions_by_name[name])
            if title == "&File":
                samples = menu.addMenu("Open sa&mple")
                assert samples is not None
                menu.insertMenu(self.actions_by_name["save"], samples)
                for sample in SAMPLES:
                    action = QAction(sample, self)
                    action.triggered.connect(lambda _=False, s=sample: self.workbench.open_sample(s))
                    samples.addAction(action)

    def _connect(self) -> None:
        bench, canvas = self.workbench, self.canvas
        self.tasks.started.connect(self._task_started)
        bench.document_changed.connect(self._document_changed)
        bench.folder_changed.connect(self.strip.show_images)
        bench.said.connect(self._say)
        bench.outcome.connect(self.segment_panel.show_outcome)
        bench.device_known.connect(self._status.show_device)
        bench.problem.connect(self._problem)
        bench.folder_needed.connect(self._ask_document_folder)
        bench.document_damaged.connect(self._ask_set_aside)
        self.segment_panel.segment_asked.connect(self._segment)
        self.strip.chosen.connect(bench.open)
        canvas.hovered.connect(self._hovered)
        canvas.said.connect(self._say)
        canvas.tool_changed.connect(lambda name: self.actions_by_name[name].setChecked(True))
        self.welcome.open_asked.connect(self._ask_image)
        self.welcome.folder_asked.connect(self._ask_folder)
        self.welcome.sample_asked.connect(bench.open_sample)

    # ------------------------------------------------------------------ what has changed

    def _document_changed(self) -> None:
        document = self.workbench.document
        self.canvas.set_document(document)
        self.channel_panel.rebuild()
        self.welcome.setVisible(document is None)
        self.segment_panel.set_ready(document is not None)
        self.segment_panel.show_outcome("")
        self.strip.mark_current(self.workbench.path)
        self.setWindowTitle("Cellpose GUI" if document is None else f"{document.image.path.name} – Cellpose GUI")
        for name in ("save", "export", "segment", "select_all", "delete_selected", "next", "previous"):
            self.actions_by_name[name].setEnabled(document is not None)
        if document is not None:
            document.history_changed.connect(self._history_changed)
            document.save_state_changed.connect(self._status.show_saved)
            document.save_failed.connect(lambda why: self._problem("Not saved", UserError(why)))
            self._status.show_saved(document.save_state)
            self.canvas.setFocus()
        self._history_changed()

    def _history_changed(self) -> None:
        document = self.workbench.document
        for name, text in (
            ("undo", document.undo_text if document else None),
            ("redo", document.redo_text if document else None),
        ):
            action = self.actions_by_name[name]
            action.setEnabled(text is not None)
            action.setText(f"&{name.capitalize()}" + (f": {text}" if text else ""))
        self._status.show_count(None if document is None else len(document.objects))
        self.strip.refresh_states(self.workbench.path)

    def _task_started(self, task: Task) -> None:
        if task.title not in _QUIET:
            self._status.tasks.watch(task)

    def _hovered(self, reading: Reading | None) -> None:
        document = self.workbench.document
        self._status.show_reading(reading, document.image if document else None)  # type: ignore[arg-type]

    def _say(self, text: str) -> None:
        bar = self.statusBar()
        assert bar is not None
        bar.showMessage(text, _SAID_FOR)

    # ------------------------------------------------------------------ commands

    def _segment(self) -> None:
        self.segment_panel.show_outcome("")
        self.workbench.segment(self.segment_panel.diameter)

    def _select_all(self) -> None:
        if self.workbench.document is not None:
            self.workbench.document.select(self.workbench.document.objects)

    def _step_plane(self, step: int) -> None:
        self.canvas.plane += step

    def _resize_brush(self, step: int) -> None:
        self.canvas.brush_size += step * max(1.0, round(self.canvas.brush_size * 0.1))

    @property
    def _dark(self) -> bool:
        return self.settings.value("theme/dark", is_system_dark(), type=bool)

    def _change_theme(self) -> None:
        self.settings.setValue("theme/dark", self.actions_by_name["dark"].isChecked())
        self.apply_theme()

    def apply_theme(self) -> None:
        """Light or dark, as the settings say."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, self._dark)
        recolour(self.actions_by_name, self.commands, self)
        self.channel_panel.rebuild()

    def _about(self) -> None:
        from importlib.metadata import version

        QMessageBox.about(
            self,
            "About Cellpose GUI",
            f"<p><b>Cellpose GUI {version('cellpose-gui')}</b></p><p>Finds the cells in microscope images, lets you "
            "correct them, and learns from the corrections.</p><p>The code is under the BSD 3-Clause licence; "
            "together with PyQt6 it is distributed under the GPL, version 3.</p><p>The algorithm follows Stringer, "
            "Wang, Michaelos and Pachitariu, Nature Methods 2021.</p>",
        )

    # ------------------------------------------------------------------ questions

    def _last_folder(self) -> str:
        path = self.workbench.path
        return str(path.parent) if path else str(self.settings.value("folder", str(Path.home())))

    def _ask_image(self) -> None:
        patterns = " ".join(f"*{s}" for s in SUFFIXES)
        name, _ = QFileDialog.getOpenFileName(self, "Open image", self._last_folder(), f"Images ({patterns})")
        if name:
            self.open(Path(name))

    def _ask_folder(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, "Open folder", self._last_folder()):
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Opens an image or a folder."""
        self.settings.setValue("folder", str(path if path.is_dir() else path.parent))
        self.workbench.open(path)

    def _ask_export(self) -> None:
        if self.workbench.path is None:
            return
        proposal = self.workbench.path.with_name(f"{self.workbench.path.stem}_masks.tif")
        name, _ = QFileDialog.getSaveFileName(self, "Export labels", str(proposal), "Label image (*.tif)")
        if name:
            self.workbench.export(Path(name) if name.lower().endswith((".tif", ".tiff")) else Path(f"{name}.tif"))

    def _ask_document_folder(self, path: Path, why: str) -> None:
        box = QMessageBox(QMessageBox.Icon.Question, "Where to keep your work?", why, parent=self)
        choose = box.addButton("Choose a folder…", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)

        def answered() -> None:
            if box.clickedButton() is choose:
                folder = QFileDialog.getExistingDirectory(self, "Folder for your work", str(Path.home()))
                if folder:
                    self.workbench.open(path, Path(folder))

        box.finished.connect(answered)
        box.open()

    def _ask_set_aside(self, path: Path, why: str) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "Damaged file", why, parent=self)
        box.setInformativeText("It can be set aside, under another name, and the image opened without it.")
        aside = box.addButton("Set aside and open", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.finished.connect(
            lambda: self.workbench.set_aside_and_open(path) if box.clickedButton() is aside else None
        )
        box.open()

    def _problem(self, title: str, error: Exception) -> None:
        show_problem(self, title, error)

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
        if paths:
            self.open(paths[0])

    def closeEvent(self, event: QCloseEvent | None) -> None:
        assert event is not None
        try:
            self.workbench.close()
        except UserError as error:
            box = QMessageBox(QMessageBox.Icon.Warning, "Not saved", str(error), parent=self)
            box.setInformativeText("Close all the same and lose what was not saved?")
            lose = box.addButton("Close and lose changes", QMessageBox.ButtonRole.DestructiveRole)
            box.addButton(QMessageBox.StandardButton.Cancel)
            box.exec()
            if box.clickedButton() is not lose:
                event.ignore()
                return
            self.workbench.close(discard=True)
        self.settings.setValue("window/geometry", self.saveGeometry())
        self.settings.setValue("window/state", self.saveState())
        event.accept()
