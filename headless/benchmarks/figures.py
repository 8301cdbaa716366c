"""Figures of comparisons: a dot a seed, a bar at the median."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .comparison import Line, Scores
from .statistics import median_interval


def draw_losses(panels: Mapping[str, Sequence[Line]], path: Path) -> None:
    """Test losses, a panel each start: a grey dot a seed, the median and its 95 % interval in blue."""
    pyplot = _pyplot()
    tall = max(4.0, 0.25 * max(len(lines) for lines in panels.values()) + 1.5)
    figure, axes = pyplot.subplots(1, len(panels), figsize=(6.0 * len(panels), tall), layout="constrained",
                                   squeeze=False)
    for axis, (title, lines) in zip(axes[0], panels.items(), strict=True):
        order = sorted(lines, key=lambda line: -median_interval(list(line[2].loss.values()))[0])
        for place, (_, _, scores) in enumerate(order):
            values = list(scores.loss.values())
            middle, low, high = median_interval(values)
            axis.plot(values, [place] * len(values), ".", color="0.7", markersize=4)
            axis.plot([low, high], [place, place], color="tab:blue")
            axis.plot([middle], [place], "o", color="tab:blue", markersize=5)
        axis.set_yticks(range(len(order)), [name.strip("*") for name, _, _ in order], fontsize=7)
        axis.set_xscale("log")
        _plain_ticks(axis)
        axis.set_title(f"{title}: test loss of fresh networks\n(a dot a seed; median, 95 %)", fontsize=9)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def draw_seeds(arms: Mapping[str, Scores], path: Path, title: str) -> None:
    """mIoU and loss by arm: a grey line a seed, a blue bar at the median."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axis, (name, label) in zip(axes, (("miou", "test mIoU"), ("loss", "test loss")), strict=True):
        values = [getattr(scores, name) for scores in arms.values()]
        for seed in sorted({seed for each in values for seed in each}):
            points = [(place, each[seed]) for place, each in enumerate(values) if seed in each]
            axis.plot(*zip(*points, strict=True), "o-", color="0.6", linewidth=0.6, markersize=4)
        for place, each in enumerate(values):
            middle = median_interval(list(each.values()))[0]
            axis.plot([place - 0.25, place + 0.25], [middle, middle], color="tab:blue", linewidth=2.5)
        axis.set_xticks(range(len(arms)), [arm.strip("*") for arm in arms], rotation=30, ha="right",
                        rotation_mode="anchor", fontsize=8)
        axis.set_ylabel(label)
    axes[1].set_yscale("log")
    _plain_ticks(axes[1], "y")
    figure.suptitle(f"{title} (one line a seed; bar: median)", fontsize=10)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _plain_ticks(axis, which: str = "x") -> None:
    low, high = axis.get_xlim() if which == "x" else axis.get_ylim()
    axis.minorticks_off()
    ticks = [tick for tick in (0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0) if low <= tick <= high]
    (axis.set_xticks if which == "x" else axis.set_yticks)(ticks, [f"{tick:g}" for tick in ticks])


def _pyplot():
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
