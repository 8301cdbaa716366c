"""Validation loss and metric by images rendered, and the fresh networks' final comparison."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from ...protocol.events import Iteration
from .record import RunRecord
from .style import CONTROL, LEARNED, MUTED, TEXT, shorten
from .verdict import row_name


def loss(axes: Axes, iterations: tuple[Iteration, ...]) -> None:
    _curves(axes, iterations, "val_loss", "control_val_loss", "Validation loss")
    axes.yaxis.set_major_locator(MaxNLocator(5))


def metric(axes: Axes, record: RunRecord) -> None:
    _curves(axes, record.iterations, "val_metric", "control_val_metric", f"Validation {record.metric}")
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.3g} %")


def _curves(axes: Axes, iterations: tuple[Iteration, ...], name: str, control: str, title: str) -> None:
    axes.set_title(title, fontweight="bold")
    axes.set_xlabel("images rendered")
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ends = []
    for attribute, colour, label in ((control, CONTROL, "null control"), (name, LEARNED, "this run")):
        points = [(i.images, getattr(i, attribute)) for i in iterations if not math.isnan(getattr(i, attribute))]
        if points:
            alone = len(points) == 1
            axes.plot(*zip(*points, strict=True), color=colour, marker="o" if len(points) <= 30 else None,
                      markersize=6 if alone else 3.2, clip_on=False, zorder=3 if attribute == name else 2)
            ends.append((*points[-1], label, colour))
    if not ends:
        note(axes, "not measured")
        return
    axes.margins(x=0.02, y=0.12)
    _label_ends(axes, ends)


def _label_ends(axes: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Names at the right of their lines, pushed apart where the lines end close together."""
    low, high = axes.get_ylim()
    apart = (high - low) * 0.09
    ends = sorted(ends, key=lambda end: end[1])
    heights = [end[1] for end in ends]
    if len(ends) == 2 and heights[1] - heights[0] < apart:
        centre = sum(heights) / 2
        heights = [centre - apart / 2, centre + apart / 2]
    for (x, _, label, colour), height in zip(ends, heights, strict=True):
        axes.annotate(label, (x, height), xytext=(8, 0), textcoords="offset points", va="center", color=colour,
                      fontweight="bold" if colour == LEARNED else "normal", annotation_clip=False)


def final(axes: Axes, record: RunRecord, indent: float = 0.0) -> None:
    """Bars of the fresh networks' metric, with their loss beside it. ``indent``: inches of names left of the axes."""
    rows = [(name, row) for name, row in record.numbers.rows.items() if not math.isnan(row.metric)][:6]
    title = f"Fresh networks on {shorten(record.numbers.split, 20)} images" if rows else "Fresh networks"
    axes.annotate(title, (0, 1), xycoords="axes fraction",
                  xytext=(-indent * 72, 6), textcoords="offset points", fontsize=9.5, fontweight="bold",
                  annotation_clip=False, parse_math=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xticks([])
    if not rows:
        axes.set_yticks([])
        axes.annotate("not compared", (0, 0.5), xycoords="axes fraction", xytext=(-indent * 72, 0),
                      textcoords="offset points", color=MUTED, style="italic", annotation_clip=False)
        return
    longest = max(value for _, row in rows for value in (row.metric, *row.metrics)) or 1.0
    right = longest * 2.2
    for place, (name, row) in enumerate(rows):
        learned = name == "learned"
        style = {"va": "center", "fontsize": 9.5, "color": TEXT, "fontweight": "bold" if learned else "normal"}
        axes.barh(place, row.metric, height=0.46, color=LEARNED if learned else CONTROL)
        for value in row.metrics if len(row.metrics) > 1 else ():      # each judge
            axes.plot([value, value], [place - 0.17, place + 0.17], color=TEXT, linewidth=0.9, alpha=0.55)
        axes.text(max([row.metric, *row.metrics]) + longest * 0.05, place, f"{row.metric * 100:.1f} %", **style)
        axes.text(right, place, "" if math.isnan(row.loss) else f"{row.loss:.3f}", ha="right", **style)
    axes.set_yticks(range(len(rows)), [shorten(row_name(name, record.numbers.rows), 20) for name, _ in rows],
                    parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.set_xlim(0, right)
    axes.set_ylim(max(len(rows), 4) - 0.4, -0.8)
    axes.text(0, -0.5, record.metric, color=MUTED, fontsize=8)
    axes.text(right, -0.5, "loss", color=MUTED, fontsize=8, ha="right")


def note(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED, style="italic")
