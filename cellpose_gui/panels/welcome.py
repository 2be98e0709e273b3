"""What an empty window says: where to begin."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cellpose_gui.project.samples import SAMPLES


class Welcome(QFrame):
    """A card in the middle of the canvas with the first steps and the sample images."""

    open_asked = pyqtSignal()
    folder_asked = pyqtSignal()
    sample_asked = pyqtSignal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        title = QLabel("Find the cells in a microscope image")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        title.setFont(font)
        steps = QLabel(
            "1.  Open an image or a folder, or drag it here.\n"
            "2.  Press S: every cell is outlined.\n"
            "3.  Correct what is wrong with the brush (P) and the eraser (E).\n\n"
            "Everything is saved as you go, and every step can be undone."
        )
        buttons = QHBoxLayout()
        for text, signal in (("Open image…", self.open_asked), ("Open folder…", self.folder_asked)):
            button = QPushButton(text)
            button.setMinimumHeight(34)
            button.clicked.connect(signal)
            buttons.addWidget(button)
        samples = QHBoxLayout()
        for sample in SAMPLES:
            button = QPushButton(sample.split(" (")[0])
            button.setToolTip(sample)
            button.clicked.connect(lambda _=False, s=sample: self.sample_asked.emit(s))
            samples.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(36, 28, 36, 24)
        layout.setSpacing(14)
        layout.addWidget(title)
        layout.addWidget(steps)
        layout.addLayout(buttons)
        layout.addWidget(QLabel("Or try a sample:"))
        layout.addLayout(samples)
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._centre()
        return super().eventFilter(watched, event)

    def _centre(self) -> None:
        parent = self.parentWidget()
        assert parent is not None
        self.adjustSize()
        self.move((parent.width() - self.width()) // 2, (parent.height() - self.height()) // 2)
        self.raise_()

    def setVisible(self, visible: bool) -> None:
        super().setVisible(visible)
        if visible:
            self._centre()
