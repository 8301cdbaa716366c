"""The part of RESULTS.md that was run in Blender: the demo and CLEVR's assets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .comparison import Scores, better, by_arm, compare, gain
from .table import read_rows

NAMES = {"autosimulate": "**AutoSimulate**", "none": "the start, never moved (null control)",
         "wide": "wide randomisation, never moved", "oracle": "images from the hidden target",
         "bo": "Bayesian optimisation", "random": "random search",
         "published": "Algorithm 1 as published", "lts": "LTS (REINFORCE)"}
#: Arms that render nothing while they search; the others render 288 images.
FIXED = ("none", "wide", "oracle")
TITLES = {"demo": "The built-in demo in Blender, from a narrow start in the dark",
          "clevr": "CLEVR's own assets in Blender, from a start 3.3 stops below the validation images"}
COMMANDS = {"demo": "python headless/benchmark.py demo --seeds 1..5 --arms autosimulate,none,wide,oracle,bo,random,"
                    "published",
            "clevr": "python headless/benchmark.py clevr --data CLEVR --seeds 1..5 --arms autosimulate,none,wide,bo,"
                     "random"}


def section(results: Path, name: str) -> tuple[str, str]:
    arms = by_arm(_rows(results, name))
    lines = [(NAMES[arm], "-" if arm in FIXED else "288", scores)
             for arm, scores in arms.items()]
    body = (f"`{COMMANDS[name]}`. 12 iterations of 24 images, 64 x 48 pixels; a fresh network: 288 steps on 192 "
            f"images; 64 test images. Rows: `{name}.csv`, `{name}_earlier.csv`. Figure: [{name}.png]({name}.png).\n\n")
    return TITLES[name], body + "\n".join(compare(lines, arms["autosimulate"], arms["none"]))


def answers(results: Path) -> Iterator[list[str]]:
    for name, title in (("demo", "demo in Blender"), ("clevr", "CLEVR's assets in Blender")):
        arms = by_arm(_rows(results, name))
        ours = arms["autosimulate"]
        yield [f"{title}: better in loss, mIoU than ...?",
               "; ".join(f"{NAMES[arm]}: {better(ours, arms[arm])}, gain {gain(ours, arms[arm])}"
                         for arm in ("none", "wide", "bo"))]


def named(results: Path, name: str) -> dict[str, Scores]:
    """The arms' scores under the names that a reader sees."""
    return {NAMES[arm]: scores for arm, scores in by_arm(_rows(results, name)).items()}


def _rows(results: Path, name: str) -> list[dict[str, str]]:
    return [row for file in (f"{name}.csv", f"{name}_earlier.csv") for row in read_rows(results / file)]
