"""A short text on each of the cells that can be seen: its number, or what was said of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QStaticText, QTransform
from PyQt6.QtWidgets import QApplication, QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cellpose_gui.canvas.background import Background
from model_core.annotation.objects import ObjectRecord
from model_core.annotation.patch import Patch, RecordChanges

MOST = 400  # numbers drawn at once; the largest cells win
_LEAST_SIZE = 12.0  # logical pixels that a cell must be wide on screen to get its number
_REACH = 60  # logical pixels that a number may reach beyond the middle of its cell
_FEW = 50  # texts that are repainted one by one
_MARK_SIZE = 1.5  # of the letters of the numbers
_HALO = ((-1, 0), (1, 0), (0, -1), (0, 1))


class Places:
    """Where the cells are, in arrays by id: which of 100,000 can be seen is found without a loop."""

    def __init__(self, records: list[ObjectRecord]) -> None:
        self._table = np.zeros((max((r.id for r in records), default=0) + 1, 6), np.float32)
        for record in records:
            self._table[record.id] = _row(record)

    def update(self, changes: RecordChanges) -> None:
        top = max(changes, default=0)
        if top >= len(self._table):
            more = np.zeros((max(top + 1 - len(self._table), len(self._table)), 6), np.float32)
            self._table = np.concatenate([self._table, more])
        for id_, (_, record) in changes.items():
            self._table[id_] = 0 if record is None else _row(record)

    def inside(
        self, area: QRectF, plane: int, least_side: float, hidden: frozenset[int] = frozenset()
    ) -> np.ndarray:
        """Rows (id, x, y) of the largest cells of a plane with their centre in `area`, MOST at most."""
        z0, z1, y, x, side, _ = self._table.T
        seen = (z0 <= plane) & (plane < z1) & (side >= least_side)
        seen &= (x >= area.left()) & (x <= area.right()) & (y >= area.top()) & (y <= area.bottom())
        unseen = np.fromiter(hidden, np.int64, len(hidden))
        seen[unseen[unseen < len(seen)]] = False
        ids = np.flatnonzero(seen)
        if len(ids) > MOST:
            ids = ids[np.argpartition(side[ids], -MOST)[-MOST:]]
        return np.stack([ids, x[ids], y[ids]], axis=1)


def _row(record: ObjectRecord) -> tuple[float, ...]:
    z0, z1, y0, y1, x0, x1 = record.box
    return z0, z1, record.centroid[1] + 0.5, record.centroid[2] + 0.5, min(y1 - y0, x1 - x0), 0


class ObjectNumbers(pg.GraphicsObject):
    """Text of constant size at the centres of the cells; costs nothing while it is hidden.

    Shows their numbers or, with `only`, the one text `mark` in a colour on those that it wants. `lines` is
    how many lines below the centre the text stands.
    """

    def __init__(
        self,
        only: Callable[[ObjectRecord], bool] | None = None,
        mark: str = "",
        colour: QColor | Qt.GlobalColor = Qt.GlobalColor.white,
    ) -> None:
        super().__init__()
        self._only, self._mark, self._colour = only, mark, QColor(colour)
        self.lines = 0.0
        self._extent = QRectF()
        self._plane = 0
        self._hidden: frozenset[int] = frozenset()
        self._objects: dict[int, ObjectRecord] = {}
        self._places: Places | None = None
        self._background = Background(self._placed)
        self._meanwhile: list[RecordChanges] = []
        self._texts: dict[int, QStaticText] = {}
        # Without this flag Qt hands over the whole item as exposed, whatever changed.
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.setVisible(False)

    def set_objects(self, objects: dict[int, ObjectRecord], height: int, width: int) -> None:
        """Show the numbers of these cells; a copy that nobody changes."""
        self.prepareGeometryChange()
        self._extent = QRectF(0, 0, width, height)
        self._hidden = frozenset()
        self.replace_objects(objects)

    def set_plane(self, plane: int) -> None:
        self._plane = plane
        self.update()

    def set_hidden(self, ids: frozenset[int]) -> None:
        """Cells that are not shown have no number either."""
        self._hidden = ids
        self.update()

    def show_numbers(self, shown: bool) -> None:
        self.setVisible(shown)
        if shown and self._places is None and not self._background.busy:
            self._place()

    def replace_objects(self, objects: dict[int, ObjectRecord]) -> None:
        """Show the numbers of other cells of the same image; a copy that nobody changes."""
        self._objects, self._places, self._meanwhile = objects, None, []
        self._background.cancel()
        if self.isVisible():
            self._place()

    def apply(self, patch: Patch) -> None:
        """Take over what a patch has changed; after changes of very many `replace_objects` is quicker."""
        pairs = {id_: (self._shown(old), self._shown(new)) for id_, (old, new) in patch.records.items()}
        changes = {id_: (old, new) for id_, (old, new) in pairs.items() if old is not None or new is not None}
        if self._places is None:
            self._meanwhile.append(changes)
            return
        self._places.update(changes)
        if self.isVisible():
            self._repaint([record for pair in changes.values() for record in pair if record is not None])

    def _shown(self, record: ObjectRecord | None) -> ObjectRecord | None:
        return record if record is not None and (self._only is None or self._only(record)) else None

    def _repaint(self, records: list[ObjectRecord]) -> None:
        """Around the texts of these cells alone: to repaint all would repaint image and labels below too."""
        if len(records) > _FEW:
            self.update()
            return
        reach = _REACH * (self.pixelWidth() or 1.0)  # None before the item is in a scene
        for record in records:
            _, y, x = record.centroid
            self.update(QRectF(x + 0.5 - reach, y + 0.5 - reach, 2 * reach, 2 * reach))

    def _place(self) -> None:
        only, objects = self._only, self._objects

        def compute(cancelled: Callable[[], bool]) -> Places:
            return Places([record for record in objects.values() if only is None or only(record)])

        self._background.start(compute)

    def _placed(self, places: object) -> None:
        assert isinstance(places, Places)
        for changes in self._meanwhile:
            places.update(changes)
        self._objects, self._places, self._meanwhile = {}, places, []
        self.update()

    def boundingRect(self) -> QRectF:
        return self._extent

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._places is None:
            return
        view = painter.worldTransform()
        pixel = 1 / view.m11()
        reach = _REACH * pixel
        seen = option.exposedRect.adjusted(-reach, -reach, reach, reach)
        found = self._places.inside(seen, self._plane, _LEAST_SIZE * pixel, self._hidden)
        painter.save()
        painter.setWorldTransform(QTransform())
        font = QFont(QApplication.font())
        font.setBold(True)
        if self._mark:
            font.setPointSizeF(_MARK_SIZE * font.pointSizeF())
        painter.setFont(font)
        drawn = []
        for id_, x, y in found:
            text = self._text(int(id_), font)
            size = text.size()
            down = size.height() * (self.lines - 0.5)
            drawn.append((text, view.map(QPointF(x, y)) + QPointF(-size.width() / 2, down)))
        for colour, offsets in ((QColor(0, 0, 0), _HALO), (self._colour, ((0, 0),))):
            painter.setPen(colour)
            for dx, dy in offsets:
                for text, corner in drawn:
                    painter.drawStaticText(corner + QPointF(dx, dy), text)
        painter.restore()

    def _text(self, id_: int, font: QFont) -> QStaticText:
        text = self._texts.get(id_)
        if text is None:
            if len(self._texts) > 4 * MOST:
                self._texts.clear()
            text = self._texts[id_] = QStaticText(self._mark or str(id_))
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.prepare(QTransform(), font)
        return text
