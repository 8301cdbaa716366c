"""The table and the figure of a comparison in Blender."""

from __future__ import annotations

from pathlib import Path

from .statistics import median_interval, wins
from .table import Table, number

_NAMES = {"none": "null control", "autosimulate": "learned"}


def write(table: Table, figure: Path, title: str) -> None:
    """Prints medians and wins, draws one dot per seed and arm."""
    values = by_arm(table)
    if not values["miou"]:
        return
    print(summary(values))
    _draw(values, figure, title)
    print(f"rows: {table.path}   figure: {figure}")


def by_arm(table: Table) -> dict[str, dict[str, dict[int, float]]]:
    """{"miou" | "loss": {arm: {seed: value}}}."""
    found: dict[str, dict[str, dict[int, float]]] = {"miou": {}, "loss": {}}
    for row in table.rows():
        for name in found:
            found[name].setdefault(row["arm"], {})[int(row["seed"])] = number(row, name)
    return found


def summary(values: dict[str, dict[str, dict[int, float]]]) -> str:
    lines = [f"{'arm':14s}{'seeds':>6s}{'test mIoU (95 %)':>24s}{'test loss (95 %)':>24s}{'learned is better in':>24s}"]
    learned = values["miou"].get("autosimulate", {})
    for arm, miou in values["miou"].items():
        better, of = wins(learned, miou)
        texts = [_interval(values[name][arm]) for name in ("miou", "loss")]
        against = "" if arm == "autosimulate" or not of else f"{better} of {of}"
        lines.append(f"{_NAMES.get(arm, arm):14s}{len(miou):6d}{texts[0]:>24s}{texts[1]:>24s}{against:>24s}")
    return "\n".join(lines)


def _interval(values: dict[int, float]) -> str:
    middle, low, high = median_interval(list(values.values()))
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def _draw(values: dict[str, dict[str, dict[int, float]]], path: Path, title: str) -> None:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axis, (name, label) in zip(axes, (("miou", "test mIoU"), ("loss", "test loss")), strict=True):
        arms = [arm for arm in values[name] if ":" not in arm]      # older variants are in the table alone
        for seed in sorted({seed for arm in arms for seed in values[name][arm]}):
            points = [(place, values[name][arm][seed]) for place, arm in enumerate(arms) if seed in values[name][arm]]
            axis.plot(*zip(*points, strict=True), "o-", color="0.6", linewidth=0.6, markersize=4)
        for place, arm in enumerate(arms):
            middle = median_interval(list(values[name][arm].values()))[0]
            axis.plot([place - 0.25, place + 0.25], [middle, middle], color="tab:blue", linewidth=2.5)
        axis.set_xticks(range(len(arms)), [_NAMES.get(arm, arm) for arm in arms], rotation=30,
                        ha="right", rotation_mode="anchor", fontsize=8)
        axis.set_ylabel(label)
    axes[1].set_yscale("log")
    figure.suptitle(f"{title} (one line a seed; bar: median)", fontsize=10)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
