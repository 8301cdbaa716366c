"""The influence sheet: renders with the heat map of which of their pixels helped."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..images.pictures import class_colours
from . import layout
from .style import MUTED, TEXT, shorten

#: Red: hurt, blue: helped, nearly white: neither. Told apart by colour-blind people too.
COLOURS = "RdBu"
_HELPED, _HURT = "#2166ac", "#b2182b"
_COLUMNS = 8
_WIDTH, _MARGIN, _GAP = 13.0, 0.12, 0.14
_HEAD, _TEXT_HEIGHT, _BETWEEN = 1.1, 0.24, 0.16
_DPI = 160
#: The colours end at this percentile of |v . grad l|, so that a few pixels do not make all others pale.
_PERCENTILE = 98.0


@layout.styled
def draw(images: np.ndarray, labels: np.ndarray, maps: np.ndarray, classes: Sequence[str], *,
         ignored: int = 255) -> Figure:
    """The sheet, most helpful render first.

    ``images`` (n, H, W, 3) float in [0, 1]; ``labels`` (n, H, W) indices into ``classes``; ``maps`` (n, H, W), finite:
    above 0 where training on the pixel lowers the validation loss. Their sum over the pixels is w, printed below each.
    """
    w = maps.sum((1, 2), dtype=np.float64)
    order = np.argsort(-w, kind="stable")
    count, height, width = maps.shape
    columns = min(_COLUMNS, count)
    cell = (_WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
    picture = cell * height / width
    pitch = 2 * picture + 0.04 + _TEXT_HEIGHT + _BETWEEN
    figure = Figure(figsize=(_WIDTH, _HEAD + math.ceil(count / columns) * pitch), dpi=_DPI)
    FigureCanvasAgg(figure)
    limit = colour_limit(maps)
    exponent = math.floor(math.log10(np.abs(w).max())) if np.abs(w).max() > 0 else 0
    _head(figure, count, int((w > 0).sum()), limit, exponent)
    _class_names(figure, classes)
    smooth = "nearest" if width < cell * _DPI else "antialiased"
    for position, index in enumerate(order):
        row, column = divmod(position, columns)
        left, top = _MARGIN + column * (cell + _GAP), _HEAD + row * pitch
        render = layout.axes_at(figure, left, top, cell, picture)
        render.imshow(np.clip(images[index], 0.0, 1.0), interpolation=smooth, aspect="auto")
        _outlines(render, labels[index], ignored, class_colours() / 255.0)
        heat = layout.axes_at(figure, left, top + picture + 0.04, cell, picture)
        heat.imshow(maps[index], cmap=COLOURS, vmin=-limit, vmax=limit, interpolation=smooth, aspect="auto")
        _outlines(heat, labels[index], ignored, None)
        for axes in (render, heat):
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set(visible=True, color="#c5cad1", linewidth=0.6)
        _text(figure, left, top + 2 * picture + 0.04 + 0.17, f"w {w[index] / 10.0**exponent:+.2f}".replace("-", "−"),
              color=_HELPED if w[index] > 0 else _HURT if w[index] < 0 else MUTED, fontsize=9, fontweight="bold")
    return figure


def colour_limit(maps: np.ndarray) -> float:
    """Where the colours end, the same on both sides of 0; above 0 also where nothing had any influence."""
    size = np.abs(maps[maps != 0.0])
    return float(np.percentile(size, _PERCENTILE)) if size.size else 1.0


def _head(figure: Figure, count: int, helped: int, limit: float, exponent: int) -> None:
    """What is to be seen, and what the colours mean."""
    scale = f"  (w in units of 10$^{{{exponent}}}$)" if exponent else ""
    renders = f"The last {count} renders" if count > 1 else "The last render"
    _text(figure, _MARGIN, 0.27, f"{renders} and how they helped, the most helpful first", fontsize=12,
          fontweight="bold")
    _text(figure, _MARGIN, 0.52, "Below each render: what training on each of its pixels does to the loss on the "
                                 "validation images.", fontsize=9.5, color=MUTED)
    figure_height = figure.get_size_inches()[1]
    figure.text(_MARGIN / _WIDTH, 1 - 0.73 / figure_height, f"w is the sum over a render's pixels: {helped} of {count} "
                f"helped{scale}.", fontsize=9.5, color=MUTED, va="baseline")
    bar = layout.axes_at(figure, 8.6, 0.3, 3.6, 0.16)
    scalar = ScalarMappable(Normalize(-limit, limit), colormaps[COLOURS])
    figure.colorbar(scalar, cax=bar, orientation="horizontal", ticks=[])
    _text(figure, 8.5, 0.43, "hurt", color=_HURT, fontsize=10, fontweight="bold", ha="right")
    _text(figure, 12.3, 0.43, "helped", color=_HELPED, fontsize=10, fontweight="bold")
    _text(figure, 8.6, 0.65, "raises the loss", fontsize=8.5, color=MUTED)
    _text(figure, 10.4, 0.65, "no influence", fontsize=8.5, color=MUTED, ha="center")
    _text(figure, 12.2, 0.65, "lowers the loss", fontsize=8.5, color=MUTED, ha="right")


def _class_names(figure: Figure, classes: Sequence[str]) -> None:
    """Whose outlines have which colour, as many as fit in a line."""
    left = 8.6
    for index, name in enumerate(classes[1:], start=1):
        name = shorten(name, 24)
        if left + 0.17 + 0.085 * len(name) > _WIDTH - 0.3:
            _text(figure, left, 0.95, "…", fontsize=9, color=MUTED)
            return
        width, height = figure.get_size_inches()
        figure.add_artist(Rectangle((left / width, 1 - 0.95 / height), 0.11 / width, 0.11 / height, linewidth=0,
                                    facecolor=class_colours()[index % 256] / 255.0))
        _text(figure, left + 0.17, 0.95, name, fontsize=9, color=MUTED)
        left += 0.36 + 0.085 * len(name)


def _outlines(axes: Axes, labels: np.ndarray, ignored: int, colours: np.ndarray | None) -> None:
    """A line around each class; in the colour of the class, or all in grey."""
    if min(labels.shape) < 2:
        return
    for index in np.unique(labels):
        if index in (0, ignored):
            continue
        inside = np.pad(labels == index, 1).astype(float)       # closed at the border of the picture
        rows, columns = (np.arange(size + 2) - 1.0 for size in labels.shape)
        axes.contour(columns, rows, inside, levels=[0.5], linewidths=1.1 if colours is not None else 0.7,
                     colors=[TEXT if colours is None else tuple(colours[index])])
    axes.set_xlim(-0.5, labels.shape[1] - 0.5)
    axes.set_ylim(labels.shape[0] - 0.5, -0.5)


def _text(figure: Figure, left: float, baseline: float, text: str, **style) -> None:
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - baseline / height, text, parse_math=False, va="baseline", **style)
