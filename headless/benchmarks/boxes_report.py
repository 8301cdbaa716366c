"""The rows of ``solids`` and ``dice`` as Markdown: mAP by arm on photographs that nothing was chosen on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .comparison import against, by_seed, markdown, median, renders
from .table import commits, read_rows

Rows = Sequence[Mapping[str, str]]
#: Arms in this order.
NAMES = {"none": "the start, never moved (null control)", "match-looks": "**match**, one round",
         "match-rounds": "**match**, in rounds of 40",
         "match-autosimulate": "AutoSimulate, matching in its first quarter",
         "autosimulate": "AutoSimulate alone"}


@dataclass(frozen=True)
class Photographs:
    """A set of photographs with boxes: its command and rows, and what a reader is told of it."""

    command: str                    # with what it needs
    files: tuple[str, ...]          # each of one version
    about: str                      # which photographs drive, which are asked: the one test and the other
    short: str                      # what is on them
    tests: Mapping[str, str]        # column -> the photographs that it is of

    def read(self, results: Path) -> list[dict[str, str]]:
        return read_rows(*(results / name for name in self.files))

    def lines(self, rows: Rows) -> list[list[str]]:
        """One for each arm: medians, and mAP@.5 against the null control's with the same random numbers."""
        lines = []
        for arm, name in NAMES.items():
            own, none = by_seed(rows, arm), by_seed(rows, "none")
            if own:
                cells = [cell for column in self.tests for cell in (
                    median(own, column), *(["-"] * 2 if arm == "none" else against(own, none, column)))]
                lines.append([name, self.short, renders(own.values()), str(len(own)), *cells, median(own, "loss"),
                              median(own, "distance")])
        return lines

    def summary(self, rows: Rows) -> list[str]:
        """The same as a table, for whoever runs it."""
        return markdown(columns(*self.tests.values()), self.lines(rows))

    def command_line(self, results: Path) -> str:
        """What the rows were made with, and where they are."""
        rows = self.read(results)
        seeds = sorted({int(row["seed"]) for row in rows})
        return (f"`python headless/benchmark.py {self.command} --seeds {','.join(map(str, seeds))} --arms "
                f"{','.join(arm for arm in NAMES if by_seed(rows, arm))} --count {rows[0]['judged_on']}` "
                f"({rows[0]['width']} pixels wide): {', '.join(f'`{name}`' for name in self.files)}, {commits(rows)}")

    def answer(self, results: Path) -> Iterator[list[str]]:
        rows = self.read(results)
        none, match, rounds, after = (by_seed(rows, arm) for arm in (
            "none", "match-looks", "match-rounds", "match-autosimulate"))
        told = [f"{how}, {renders(own.values())} renders: mAP@.5 on {self._gains(none, own)}"
                for how, own in (("One round of match", match), ("Rounds of match, of 40", rounds),
                                 ("AutoSimulate, two such rounds and six hypergradients", after)) if own]
        if rounds and after:
            told.append(f"AutoSimulate against the rounds: {self._gains(rounds, after)}")
        if told:
            yield [f"other real photographs ({self.short}), a detector, from wide ranges: better than never moving?",
                   ". ".join(told)]

    def _gains(self, before: dict[int, Mapping[str, str]], own: dict[int, Mapping[str, str]]) -> str:
        before, own = ({seed: each[seed] for seed in before if seed in own} for each in (before, own))
        return "; ".join(f"{test}: {median(before, column)} -> {median(own, column)}, difference "
                         f"{', better in '.join(against(own, before, column))}" for column, test in self.tests.items())


def section(results: Path) -> Iterator[tuple[str, str]]:
    """The part of RESULTS.md, of all sets that have rows."""
    sets = [each for each in SETS if each.read(results)]
    if not sets:
        return
    about = " ".join(f"**{each.short.capitalize()}**: {each.about} {each.command_line(results)}." for each in sets)
    yield "Other real photographs, with boxes: a detector, from wide ranges", (
        "A judge is the convex head of detection, trained on other renders of psi with the same random numbers for all "
        f"arms of a seed. Medians (least to most). {about}\n\n" + "\n".join(markdown(
            columns("one test", "the other"), [line for each in sets for line in each.lines(each.read(results))])))


def columns(*tests: str) -> list[str]:
    """The headings of ``Photographs.lines``."""
    return ["", "photographs", "renders", "seeds", *(heading for test in tests for heading in (
        f"mAP@.5, {test}", "against the null control", "better in")), "calibrated loss", "camera's distance, m"]


SOLIDS = Photographs(
    "solids --data SOLIDS --assets CLEVR", ("solids.csv", "solids_4c6d289.csv"),
    "31 photographs in `valid`, of which the first 15 drive psi and choose a judge's l2; the tests are its other 16 "
    "and the 109 of `train`, on which nothing is trained.",
    "cubes, spheres, cylinders", {"half_map50": "valid's second half", "map50": "train's photographs"})
DICE = Photographs(
    "dice --data DICE", ("dice.csv",),
    "250 photographs, of which every tenth drives psi and chooses a judge's l2; the tests are the first 112 of the "
    "others by name (some in a tray) and the other 113.",
    "dice", {"half_map50": "the first half", "map50": "the second half"})
SETS = (SOLIDS, DICE)
