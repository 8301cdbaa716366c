"""Intervals: what the hypergradient says of each coordinate, and how far its noise reaches."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...protocol.numbers import Agreement, Coordinate
from . import layout
from .style import CONTROL, LEARNED, MUTED, TEXT, shorten

#: More than these are not looked at; the page's table has all.
MOST = 32
_COLUMNS = 2
_ROW, _NAMES = 0.22, 2.6         # inches


def shown(agreement: Agreement) -> list[Coordinate]:
    """The coordinates that stand out most, in standard errors."""
    asked = [each for each in agreement.coordinates if not math.isnan(each.slope) and each.error > 0]
    return sorted(asked, key=lambda each: -abs(each.slope) / each.error)[:MOST]


def draw(agreement: Agreement) -> Figure:
    """Bars about 0 in two columns, those that leave it out in colour."""
    coordinates = shown(agreement)
    rows = -(-len(coordinates) // _COLUMNS)
    figure = layout.figure(rows * _ROW + 0.75)
    pitch = (layout.WIDTH - 2 * layout.MARGIN + 0.3) / _COLUMNS
    reach = max(max(map(abs, each.interval)) for each in coordinates)
    for column in range(_COLUMNS):
        part = coordinates[column * rows:(column + 1) * rows]
        if part:
            axes = layout.axes_at(figure, layout.MARGIN + column * pitch + _NAMES, 0.1, pitch - _NAMES - 0.3,
                                  rows * _ROW)
            _column(axes, part, rows, reach)
    return figure


def _column(axes: Axes, coordinates: list[Coordinate], rows: int, reach: float) -> None:
    axes.axvline(0, color=CONTROL, linewidth=0.8, zorder=1)
    for row, each in enumerate(coordinates):
        clear = each.interval[0] > 0 or each.interval[1] < 0
        colour = LEARNED if clear else CONTROL
        axes.plot(each.interval, (row, row), color=colour, linewidth=3 if clear else 2, solid_capstyle="butt", zorder=2)
        axes.plot([each.slope], [row], marker="o", markersize=4.5, color=colour, zorder=3)
    axes.set_yticks(range(len(coordinates)), [shorten(each.name, 38) for each in coordinates], parse_math=False)
    for label, each in zip(axes.get_yticklabels(), coordinates, strict=True):
        label.set_color(TEXT if each.sure else MUTED)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_xlim(-1.05 * reach, 1.05 * reach)
    axes.set_xlabel("to the right: higher values help (correlation, 95 % interval)")
