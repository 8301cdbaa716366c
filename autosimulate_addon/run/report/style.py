"""One look for all figures: quiet axes, one colour for what was learned, grey for what it is held against."""

from __future__ import annotations

import re

LEARNED = "#0072b2"
CONTROL = "#8d949e"
TEXT = "#1f2933"
MUTED = "#697586"
FAINT = "#e6e8eb"
OUTCOME = {"better": "#00805a", "mixed": "#a66a00", "worse": "#b3261e", "unknown": MUTED}

RC = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 9,
    "text.color": TEXT, "axes.labelcolor": MUTED, "axes.labelsize": 8.5,
    "axes.edgecolor": "#c5cad1", "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 9.5, "axes.titlelocation": "left", "axes.titlepad": 6,
    "xtick.color": "#c5cad1", "ytick.color": "#c5cad1", "xtick.labelcolor": MUTED, "ytick.labelcolor": MUTED,
    "xtick.labelsize": 8, "ytick.labelsize": 8, "xtick.major.size": 3, "ytick.major.size": 3,
    "axes.grid": False, "grid.color": FAINT, "grid.linewidth": 0.8, "axes.axisbelow": True,
    "lines.linewidth": 2, "lines.solid_capstyle": "round", "svg.fonttype": "path",
    "figure.facecolor": "white", "savefig.facecolor": "white", "figure.dpi": 110,
}


def shorten(text: str, most: int) -> str:
    """One line of at most ``most`` characters; the middle is left out, because names differ at their ends."""
    text = re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return text[:head] + "…" + text[len(text) - (most - 1 - head):]
