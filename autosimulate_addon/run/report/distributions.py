"""One panel for each distribution: grey before, coloured after."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from ...protocol.moments import density
from ...protocol.words import number
from .densities import on_log_axis, plotting_range
from .record import Distribution
from .style import CONTROL, LEARNED, MUTED, TEXT, shorten

#: More choices than these are summed up in one bar.
MOST_BARS = 7
#: How many times higher than the lower density's peak a panel can be.
HIGHEST_OVER_LOWEST = 6.0
_POINTS = 400


#: What the dots beside a panel's name mean.
SURE_LEGEND = "● told from chance · ○ not (mean, spread)"


def panel(axes: Axes, distribution: Distribution, indent: float = 0.0, sure: Mapping[str, bool] = MappingProxyType({})
          ) -> None:
    """``indent``: inches from the panel's left side to the axes, where the headings do not follow. ``sure``: by
    coordinate, whether it is told from chance.
    """
    name = shorten(distribution.label, 34) + ("  (locked)" if distribution.locked else "")
    for text, lift, style in ((name, 17, {"fontsize": 9, "fontweight": "bold", "color": TEXT}),
                              (change(distribution), 5, {"fontsize": 8, "color": MUTED})):
        axes.annotate(text, (0, 1), xycoords="axes fraction", xytext=(-indent * 72, lift),
                      textcoords="offset points", va="baseline", annotation_clip=False, parse_math=False, **style)
    if dots := sure_dots(distribution, sure):
        axes.annotate(dots, (1, 1), xycoords="axes fraction", xytext=(0, 17), textcoords="offset points", va="baseline",
                      ha="right", annotation_clip=False, fontsize=9, color=LEARNED)
    if distribution.continuous:
        _densities(axes, distribution)
    elif distribution.family == "integer":
        _columns(axes, distribution)
    else:
        _bars(axes, distribution)


def needs_names(distribution: Distribution) -> bool:
    """Whether names stand at the left of the axes."""
    return not distribution.continuous and distribution.family != "integer"


def sure_dots(distribution: Distribution, sure: Mapping[str, bool]) -> str:
    """A dot for the mean and one for the spread, or one for all of a choice's shares; "" where none was asked."""
    asked = [sure[name] for name in distribution.coordinates if name in sure]
    if asked and not distribution.continuous:
        asked = [any(asked)]
    return "".join("●" if each else "○" for each in asked)


def change(distribution: Distribution) -> str:
    """Before and after in one line, the same words in the figure and in the page's table."""
    if distribution.continuous:
        (m0, s0), (m1, s1) = distribution.before, distribution.after
        return f"{number(m0)} ± {number(s0)}  →  {number(m1)} ± {number(s1, distribution.unit)}"
    first, last = (max(range(len(p)), key=p.__getitem__) for p in (distribution.before, distribution.after))
    p, q = distribution.before[last], distribution.after[last]
    item = shorten(distribution.items[last], 22)
    even = max(distribution.before) - min(distribution.before) < 1e-6
    likely = "even" if even else f"{shorten(distribution.items[first], 16)} ({distribution.before[first]:.0%})"
    if first == last and not even:
        return f"{item}: {p:.0%}  →  {q:.0%}"
    return f"{likely}  →  {item} ({q:.0%})"


def _densities(axes: Axes, distribution: Distribution) -> None:
    both = (distribution.before, distribution.after)
    low, high = plotting_range(distribution.family, both, distribution.low, distribution.high)
    logarithmic = on_log_axis(distribution.family, both)
    x = np.geomspace(low, high, _POINTS) if logarithmic else np.linspace(low, high, _POINTS)
    peaks = []
    for moments, colour, order in ((distribution.before, CONTROL, 2), (distribution.after, LEARNED, 3)):
        y = density(distribution.family, x, *moments, distribution.low, distribution.high)
        if logarithmic:         # areas on the page stay probabilities: p(log x) = x p(x)
            y = y * x
        axes.fill_between(x, y, color=colour, alpha=0.16, linewidth=0, zorder=order)
        axes.plot(x, y, color=colour, linewidth=1.8, zorder=order)
        peaks.append(float(y[_POINTS // 50:-_POINTS // 50].max()))      # a Beta can be infinite at its ends
    axes.set_xlim(low, high)
    # One far narrower than the other runs out at the top, so that the other stays visible.
    visible = min(max(peaks), HIGHEST_OVER_LOWEST * min(peak for peak in peaks if peak > 0)) if max(peaks) > 0 else 1.0
    axes.set_ylim(0, visible * 1.06)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: number(value))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlabel(distribution.unit, parse_math=False, labelpad=1)


def _columns(axes: Axes, distribution: Distribution) -> None:
    """Whole numbers have an order: a histogram."""
    positions = np.arange(len(distribution.items))
    axes.bar(positions - 0.2, distribution.before, width=0.36, color=CONTROL, alpha=0.55)
    axes.bar(positions + 0.2, distribution.after, width=0.36, color=LEARNED, alpha=0.9)
    every = -(-len(positions) // 10)
    axes.set_xticks(positions[::every], [shorten(item, 6) for item in distribution.items[::every]], parse_math=False)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(positions) - 0.4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(distribution.unit, parse_math=False, labelpad=1)


def _bars(axes: Axes, distribution: Distribution) -> None:
    rows = _rows(distribution)
    for row, (_, p, q) in enumerate(rows):
        axes.barh(row - 0.19, p, height=0.34, color=CONTROL, alpha=0.55)
        axes.barh(row + 0.19, q, height=0.34, color=LEARNED, alpha=0.9)
        axes.text(q + 0.015, row + 0.21, f"{q:.0%}", va="center", fontsize=7.5, color=TEXT)
    axes.set_yticks(range(len(rows)), [shorten(name, 14) for name, _, _ in rows], fontsize=8, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(len(rows), 3) - 0.45, -0.55)
    axes.set_xlim(0, max(max(p, q) for _, p, q in rows) * 1.18)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_bounds(-0.42, len(rows) - 0.58)


def _rows(distribution: Distribution) -> list[tuple[str, float, float]]:
    """(item, before, after) in the scene's order; where there are many, those with most probability and the rest."""
    rows = list(zip(distribution.items, distribution.before, distribution.after, strict=True))
    if len(rows) <= MOST_BARS:
        return rows
    kept = set(sorted(range(len(rows)), key=lambda i: (-max(rows[i][1:]), i))[:MOST_BARS - 1])
    others = [row for i, row in enumerate(rows) if i not in kept]
    return [row for i, row in enumerate(rows) if i in kept] + [
        (f"{len(others)} others", sum(p for _, p, _ in others), sum(q for _, _, q in others))]
