"""Qt's Fusion style with edges and a focus that can be seen, in the dark as well."""

from __future__ import annotations

from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QPainter, QPalette, QPen
from PyQt6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QWidget

_Element = QStyle.PrimitiveElement
_BOXES = (_Element.PE_IndicatorCheckBox, _Element.PE_IndicatorItemViewItemCheck, _Element.PE_FrameLineEdit)
_ROUND = 2.0
TINT = 0.22  # of a tool that is chosen; its icon stays readable on it


class ClearStyle(QProxyStyle):
    """Fusion draws edges a little darker than the window, which vanish on a dark one, a faint focus, and the
    tool that is chosen hardly different from the others.

    Edges have the palette's Mid, the focus its BrightText, which the theme keeps in contrast to all grounds.
    """

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption | None,
        painter: QPainter | None,
        widget: QWidget | None = None,
    ) -> None:
        assert option is not None and painter is not None
        if element == _Element.PE_FrameFocusRect:
            _edge(painter, option, QPalette.ColorRole.BrightText, 2.0)
            return
        chosen = bool(option.state & QStyle.StateFlag.State_On)
        if element == _Element.PE_PanelButtonTool and chosen:
            _edge(painter, option, QPalette.ColorRole.BrightText, 1.5, filled=True)
            return
        super().drawPrimitive(element, option, painter, widget)
        if element == _Element.PE_IndicatorRadioButton:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(option.palette.color(QPalette.ColorRole.Mid), 1.0))
            painter.drawEllipse(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5))
            painter.restore()
        if element in _BOXES:
            focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
            is_field = element == _Element.PE_FrameLineEdit
            if focused and is_field:
                _edge(painter, option, QPalette.ColorRole.BrightText, 2.0)
            else:
                _edge(painter, option, QPalette.ColorRole.Mid, 1.0)


def _edge(
    painter: QPainter, option: QStyleOption, role: QPalette.ColorRole, width: float, filled: bool = False
) -> None:
    colour = option.palette.color(role)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, width))
    if filled:
        colour.setAlphaF(TINT)
        painter.setBrush(colour)
    inset = width / 2
    painter.drawRoundedRect(QRectF(option.rect).adjusted(inset, inset, -inset, -inset), _ROUND, _ROUND)
    painter.restore()
