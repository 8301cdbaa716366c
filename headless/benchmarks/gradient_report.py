"""The instrument's table and figure."""

from __future__ import annotations

import math
from pathlib import Path

from .table import Table, number


def write(table: Table, reliabilities: dict[str, tuple[int, float]], figure: Path) -> None:
    """``reliabilities``: by start (repeats of the response, mean cosine between two of them)."""
    rows = table.rows()
    for start, (repeats, between) in reliabilities.items():
        # Spearman and Brown: the mean of n repeats, each of which agrees with another by `between`, agrees so with
        # the truth.
        n, shared = repeats, max(between, 0.0) if not math.isnan(between) else math.nan
        best = math.sqrt(n * shared / (1 + (n - 1) * shared)) if n > 1 and shared == shared else math.nan
        print(f"start {start}: {repeats} repeats of the response, cosine between two {between:.2f}; "
              f"a perfect estimate would show about {best:.2f}")
    print(f"{'start':8s}{'variant':38s}{'K':>6s}{'cos to its reference':>24s}{'cos to the response':>24s}")
    for row in rows:
        print(f"{row['start']:8s}{row['variant']:38s}{row['K']:>6s}"
              + "".join(f"{number(row, f'cos_{name}'):15.3f} +- {number(row, f'se_{name}'):5.3f}"
                        for name in ("reference", "response")))
    if rows:
        _draw(rows, figure)
        print(f"rows: {table.path}   figure: {figure}")


def _draw(rows: list[dict[str, str]], path: Path) -> None:
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
        axis.set(xlabel=f"cosine to the {'large-K reference' if name == 'reference' else 'true response'} (+- 1 s.e.)",
                 yticks=range(len(variants)))
        axis.set_yticklabels(variants, fontsize=7)
        axis.axvline(0.0, color="0.8")
    axes[0].legend(fontsize=7)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
