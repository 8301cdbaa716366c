"""The summary and the figure of the comparison on the stand-in."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from .statistics import gap_closed, median_interval, wins
from .table import Table, number

#: {(start, renders): {arm: {"loss" | "miou": {seed: value}}}}
Results = dict[tuple[str, str], dict[str, dict[str, dict[int, float]]]]


def write(table: Table, curves: Table, figure: Path) -> None:
    results = collect(table)
    for group, arms in results.items():
        if group[0] != "target":
            print(summary(group, arms), end="\n\n")
    if results:
        _draw(results, curves, figure)
        print(f"rows: {table.path}   curves: {curves.path}   figure: {figure}")


def collect(table: Table) -> Results:
    """All rows by start and budget; the oracle and the wide start's null control stand in every group."""
    found: Results = defaultdict(lambda: defaultdict(lambda: {"loss": {}, "miou": {}}))
    fixed: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: {"loss": {}, "miou": {}})
    for row in table.rows():
        for name in ("loss", "miou"):
            value = {int(row["seed"]): number(row, name)}
            if row["arm"] in ("none", "oracle"):
                fixed["oracle" if row["arm"] == "oracle" else row["start"]][name].update(value)
            else:
                found[row["start"], row["renders"]][row["arm"]][name].update(value)
    for start, _ in list(found) or [("wide", "480")]:
        for group in [group for group in found if group[0] == start]:
            found[group].update({arm: fixed[key] for arm, key in (("none", start), ("wide", "wide"), ("oracle", "oracle"))
                                 if key in fixed and not (arm == "wide" and start == "wide")})
    return found


def summary(group: tuple[str, str], arms: dict[str, dict[str, dict[int, float]]]) -> str:
    """Medians with 95 % intervals; the share of the loss gap from none to oracle that is closed; wins of autosimulate."""
    lines = [f"start {group[0]}, {group[1]} renders: fresh networks on the test images, medians [95 % interval]",
             f"{'arm':26s}{'seeds':>6s}{'loss':>25s}{'mIoU':>25s}{'gap none->oracle closed':>26s}"
             f"{'autosimulate better (loss, mIoU)':>34s}"]
    ours = arms.get("autosimulate")
    for arm, values in sorted(arms.items(), key=lambda item: median_interval(list(item[1]["loss"].values()))[0]):
        share = "" if arm in ("none", "oracle") or not {"none", "oracle"} <= set(arms) else _interval(
            gap_closed(values["loss"], arms["none"]["loss"], arms["oracle"]["loss"]), 2)
        against = ""
        if ours is not None and arm != "autosimulate":
            loss, of = wins(ours["loss"], values["loss"], lower_is_better=True)
            against = f"{loss}, {wins(ours['miou'], values['miou'])[0]} of {of}"
        lines.append(f"{arm:26s}{len(values['loss']):6d}"
                     + "".join(f"{_interval(median_interval(list(values[name].values())), 4):>25s}"
                               for name in ("loss", "miou")) + f"{share:>26s}{against:>34s}")
    return "\n".join(lines)


def _interval(values: tuple[float, float, float], digits: int) -> str:
    return "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(*values, d=digits)


def _draw(results: Results, curves: Table, path: Path) -> None:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    results = _one_panel_a_start(results)
    groups = list(results)
    tall = max(4.0, 0.2 * max(len(arms) for arms in results.values()))     # a line an arm
    figure, axes = pyplot.subplots(2, len(groups), figsize=(5.5 * len(groups), tall + 4.0), layout="constrained",
                                   squeeze=False, height_ratios=(tall, 4.0))
    online = _online(curves)
    for column, group in enumerate(groups):
        _draw_losses(axes[0, column], results[group], f"start {group[0]}, {group[1]} renders")
        for arm, points in online.get(group, {}).items():
            if arm not in results[group] or (len(online[group]) > 8 and arm not in _MAIN):
                continue
            images = sorted(points)
            axes[1, column].plot(images, [median_interval(points[at])[0] for at in images], label=arm,
                                 color=f"C{_MAIN.index(arm)}" if arm in _MAIN else None)
        axes[1, column].set(xlabel="images rendered", ylabel="validation mIoU of the network in the loop, median")
        axes[1, column].legend(fontsize=7)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _one_panel_a_start(results: Results) -> Results:
    """Each start's largest budget; rows with fewer renders stand among its arms, with their number behind the name."""
    panels: Results = {}
    for start in dict.fromkeys(start for start, _ in results):
        budgets = sorted((int(renders) for which, renders in results if which == start), reverse=True)
        panel = dict(results[start, str(budgets[0])])
        for fewer in budgets[1:]:
            panel.update({f"{arm} ({fewer} renders)": values for arm, values in results[start, str(fewer)].items()
                          if arm not in ("none", "wide", "oracle")})
        panels[start, str(budgets[0])] = panel
    return panels


_MAIN = ("autosimulate", "literal", "bo", "random", "lts", "score-only")


def _draw_losses(axis, arms: dict[str, dict[str, dict[int, float]]], title: str) -> None:
    order = sorted(arms, key=lambda arm: -median_interval(list(arms[arm]["loss"].values()))[0])
    for place, arm in enumerate(order):
        values = list(arms[arm]["loss"].values())
        middle, low, high = median_interval(values)
        axis.plot(values, [place] * len(values), ".", color="0.7", markersize=4)
        axis.plot([low, high], [place, place], color="tab:blue")
        axis.plot([middle], [place], "o", color="tab:blue", markersize=5)
    axis.set_yticks(range(len(order)), order, fontsize=7)
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.minorticks_off()
    ticks = [tick for tick in (0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0) if low <= tick <= high]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_title(f"{title}: test loss of fresh networks\n(a dot a seed; median, 95 %)", fontsize=9)


def _online(curves: Table) -> dict[tuple[str, str], dict[str, dict[int, list[float]]]]:
    found: dict = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for row in curves.rows():
        found[row["start"], row["renders"]][row["arm"]][int(row["images"])].append(number(row, "val_miou"))
    return found
