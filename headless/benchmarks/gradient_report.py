"""The instrument's table and figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from .comparison import markdown
from .table import number


def table(rows: list[dict[str, str]], chosen: Sequence[str]) -> list[str]:
    """A line for each chosen variant: its cosines for every K, and for a family that of its reference."""
    counts = list(dict.fromkeys(row["K"] for row in rows if "(reference)" not in row["variant"]))
    of = {(row["variant"], row["K"]): row for row in rows}
    references = {row["variant"].removesuffix(" (reference)"): row for row in rows if "(reference)" in row["variant"]}
    lines = []
    for variant in dict.fromkeys(row["variant"] for row in rows if row["variant"] in chosen):
        cells = [_cosine(of.get((variant, count)), name) for count in counts for name in ("reference", "response")]
        lines.append([variant, *cells, _cosine(references.get(variant), "response")])
    columns = ["", *(f"K {count}: {name}" for count in counts for name in ("reference", "response")),
               "its reference: response"]
    return markdown(columns, lines)


def _cosine(row: dict[str, str] | None, name: str) -> str:
    if row is None or math.isnan(number(row, f"cos_{name}")):
        return "-"
    error = number(row, f"se_{name}")
    return f"{number(row, f'cos_{name}'):.2f}" + ("" if math.isnan(error) else f" ± {error:.2f}")


def ceiling(repeats: int, between: float) -> float:
    """The cosine that a perfect estimate would show with the mean of ``repeats`` noisy responses.

    ``between`` is the mean cosine of two of them (Spearman and Brown). NaN for fewer than two repeats.
    """
    if repeats < 2 or math.isnan(between):
        return math.nan
    shared = max(between, 0.0)
    return math.sqrt(repeats * shared / (1 + (repeats - 1) * shared))


def draw(rows: list[dict[str, str]], path: Path) -> None:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if "(reference)" not in row["variant"]]
    variants = list(dict.fromkeys(row["variant"] for row in rows))[::-1]
    groups = list(dict.fromkeys((row["start"], row["K"]) for row in rows))
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 0.32 * len(variants) + 1.5), sharey=True, layout="constrained")
    for axis, name in zip(axes, ("reference", "response"), strict=True):
        for offset, (start, count) in enumerate(groups):
            chosen = [row for row in rows if (row["start"], row["K"]) == (start, count)]
            axis.errorbar([number(row, f"cos_{name}") for row in chosen],
                          [variants.index(row["variant"]) + 0.18 * offset for row in chosen],
                          xerr=[number(row, f"se_{name}") for row in chosen], fmt="o", markersize=4,
                          label=f"{start}, K = {count}")
        axis.set(xlabel=f"cosine to the {'large-K reference' if name == 'reference' else 'true response'} (± 1 s.e.)",
                 yticks=range(len(variants)))
        axis.set_yticklabels(variants, fontsize=7)
        axis.axvline(0.0, color="0.8")
    axes[0].legend(fontsize=7)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
