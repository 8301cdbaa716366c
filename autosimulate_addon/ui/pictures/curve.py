"""The pictures of a run: its learning curve, and distributions before and after. Numpy only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...protocol.events import Iteration
from ...protocol.moments import density
from . import distribution
from .raster import Canvas, Color

BLUE: Color = (0.35, 0.62, 0.95)
ORANGE: Color = (0.95, 0.60, 0.25)
GREY: Color = (0.62, 0.62, 0.62)
GRID: Color = (0.5, 0.5, 0.5)
#: Empty space beside a curve, as a share of what it is drawn over.
_MARGIN = 0.06
BACKGROUND = (0.10, 0.10, 0.10, 1.0)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = max((high - low) * 0.08, 1e-3)
    return max(low - margin, 0.0), high + margin


def learning_curve(points: Sequence[Iteration], best: Sequence[float] = (), width: int = 400,
                   height: int = 400) -> tuple[np.ndarray, tuple[float, float]]:
    """Validation mIoU by images rendered: learned distributions in blue, the null control in grey.

    Returns the picture (height, width, 4) and the range of its vertical axis.
    """
    canvas = Canvas(width, height, BACKGROUND)
    mine = [(point.images, point.val_metric) for point in points if not math.isnan(point.val_metric)]
    control = [(point.images, point.control_val_metric) for point in points
               if not math.isnan(point.control_val_metric)]
    values = [value for _, value in mine + control] + list(best)
    low, high = _range(values) if values else (0.0, 1.0)
    last = max([images for images, _ in mine + control], default=0) or 1
    pad = 12

    def to_pixels(series: Sequence[tuple[float, float]]) -> np.ndarray:
        data = np.asarray(series, dtype=np.float64).reshape(-1, 2)
        return np.column_stack([pad + data[:, 0] / last * (width - 2 * pad),
                                pad + (data[:, 1] - low) / (high - low) * (height - 2 * pad)])

    for fraction in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = pad + fraction * (height - 2 * pad)
        canvas.line([(pad, y), (width - pad, y)], GRID, 1.5, 0.3)
    for series, color in ((control, GREY), (mine, BLUE)):
        if not series:
            continue
        pixels = to_pixels(series)
        if len(pixels) > 1:
            canvas.line(pixels, color, 4.0)
        for x, y in pixels if len(pixels) <= 40 else pixels[-1:]:
            canvas.line([(x, y), (x + 0.01, y)], color, 10.0)
    return canvas.pixels, (low, high)


def distribution_tiles(family: str, start: dict | None, now: dict, low=None, high=None, size: int = 160,
                       color: Color = ORANGE) -> np.ndarray:
    """A distribution before (grey) and now (colour): a square for each component, side by side; bars when discrete.

    Args:
        start: plain psi before, or None.
        now: plain psi.
        low, high: limits per component, or None.

    Returns (size, size * components, 4).
    """
    if "p" in now:
        canvas = Canvas(size, size, BACKGROUND)
        _bars(canvas, start, now, color)
        return canvas.pixels
    parts = [part for part in (start, now) if part]
    tiles = []
    for i in range(len(now["mean"])):
        canvas = Canvas(size, size, BACKGROUND)
        _density(canvas, family, parts, i, low, high, color)
        tiles.append(canvas.pixels)
    return np.concatenate(tiles, axis=1)


def _density(canvas: Canvas, family: str, parts: list[dict], i: int, low, high, color: Color) -> None:
    left, right = distribution.extent(family, parts, i, low, high)
    margin = _MARGIN * (right - left)                   # at a limit the curve is seen to end
    x, limits = np.linspace(left - margin, right + margin, canvas.width), _limits(low, high, i)
    curves = [density(family, x, float(part["mean"][i]), float(part["std"][i]), *limits) for part in parts]
    for k, curve in enumerate(curves):
        # every curve to its own height: a narrowed one would press the wide one flat
        heights = 2 + (canvas.height - 10) * curve / max(float(curve.max()), 1e-12)
        shade = color if k == len(curves) - 1 else GREY
        canvas.area(heights, shade, 0.45 if shade is color else 0.3, 1)
        canvas.graph(heights, shade, 3.0)


def _limits(low: np.ndarray | None, high: np.ndarray | None, component: int) -> tuple[float, float]:
    return (-math.inf if low is None else float(low[component]), math.inf if high is None else float(high[component]))


def _bars(canvas: Canvas, start: dict | None, now: dict, color: Color) -> None:
    p = np.asarray(now["p"], dtype=np.float64)
    before = np.asarray(start["p"], dtype=np.float64) if start and len(start["p"]) == len(p) else None
    top = max(float(p.max()), float(before.max()) if before is not None else 0.0, 1e-6)
    slot = canvas.width / len(p)
    for i, value in enumerate(p):
        left, right = i * slot, (i + 1) * slot
        gap = min(slot * 0.1, 6)
        if before is not None:
            canvas.box(left + gap, 2, right - gap, 2 + (canvas.height - 6) * before[i] / top, GREY, 0.45)
        inset = slot * (0.28 if before is not None else 0.16)
        canvas.box(left + inset, 2, right - inset, 2 + (canvas.height - 6) * value / top, color)


def list_icon(family: str, now: dict, low=None, high=None, color: Color = ORANGE, size: int = 32) -> np.ndarray:
    """The distribution as a picture small enough for a list's row; its first component where there are several."""
    canvas = Canvas(size, size)
    if "p" in now:
        _bars(canvas, None, now, color)
    else:
        left, right = distribution.extent(family, [now], 0, low, high)
        x = np.linspace(left, right, size + 2)[1:-1]    # not the limits themselves, where the density is 0
        curve = density(family, x, float(now["mean"][0]), float(now["std"][0]), *_limits(low, high, 0))
        heights = 3 + (size - 8) * curve / max(float(curve.max()), 1e-12)
        canvas.area(heights, color, 0.6, 2)
        canvas.graph(heights, color, 2.5)
    return canvas.pixels
