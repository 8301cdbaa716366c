"""Arms compared seed by seed: what a table of runs says, as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .statistics import gap_closed, median_interval, paired, wins
from .table import number

Values = dict[int, float]


@dataclass
class Scores:
    """An arm's scores on the test images by seed, and the versions of the code that made them."""

    loss: Values = field(default_factory=dict)
    miou: Values = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)

    def add(self, row: Mapping[str, str]) -> None:
        seed = int(row["seed"])
        self.loss[seed], self.miou[seed] = number(row, "loss"), number(row, "miou")
        commit = row["commit"].partition(" (")[0]
        if commit not in self.commits:
            self.commits.append(commit)


def by_arm(rows: Iterable[Mapping[str, str]]) -> dict[str, Scores]:
    """{arm: its scores}, in the order in which the arms first occur."""
    arms: dict[str, Scores] = {}
    for row in rows:
        arms.setdefault(row["arm"], Scores()).add(row)
    return arms


def renders(rows: Iterable[Mapping[str, str]]) -> str:
    """How many the rows' searches had, "160 to 320" where they differ: matching ends where nothing is left to match."""
    each = sorted({int(row["renders"]) for row in rows})
    return str(each[0]) if len(each) == 1 else f"{each[0]} to {each[-1]}"


def by_seed(rows: Iterable[Mapping[str, str]], arm: str) -> dict[int, Mapping[str, str]]:
    """{seed: its row} of one arm."""
    return {int(row["seed"]): row for row in rows if row["arm"] == arm}


def median(own: Mapping[Any, Mapping[str, str]], column: str) -> str:
    """Of a column over seeds, or whatever rows are told apart by."""
    return short(statistics.median(number(row, column) for row in own.values()))


def against(own: Mapping[Any, Mapping[str, str]], other: Mapping[Any, Mapping[str, str]], column: str) -> list[str]:
    """How much more a column is than another's, and in how many of the seeds that both have."""
    gains = [number(own[seed], column) - number(other[seed], column) for seed in own if seed in other]
    return [spread(gains), f"{sum(each > 0 for each in gains)} of {len(gains)}"] if gains else ["-", "-"]


def spread(values: Sequence[float]) -> str:
    """The median, and the least and the most."""
    return f"{signed(statistics.median(values))} ({signed(min(values))} to {signed(max(values))})"


#: A line of a comparison: its name for the reader, the renders of its search, its scores.
Line = tuple[str, str, Scores]


def compare(lines: Sequence[Line], ours: Scores, start: Scores, ceiling: Scores | None = None) -> list[str]:
    """A Markdown table, the lowest median loss first.

    ``ours`` are AutoSimulate's scores, ``start`` those of its null control. With a ``ceiling`` (images from the
    target) the share of the loss gap between the start and the ceiling that each line closes is given as well.
    """
    columns = ["", "renders", "seeds", "loss", "mIoU", *(["loss gap closed"] if ceiling else []),
               "better than the null control in loss, mIoU", "AutoSimulate better in loss, mIoU",
               "AutoSimulate's gain in mIoU: median (least to most)", "commit"]
    rows = []
    for name, renders, scores in sorted(lines, key=lambda line: statistics.median(line[2].loss.values())):
        cells = [name, renders, str(len(scores.loss)), interval(scores.loss), interval(scores.miou)]
        if ceiling:
            cells.append(percent(*gap_closed(scores.loss, start.loss, ceiling.loss)))
        cells += ["-" if scores is start else better(scores, start),
                  *(("-", "-") if scores is ours else (better(ours, scores), gain(ours, scores))),
                  ", ".join(scores.commits)]
        rows.append(cells)
    return markdown(columns, rows)


def better(first: Scores, second: Scores) -> str:
    """"19, 20 of 20": the seeds in which ``first`` has the lower loss, and the higher mIoU."""
    loss, count = wins(first.loss, second.loss, lower_is_better=True)
    return f"{loss}, {wins(first.miou, second.miou)[0]} of {count}"


def gain(first: Scores, second: Scores) -> str:
    """"+.209 (+.119 to +.260)": ``first``'s mIoU above ``second``'s, over the seeds that both have."""
    a, b = paired(first.miou, second.miou)
    return spread([*(a - b)]) if len(a) else "-"


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]


def interval(values: Values) -> str:
    """".138 [.134, .143]": the median and its 95 % interval, the median alone where there are fewer than four."""
    middle, low, high = median_interval(list(values.values()))
    return f"{short(middle)} [{short(low)}, {short(high)}]" if len(values) > 3 else short(middle)


def percent(share: float, low: float, high: float) -> str:
    return f"{share:.0%} [{100 * low:.0f}, {100 * high:.0f}]".replace("%", " %").replace("-0 %", "0 %")


def short(value: float, digits: int = 3) -> str:
    """A number below one without its zero: .138."""
    return f"{value:.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.{digits}f}"


def signed(value: float) -> str:
    return ("+" if value >= 0 else "") + short(value)
