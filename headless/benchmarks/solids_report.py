"""The rows of ``solids`` as Markdown: mAP by arm on both sets of photographs that nothing was chosen on."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .comparison import markdown, renders, short, signed
from .table import commits, number, read_rows

Rows = Sequence[Mapping[str, str]]
#: A file is of one version.
FILES = ("solids.csv", "solids_4c6d289.csv")
#: Arms in this order.
NAMES = {"none": "the start, never moved (null control)", "match-looks": "**match**, one round",
         "match-twice": "match again, as many renders more", "match-rounds": "**match**, in rounds of 40",
         "match-looks-autosimulate": "one round of match, then AutoSimulate",
         "match-autosimulate": "AutoSimulate as it is, matching in its first quarter",
         "autosimulate": "AutoSimulate alone"}
#: Column -> what it is of.
TESTS = {"half_map50": "valid's second half", "map50": "train's photographs"}


def summary(rows: Rows) -> list[str]:
    """A line for each arm: medians, and mAP@.5 against the null control's with the same random numbers."""
    lines = []
    for arm, name in NAMES.items():
        own, none = _by_seed(rows, arm), _by_seed(rows, "none")
        if own:
            cells = [cell for column in TESTS for cell in (
                _median(own, column), *(["-"] * 2 if arm == "none" else _against(own, none, column)))]
            lines.append([name, renders(own.values()), str(len(own)), *cells, _median(own, "loss"),
                          _median(own, "distance")])
    return markdown(["", "renders", "seeds", *(heading for test in TESTS.values() for heading in (
        f"mAP@.5, {test}", "against the null control", "better in")), "calibrated loss", "camera's distance, m"], lines)


def sections(results: Path) -> Iterator[tuple[str, str]]:
    """The part of RESULTS.md, where there are rows."""
    if not (rows := read(results)):
        return
    one, seeds = rows[0], sorted({int(row["seed"]) for row in rows})
    yield "Cubes, spheres and cylinders: other real photographs, a detector, from wide ranges", (
        "31 photographs in `valid`, of which the first 15 drive psi and choose a judge's l2; scores are on its other "
        "16 and on the 109 of `train`, on which nothing is trained. A judge is the convex head of detection, "
        f"trained on {one['judged_on']} other renders of psi, {one['width']} pixels wide, with the same random "
        "numbers for all arms of a seed. Medians (least to most). `python headless/benchmark.py solids --data SOLIDS "
        f"--assets CLEVR --seeds {','.join(map(str, seeds))} --arms "
        f"{','.join(arm for arm in NAMES if _by_seed(rows, arm))} --count {one['judged_on']}`: "
        f"{', '.join(f'`{name}`' for name in FILES)}, {commits(rows)}.\n\n" + "\n".join(summary(rows)))


def read(results: Path) -> list[dict[str, str]]:
    return read_rows(*(results / name for name in FILES))


def answers(results: Path) -> Iterator[list[str]]:
    rows = read(results)
    none, match, rounds, after = (_by_seed(rows, arm) for arm in (
        "none", "match-looks", "match-rounds", "match-autosimulate"))

    def gains(before: dict[int, Mapping[str, str]], own: dict[int, Mapping[str, str]]) -> str:
        before, own = ({seed: each[seed] for seed in before if seed in own} for each in (before, own))
        return "; ".join(f"{test}: {_median(before, column)} -> {_median(own, column)}, difference "
                         f"{', better in '.join(_against(own, before, column))}" for column, test in TESTS.items())

    if match:
        yield ["other real photographs (cubes, spheres, cylinders), a detector, from wide ranges: is matching better "
               "than never moving?", f"mAP@.5 with 160 renders on {gains(none, match)}" + (
                   f". In rounds of 40, {renders(rounds.values())} renders: {gains(none, rounds)}" if rounds else "")]
    if rounds and after:
        yield ["... and is AutoSimulate as it is, two such rounds and six hypergradients, 320 renders, better than "
               "they alone?",
               f"{gains(none, after)}, each against never moving; {gains(rounds, after)}, each against the rounds"]


def _by_seed(rows: Rows, arm: str) -> dict[int, Mapping[str, str]]:
    return {int(row["seed"]): row for row in rows if row["arm"] == arm}


def _median(own: Mapping[int, Mapping[str, str]], column: str) -> str:
    return short(statistics.median(number(row, column) for row in own.values()))


def _against(own: Mapping[int, Mapping[str, str]], none: Mapping[int, Mapping[str, str]], column: str) -> list[str]:
    gains = [number(own[seed], column) - number(none[seed], column) for seed in own if seed in none]
    if not gains:
        return ["-", "-"]
    return [f"{signed(statistics.median(gains))} ({signed(min(gains))} to {signed(max(gains))})",
            f"{sum(each > 0 for each in gains)} of {len(gains)}"]
