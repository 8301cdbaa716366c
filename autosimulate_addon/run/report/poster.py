"""report.png: the whole run on one page."""

from __future__ import annotations

import math
import textwrap

from matplotlib.figure import Figure
from matplotlib.image import imread

from ...protocol.settings import HYPERGRADIENT_METHODS
from ...protocol.words import duration
from . import agreement, layout
from .distributions import SURE_LEGEND
from .layout import MARGIN, WIDTH
from .record import RunRecord
from .style import CONTROL, LEARNED, MUTED, OUTCOME, shorten
from .verdict import judge, opening

#: More panels than these do not fit one picture that anybody looks at; the page shows them all.
MOST_PANELS = 40
_SHEETS = {"start": "Samples at the start", "end": "Samples at the end"}


@layout.styled
def draw(record: RunRecord) -> Figure:
    shown = record.free[:MOST_PANELS]
    pictures = {name: imread(path) for name, path in record.sheets.items() if _is_picture(path)}
    predictions, influence = pictures.pop("predictions", None), pictures.pop("influence", None)
    heights = {name: _sheet_height(picture) for name, picture in pictures.items()}
    head, curve = 2.3, layout.CURVES_HEIGHT + 1.05
    panels = 0.75 + layout.panel_rows(len(shown)) * layout.PANEL_PITCH if shown else 0.0
    sheets = 0.55 + max(heights.values()) if heights else 0.0
    found = 0.0 if predictions is None else 0.5 + _across(predictions)
    below = 0.0 if influence is None else 0.3 + _across(influence)
    figure = layout.figure(head + curve + panels + sheets + found + below + 0.2)
    _header(figure, record)
    layout.curve_row(figure, head, record)
    top = head + curve
    if shown:
        _heading(figure, top, "Distributions", (("before", CONTROL), ("after", LEARNED)),
                 " · ".join(filter(None, (
                     _left_out(len(record.free) - len(shown), len(record.distributions) - len(record.free)),
                     SURE_LEGEND if record.sure else ""))))
        layout.panel_grid(figure, top + 0.72, shown, record.sure)
        top += panels
    width = (WIDTH - 2 * MARGIN - 0.3 * (len(pictures) - 1)) / max(len(pictures), 1)
    for position, (name, picture) in enumerate(pictures.items()):
        left = MARGIN + position * (width + 0.3)
        _text(figure, left, top + 0.22, _SHEETS[name], fontsize=11, fontweight="bold")
        ratio = picture.shape[0] / picture.shape[1]
        high = min(width * ratio, heights[name])
        axes = layout.axes_at(figure, left, top + 0.4, high / ratio, high)
        axes.imshow(picture, cmap="gray", aspect="auto", interpolation="nearest")
        axes.axis("off")
    top += sheets
    if predictions is not None:
        _text(figure, MARGIN, top + 0.22, predictions_title(record), fontsize=11, fontweight="bold")
        axes = layout.axes_at(figure, MARGIN, top + 0.4, WIDTH - 2 * MARGIN, _across(predictions))
        axes.imshow(predictions, aspect="auto", interpolation="antialiased")
        axes.axis("off")
        top += found
    if influence is not None:       # it has a heading of its own
        axes = layout.axes_at(figure, MARGIN, top + 0.2, WIDTH - 2 * MARGIN, _across(influence))
        axes.imshow(influence, cmap="gray", aspect="auto", interpolation="antialiased")
        axes.axis("off")
    return figure


def predictions_title(record: RunRecord) -> str:
    """What is where on the sheet of predictions."""
    if record.settings.get("task") == "detection":
        return ("Validation images: true boxes above, below what the run's network finds (score .3 or more, or half of "
                "the best)")
    return ("Validation images; below each its labels, what the network of the start sees and that of the learned "
            "distributions sees")


def _header(figure: Figure, record: RunRecord) -> None:
    verdict = judge(record)
    lead = opening(record.numbers, record.photographs)
    _text(figure, MARGIN, 0.42, "AutoSimulate", fontsize=10, color=MUTED, fontweight="bold")
    _text(figure, WIDTH - MARGIN, 0.42, facts(record), fontsize=9, color=MUTED, ha="right")
    for row, line in enumerate(textwrap.wrap(lead or verdict.headline, 112)[:3]):
        _text(figure, MARGIN, 0.76 + 0.25 * row, line, fontsize=13, fontweight="bold", color=OUTCOME[verdict.outcome])
    certain = agreement.told(record.agreement) if record.agreement else ""
    detail = f"{verdict.headline} {verdict.detail}" if lead else verdict.detail
    for row, line in enumerate(textwrap.wrap(f"{detail} {certain}".strip(), 150)[:3]):
        _text(figure, MARGIN, 1.46 + 0.19 * row, line, fontsize=10)


def facts(record: RunRecord) -> str:
    """The run in one line: method, images, time, seed."""
    config = record.settings
    parts = [shorten(str(config["method"]), 30)] if config.get("method") else []
    if config.get("method") in HYPERGRADIENT_METHODS and config.get("approximation"):
        parts[0] += f" ({shorten(str(config['approximation']), 30)})"
    if record.iterations:
        parts.append(f"{record.iterations[-1].images:,.0f} images in {len(record.iterations)} iterations")
    if record.seconds >= 1 and not math.isnan(record.seconds):
        parts.append(duration(record.seconds))
    if config.get("width") and config.get("height"):
        parts.append(f"{config['width']} × {config['height']} pixels")
    if config.get("seed") is not None:
        parts.append(f"seed {config['seed']}")
    parts.append(record.state)
    return "  ·  ".join(parts)


def _left_out(more: int, locked: int) -> str:
    parts = ([f"{more} more"] if more else []) + ([f"{locked} locked"] if locked else [])
    return f"{' and '.join(parts)} in report.html" if parts else ""


def _heading(figure: Figure, top: float, title: str, legend: tuple[tuple[str, str], ...], remark: str) -> None:
    _text(figure, MARGIN, top + 0.16, title, fontsize=11, fontweight="bold")
    left = MARGIN + 1.35
    for word, colour in legend:
        _text(figure, left, top + 0.16, word, fontsize=10, color=colour, fontweight="bold")
        left += 0.65
    if remark:
        _text(figure, left + 0.1, top + 0.16, remark, fontsize=9, color=MUTED)


def _text(figure: Figure, left: float, baseline: float, text: str, **style) -> None:
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - baseline / height, shorten(text, 400), parse_math=False, va="baseline", **style)


def _sheet_height(picture) -> float:
    """Inches for a sheet that takes half of the width: its own proportions, but no endless columns."""
    return min((WIDTH - 2 * MARGIN - 0.3) / 2 * picture.shape[0] / picture.shape[1], 7.0)


def _across(picture) -> float:
    """Inches for the influence sheet over the whole width: its own proportions, but no endless column."""
    return min((WIDTH - 2 * MARGIN) * picture.shape[0] / picture.shape[1], 12.0)


def _is_picture(path) -> bool:
    try:
        imread(path)
    except Exception:
        return False
    return True
