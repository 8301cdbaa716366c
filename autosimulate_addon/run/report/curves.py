"""Validation loss and metric by images rendered, and the fresh networks' final comparison."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from ...protocol.events import Iteration
from .record import RunRecord
from .style import CONTROL, LEARNED, MUTED, TEXT, shorten

#: What rows of the final comparison are called.
ROW_NAMES = {"learned": "learned", "control": "null control", "start": "start, never moved", "wide": "wide by hand",
             "oracle": "true target"}


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
    scores = [score for score in record.scores if not math.isnan(score.metric)][:6]
    title = f"Fresh networks on {shorten(record.split, 20)} images" if scores else "Fresh networks"
    axes.annotate(title, (0, 1), xycoords="axes fraction",
                  xytext=(-indent * 72, 6), textcoords="offset points", fontsize=9.5, fontweight="bold",
                  annotation_clip=False, parse_math=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xticks([])
    if not scores:
        axes.set_yticks([])
        axes.annotate("not compared", (0, 0.5), xycoords="axes fraction", xytext=(-indent * 72, 0),
                      textcoords="offset points", color=MUTED, style="italic", annotation_clip=False)
        return
    longest = max(score.metric for score in scores) or 1.0
    right = longest * 2.2
    for row, score in enumerate(scores):
        learned = score.name == "learned"
        style = {"va": "center", "fontsize": 9.5, "color": TEXT, "fontweight": "bold" if learned else "normal"}
        axes.barh(row, score.metric, height=0.46, color=LEARNED if learned else CONTROL)
        axes.text(score.metric + longest * 0.05, row, f"{score.metric * 100:.1f} %", **style)
        axes.text(right, row, "" if math.isnan(score.loss) else f"{score.loss:.3f}", ha="right", **style)
    axes.set_yticks(range(len(scores)), [shorten(ROW_NAMES.get(score.name, score.name), 20) for score in scores],
                    parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.set_xlim(0, right)
    axes.set_ylim(max(len(scores), 4) - 0.4, -0.8)
    axes.text(0, -0.5, record.metric, color=MUTED, fontsize=8)
    axes.text(right, -0.5, "loss", color=MUTED, fontsize=8, ha="right")


def note(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED, style="italic")
