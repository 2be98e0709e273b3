"""How one image of the folder is drawn in the list: picture, name, state and cells, note or problem."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QObject, QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen, QPixmap, QPolygonF
from PyQt6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from cellpose_gui.panels.image_list_model import Role, in_words
from cellpose_gui.project.segment_all import Stage
from cellpose_gui.theme import alarm
from model_core.annotation.cells_summary import ImageState
from model_core.annotation.folder_index import ImageEntry

_PICTURE, _MARGIN, _MARK = 56, 6, 9  # px
_LINES = 4  # two of them for a long name: images of a plate differ in its middle
_COLOURS = {
    ImageState.NEW: "#7d8287",
    ImageState.SEGMENTED: "#3b82c4",
    ImageState.IN_REVIEW: "#d98a1f",
    ImageState.DONE: "#3a9b57",
    ImageState.EXCLUDED: "#7d8287",
}


class ImageRow(QStyledItemDelegate):
    """Draws rows of an `ImageListModel`. A state has a shape as well as a colour."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.current = ""  # the name of the image that is open

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        lines = _LINES * QFontMetrics(option.font).lineSpacing()
        return QSize(160, max(_PICTURE, lines) + 2 * _MARGIN)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        assert painter is not None
        entry: ImageEntry = index.data(Role.ENTRY)
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        if selected:
            painter.fillRect(option.rect, option.palette.brush(QPalette.ColorRole.Highlight))
        if entry.name == self.current:
            bar = QRect(option.rect.left(), option.rect.top(), 3, option.rect.height())
            painter.fillRect(bar, option.palette.brush(QPalette.ColorRole.Link if not selected else role))
        inside = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        self._draw_picture(painter, inside, index.data(Qt.ItemDataRole.DecorationRole))
        text = inside.adjusted(_PICTURE + _MARGIN, 0, 0, 0)
        painter.setPen(option.palette.color(role))
        self._draw_text(painter, text, option, index, entry, selected)
        painter.restore()

    def _draw_picture(self, painter: QPainter, inside: QRect, picture: QPixmap | None) -> None:
        frame = QRect(inside.left(), inside.top() + (inside.height() - _PICTURE) // 2, _PICTURE, _PICTURE)
        if picture is None:
            painter.fillRect(frame, QColor(128, 128, 128, 40))
            return
        size = picture.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(frame.topLeft(), size)
        place.moveCenter(frame.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(place, picture)

    def _draw_text(
        self,
        painter: QPainter,
        text: QRect,
        option: QStyleOptionViewItem,
        index: QModelIndex,
        entry: ImageEntry,
        selected: bool,
    ) -> None:
        stage: Stage | None = index.data(Role.STAGE)
        problem: str = index.data(Role.PROBLEM)
        height = QFontMetrics(option.font).lineSpacing()
        elide = QFontMetrics(option.font).elidedText
        bold = QFont(option.font)
        bold.setBold(entry.name == self.current)
        names = in_two_lines(entry.name, QFontMetrics(bold), text.width())
        lines = len(names) + 1 + bool(problem or entry.note)
        top = text.top() + max(0, (text.height() - max(3, lines) * height) // 2)
        line = QRect(text.left(), top, text.width(), height)
        painter.setFont(bold)
        for name in names:
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
            line.translate(0, height)
        painter.setFont(option.font)
        mark = QRectF(line.left(), line.center().y() - _MARK / 2, _MARK, _MARK)
        _draw_mark(painter, mark, entry.state, bool(problem), painter.pen().color() if selected else None)
        words = in_words(entry)
        if stage in (Stage.QUEUED, Stage.RUNNING):
            words = f"{stage.value}…"
        elif entry.elsewhere:
            words += " · open elsewhere"
        second = line.adjusted(_MARK + 5, 0, 0, 0)
        painter.drawText(
            second, Qt.AlignmentFlag.AlignVCenter, elide(words, Qt.TextElideMode.ElideRight, second.width())
        )
        line.translate(0, height)
        third = problem or entry.note
        if third:
            dim = painter.pen().color()
            dim.setAlpha(190)
            painter.setPen(alarm() if problem and not selected else dim)
            first_line = third.splitlines()[0].removeprefix(f"“{entry.name}” ")  # which stands above
            painter.drawText(
                line,
                Qt.AlignmentFlag.AlignVCenter,
                elide(first_line, Qt.TextElideMode.ElideRight, line.width()),
            )


def in_two_lines(name: str, metrics: QFontMetrics, width: int) -> list[str]:
    """A name as it fits into a width, in two lines if need be; the middle of a longer one is left out."""
    if metrics.horizontalAdvance(name) <= width:
        return [name]
    fits = max(1, max(n for n in range(len(name)) if metrics.horizontalAdvance(name[:n]) <= width))
    apart = max((name.rfind(mark, 0, fits) for mark in " _-."), default=-1)
    first = apart + 1 if apart >= fits // 2 else fits
    rest = metrics.elidedText(name[first:], Qt.TextElideMode.ElideMiddle, width)
    return [name[:first].rstrip(), rest]


def _draw_mark(
    painter: QPainter, box: QRectF, state: ImageState, problem: bool, colour: QColor | None
) -> None:
    """A shape for each state: ring, disc, half a disc, tick, bar; a triangle for a problem."""
    colour = colour or (alarm() if problem else QColor(_COLOURS[state]))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y, w, h = box.x(), box.y(), box.width(), box.height()
    if problem:
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([QPointF(x + w / 2, y), QPointF(x + w, y + h), QPointF(x, y + h)]))
    elif state is ImageState.DONE:
        points = [QPointF(x, y + h * 0.55), QPointF(x + w * 0.38, y + h * 0.9), QPointF(x + w, y + h * 0.1)]
        painter.drawPolyline(QPolygonF(points))
    elif state is ImageState.EXCLUDED:
        painter.drawEllipse(box.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.drawLine(QPointF(x + w * 0.2, y + h * 0.8), QPointF(x + w * 0.8, y + h * 0.2))
    else:
        painter.drawEllipse(box.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setBrush(colour)
        if state is ImageState.SEGMENTED:
            painter.drawEllipse(box.adjusted(0.5, 0.5, -0.5, -0.5))
        elif state is ImageState.IN_REVIEW:
            painter.drawPie(box.adjusted(0.5, 0.5, -0.5, -0.5), 90 * 16, 180 * 16)
    painter.restore()
