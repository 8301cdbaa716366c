"""One panel for each distribution: grey before, coloured after."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .densities import density, plotting_range
from .record import Distribution
from .style import CONTROL, LEARNED, MUTED, TEXT, quantity, shorten

#: More choices than these are summed up in one bar.
MOST_BARS = 7
_POINTS = 400


def panel(axes: Axes, distribution: Distribution) -> None:
    name = shorten(distribution.label, 34) + ("  (locked)" if distribution.locked else "")
    axes.set_title(name, fontweight="bold", fontsize=9, pad=17, parse_math=False)
    axes.text(0, 1.04, change(distribution), transform=axes.transAxes, fontsize=8, color=MUTED, va="bottom",
              parse_math=False)
    if distribution.continuous:
        _densities(axes, distribution)
    else:
        _bars(axes, distribution)


def change(distribution: Distribution) -> str:
    """Before and after in one line, the same words in the figure and in the page's table."""
    unit = distribution.unit
    if distribution.continuous:
        (m0, s0), (m1, s1) = distribution.before, distribution.after
        return f"{quantity(m0)} ± {quantity(s0)}  →  {quantity(m1)} ± {quantity(s1)}{' ' + unit if unit else ''}"
    first, last = (max(range(len(p)), key=p.__getitem__) for p in (distribution.before, distribution.after))
    p, q = distribution.before[last], distribution.after[last]
    item = shorten(distribution.items[last], 22)
    even = max(distribution.before) - min(distribution.before) < 1e-6
    likely = "even" if even else f"{shorten(distribution.items[first], 16)} {distribution.before[first]:.0%}"
    if first == last and not even:
        return f"{item} {p:.0%}  →  {q:.0%}{' ' + unit if unit else ''}"
    return f"{likely}  →  {item} {q:.0%}"


def _densities(axes: Axes, distribution: Distribution) -> None:
    low, high = plotting_range(distribution.family, (distribution.before, distribution.after), distribution.low,
                               distribution.high)
    x = np.linspace(low, high, _POINTS)
    highest = 0.0
    for moments, colour, order in ((distribution.before, CONTROL, 2), (distribution.after, LEARNED, 3)):
        y = density(distribution.family, *moments, distribution.low, distribution.high, x)
        axes.fill_between(x, y, color=colour, alpha=0.16, linewidth=0, zorder=order)
        axes.plot(x, y, color=colour, linewidth=1.8, zorder=order)
        # A Beta with infinite ends, or one far narrower than the other, must not flatten the rest.
        highest = max(highest, min(float(y.max()), 12 / (high - low)))
    axes.set_xlim(low, high)
    axes.set_ylim(0, highest * 1.06 or 1.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
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


def _rows(distribution: Distribution) -> list[tuple[str, float, float]]:
    """(item, before, after) in the scene's order; where there are many, those with most probability and the rest."""
    rows = list(zip(distribution.items, distribution.before, distribution.after))
    if len(rows) <= MOST_BARS:
        return rows
    kept = set(sorted(range(len(rows)), key=lambda i: (-max(rows[i][1:]), i))[:MOST_BARS - 1])
    others = [row for i, row in enumerate(rows) if i not in kept]
    return [row for i, row in enumerate(rows) if i in kept] + [
        (f"{len(others)} others", sum(p for _, p, _ in others), sum(q for _, _, q in others))]
