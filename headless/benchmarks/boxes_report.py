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
         "match-twice": "match again, as many renders more", "match-rounds": "**match**, in rounds of 40",
         "match-looks-autosimulate": "one round of match, then AutoSimulate",
         "match-autosimulate": "AutoSimulate as it is, matching in its first quarter",
         "autosimulate": "AutoSimulate alone"}


@dataclass(frozen=True)
class Photographs:
    """A set of photographs with boxes: its command and rows, and what a reader is told of it."""

    command: str                    # with what it needs
    files: tuple[str, ...]          # each of one version
    title: str
    about: str                      # which photographs drive, which are asked
    short: str                      # in a question
    tests: Mapping[str, str]        # column -> the photographs that it is of

    def read(self, results: Path) -> list[dict[str, str]]:
        return read_rows(*(results / name for name in self.files))

    def summary(self, rows: Rows) -> list[str]:
        """A line for each arm: medians, and mAP@.5 against the null control's with the same random numbers."""
        lines = []
        for arm, name in NAMES.items():
            own, none = by_seed(rows, arm), by_seed(rows, "none")
            if own:
                cells = [cell for column in self.tests for cell in (
                    median(own, column), *(["-"] * 2 if arm == "none" else against(own, none, column)))]
                lines.append([name, renders(own.values()), str(len(own)), *cells, median(own, "loss"),
                              median(own, "distance")])
        return markdown(["", "renders", "seeds", *(heading for test in self.tests.values() for heading in (
            f"mAP@.5, {test}", "against the null control", "better in")), "calibrated loss", "camera's distance, m"],
            lines)

    def section(self, results: Path) -> Iterator[tuple[str, str]]:
        """The part of RESULTS.md, where there are rows."""
        if not (rows := self.read(results)):
            return
        one, seeds = rows[0], sorted({int(row["seed"]) for row in rows})
        yield self.title, (
            f"{self.about} A judge is the convex head of detection, trained on {one['judged_on']} other renders of "
            f"psi, {one['width']} pixels wide, with the same random numbers for all arms of a seed. Medians (least to "
            "most). "
            f"`python headless/benchmark.py {self.command} --seeds {','.join(map(str, seeds))} --arms "
            f"{','.join(arm for arm in NAMES if by_seed(rows, arm))} --count {one['judged_on']}`: "
            f"{', '.join(f'`{name}`' for name in self.files)}, {commits(rows)}.\n\n" + "\n".join(self.summary(rows)))

    def answers(self, results: Path) -> Iterator[list[str]]:
        rows = self.read(results)
        none, match, rounds, after = (by_seed(rows, arm) for arm in (
            "none", "match-looks", "match-rounds", "match-autosimulate"))
        told = [f"{how}, {renders(own.values())} renders: mAP@.5 on {self._gains(none, own)}"
                for how, own in (("One round", match), ("Rounds of 40", rounds)) if own]
        if told:
            yield [f"other real photographs ({self.short}), a detector, from wide ranges: is matching better than "
                   "never moving?", ". ".join(told)]
        if rounds and after:
            yield ["... and is AutoSimulate as it is, two such rounds and six hypergradients, 320 renders, better than "
                   "they alone?",
                   f"{self._gains(none, after)}, each against never moving; {self._gains(rounds, after)}, each against "
                   "the rounds"]

    def _gains(self, before: dict[int, Mapping[str, str]], own: dict[int, Mapping[str, str]]) -> str:
        before, own = ({seed: each[seed] for seed in before if seed in own} for each in (before, own))
        return "; ".join(f"{test}: {median(before, column)} -> {median(own, column)}, difference "
                         f"{', better in '.join(against(own, before, column))}" for column, test in self.tests.items())


SOLIDS = Photographs(
    "solids --data SOLIDS --assets CLEVR", ("solids.csv", "solids_4c6d289.csv"),
    "Cubes, spheres and cylinders: other real photographs, a detector, from wide ranges",
    "31 photographs in `valid`, of which the first 15 drive psi and choose a judge's l2; scores are on its other 16 "
    "and on the 109 of `train`, on which nothing is trained.",
    "cubes, spheres, cylinders", {"half_map50": "valid's second half", "map50": "train's photographs"})
DICE = Photographs(
    "dice --data DICE", ("dice.csv",), "Dice: a third set of real photographs, a detector, from wide ranges",
    "250 photographs, of which every tenth drives psi and chooses a judge's l2; scores are on the others, the first "
    "half by name (some in a tray) and the second.",
    "dice", {"half_map50": "first half", "map50": "second half"})
