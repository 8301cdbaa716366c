"""Figures with sizes in inches, because a page of unknown height cannot be laid out in fractions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from . import curves, distributions
from .record import Distribution, RunRecord
from .style import RC

WIDTH = 13.0
MARGIN = 0.55
COLUMNS = 4
PANEL_HEIGHT = 1.15
PANEL_PITCH = 1.95
CURVES_HEIGHT = 2.5

T = TypeVar("T")


def styled(draw: Callable[..., T]) -> Callable[..., T]:
    """Runs ``draw`` in our style; matplotlib's own settings are left as they were."""
    def wrapped(*args, **kwargs) -> T:
        with matplotlib.rc_context(RC):
            return draw(*args, **kwargs)
    return wrapped


def figure(height: float) -> Figure:
    """A figure of its own, outside pyplot's list, drawn without a screen."""
    made = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(made)
    return made


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes by inches from the figure's top left corner."""
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))


def curve_row(figure: Figure, top: float, record: RunRecord) -> None:
    """Loss, metric and the final comparison side by side; CURVES_HEIGHT of axes, a title above, a label below."""
    curves.loss(axes_at(figure, MARGIN, top, 2.75, CURVES_HEIGHT), record.iterations)
    curves.metric(axes_at(figure, MARGIN + 4.2, top, 2.75, CURVES_HEIGHT), record)
    left, names = MARGIN + 8.4, 1.35
    curves.final(axes_at(figure, left + names, top, WIDTH - MARGIN - left - names, CURVES_HEIGHT), record, names)


def panel_rows(count: int) -> int:
    return -(-count // COLUMNS)


def panel_grid(figure: Figure, top: float, shown: tuple[Distribution, ...], sure: Mapping[str, bool]) -> None:
    """Panels from the left, PANEL_PITCH inches a row. ``sure``: by coordinate, whether it is told from chance."""
    pitch = (WIDTH - 2 * MARGIN + 0.45) / COLUMNS
    for position, distribution in enumerate(shown):
        row, column = divmod(position, COLUMNS)
        indent = 0.95 if distributions.needs_names(distribution) else 0.0
        distributions.panel(axes_at(figure, MARGIN + column * pitch + indent, top + row * PANEL_PITCH,
                                    pitch - 0.45 - indent, PANEL_HEIGHT), distribution, indent, sure)
