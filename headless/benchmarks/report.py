"""Writes results/RESULTS.md from the CSVs beside it, and the figures that it shows.

RESULTS.md is never edited by hand: its numbers are computed here, and what was written down without rows stands in
by_hand.csv. --text leaves the figures as they are. Takes a few seconds.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import (
    boxes_report,
    complement_report,
    figures,
    gradient_report,
    photographs_report,
    places_course_report,
    places_judges_report,
    places_report,
    report_blender,
    report_machine,
    report_standin,
    report_workers,
)
from .comparison import markdown
from .options import RESULTS
from .table import read_rows

HEAD = """
Every figure is of fresh networks on test images that no search saw. Medians over seeds with 95 % bootstrap intervals;
losses: lower is better. No seed here was used for choosing anything, but seed 1 of the 54 states, 1 and 2 of the
dice, 1, 2 and 4 of the toys and of LM-O from the expert's scene, and 1 to 4 of LM-O from wide ranges; what was
chosen: [docs/decisions](../../../docs/decisions). Rows from before something changed are named [at the
end](#where-the-rows-come-from)."""
#: Where the rows come from: at the end, after what they say.
PROVENANCE = """
As they are today are AutoSimulate and rounds of *match* on LM-O, AutoSimulate and *match* on the 54 states. From
before AutoSimulate left to *match* what does not stand out of its noise
([0024](../../../docs/decisions/0024-noise-that-adds-up.md)) are its other rows on photographs, the approximations
among them; the stand-in's, the toys' and LM-O's from the expert's scene are from before looks were matched again and
labels alone moved the camera ([0023](../../../docs/decisions/0023-what-looks-and-features-mistake.md)); one round of
*match* on LM-O, and who else judges it, from before labels said where it stops
([0021](../../../docs/decisions/0021-labels-say-where-to-stop.md)) or absent classes were told from small ones
([0019](../../../docs/decisions/0019-absent-is-not-small.md)), and rows of AutoSimulate that say so from before
photographs were matched first ([0015](../../../docs/decisions/0015-match-first.md)).
Made by `python headless/benchmark.py report` from the CSVs in this folder; not edited by hand. A CSV holds the rows of
one commit, named in the file where it is not the newest; every row has its commit, date and machine. Rows from before
2026-11-26 have the first commit with the sources of `core/` that made them, where these were recorded (AutoSimulate's
in Blender: where the change they are described with was made), and the date on which they were committed; *not
recorded* names the commit that first holds them. Commands are in today's words: `--judges` was `--networks` or
`--fresh-networks`, `published` was `literal`. Other work ran on the machines ({machine}); another processor gives other
last digits."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR",
                        help="where the CSVs are and RESULTS.md goes (default: headless/benchmarks/results)")
    parser.add_argument("--text", action="store_true", help="only RESULTS.md, no figures")


def run(options: argparse.Namespace) -> None:
    path = options.results / "RESULTS.md"
    path.write_text(text(options.results), encoding="utf-8")
    print(path)
    if not options.text:
        draw(options.results)


def text(results: Path) -> str:
    """RESULTS.md as the CSVs in ``results`` say it."""
    sections = [answers(results), *photographs_report.sections(results), *places_report.sections(results),
                *boxes_report.section(results),
                *complement_report.sections(results),
                report_standin.section(results, "wide"), report_standin.section(results, "narrow"),
                *(report_blender.section(results, name) for name in ("demo", "clevr")), speed(results)]
    machines = sorted({row["machine"] for row in read_rows(*results.glob("*.csv"))})
    sections.append(("Where the rows come from", " ".join(PROVENANCE.format(machine="; ".join(machines)).split())))
    return f"# Results\n\n{' '.join(HEAD.split())}\n" + "".join(f"\n## {title}\n{body}\n" for title, body in sections)


def draw(results: Path) -> None:
    figures.draw_losses({f"{start} start": report_standin.lines(results, start) for start in ("wide", "narrow")},
                        results / "standin.png")
    for name, title in (("demo", "Demo"), ("clevr", "CLEVR's assets")):
        figures.draw_seeds(report_blender.named(results, name), results / f"{name}.png", title)
    if rows := places_report.read(results):
        places_report.draw(rows, results / "places.png")
    places_course_report.draw(results)
    gradient_report.draw(read_rows(results / "gradient.csv"), results / "gradient.png")


def answers(results: Path) -> tuple[str, str]:
    """What it is worth."""
    rows = itertools.chain(photographs_report.answers(results), places_report.answers(results),
                           places_course_report.answers(results), places_judges_report.answers(results),
                           *(each.answer(results) for each in boxes_report.SETS),
                           report_standin.answers(results), report_blender.answers(results))
    return "The answers", _answered(rows)


def speed(results: Path) -> tuple[str, str]:
    """What it costs, and what survives."""
    return "Speed, and runs that are killed", _answered(itertools.chain(
        report_machine.answers(results), report_workers.answers(results), by_hand(results)))


def _answered(rows: Iterable[list[str]]) -> str:
    return "\n" + "\n".join(markdown(("question", "answer"), list(rows)))


def by_hand(results: Path) -> Iterator[list[str]]:
    """What was measured and written down, but has no rows."""
    for row in read_rows(*sorted(results.glob("by_hand*.csv"))):
        yield [row["question"], f"{row['measured']} (only the result was kept: `by_hand*.csv`, `{row['command']}`, "
                                f"{row['commit']}, {row['date']})"]
