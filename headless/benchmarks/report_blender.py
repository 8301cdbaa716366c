"""The part of RESULTS.md that was run in Blender: the demo, CLEVR's assets and LM-O's real photographs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .comparison import Scores, better, by_arm, compare, gain, markdown, short
from .table import number, read_rows

NAMES = {"autosimulate": "**AutoSimulate**", "none": "the start, never moved (null control)",
         "wide": "wide randomisation, never moved", "oracle": "images from the hidden target",
         "bo": "Bayesian optimisation", "random": "random search",
         "published": "Algorithm 1 as published", "lts": "LTS (REINFORCE)"}
OURS, NULL = NAMES["autosimulate"], NAMES["none"]
#: Arms that render nothing while they search; the others render 288 images.
FIXED = ("none", "wide", "oracle")
TITLES = {"demo": "The built-in demo in Blender, from a narrow start in the dark",
          "clevr": "CLEVR's own assets in Blender, from a start 3.3 stops below the validation images"}
COMMANDS = {"demo": "python headless/benchmark.py demo --seeds 1..5 --arms autosimulate,none,wide,oracle,bo,random,"
                    "published",
            "clevr": "python headless/benchmark.py clevr --data CLEVR --seeds 1..5 --arms autosimulate,none,wide,bo,"
                     "random"}
LMO = ("`python headless/benchmark.py lmo --data LMO --seeds 1..3 --iterations 12 --images 24 --judges 3 "
       "--arms autosimulate,none,bo,random` (AutoSimulate with `--flags \"--epochs 16\"`). 288 renders; psi "
       "driven by the 70 `val` photographs; three fresh networks a psi (480 images, 720 steps) on the 70 `test` "
       "photographs. Rows: `lmo.csv`, `lmo_earlier.csv`. Means ± standard deviations between the three networks. "
       "Figure: [lmo.png](lmo.png).")


def section(results: Path, name: str) -> tuple[str, str]:
    arms = by_arm(_rows(results, name))
    lines = [(NAMES[arm], "-" if arm in FIXED else "288", scores)
             for arm, scores in arms.items()]
    body = (f"`{COMMANDS[name]}`. 12 iterations of 24 images, 64 x 48 pixels; a fresh network: 288 steps on 192 "
            f"images; 64 test images. Rows: `{name}.csv`, `{name}_earlier.csv`. Figure: [{name}.png]({name}.png).\n\n")
    return TITLES[name], body + "\n".join(compare(lines, arms["autosimulate"], arms["none"]))


def lmo(results: Path) -> tuple[str, str]:
    """Every seed by itself: three seeds that disagree have no median worth reading."""
    rows = _rows(results, "lmo")
    seeds = sorted({row["seed"] for row in rows})
    arms = by_arm(rows)
    lines = []
    for arm, scores in arms.items():
        of = {row["seed"]: row for row in rows if row["arm"] == arm}
        lines.append([NAMES[arm], *(_cell(of[seed]) if seed in of else "-" for seed in seeds),
                      "-" if arm == "none" else better(scores, arms["none"]), ", ".join(scores.commits)])
    columns = ("", *(f"seed {seed}: loss, mIoU" for seed in seeds), "better than the null control in loss, mIoU",
               "commit")
    return "LM-O, real photographs, from the expert's scene: no win", LMO + "\n\n" + "\n".join(markdown(columns, lines))


def answers(results: Path) -> Iterator[list[str]]:
    for name, title in (("demo", "demo in Blender"), ("clevr", "CLEVR's assets in Blender")):
        arms = by_arm(_rows(results, name))
        ours = arms["autosimulate"]
        yield [f"{title}: better in loss, mIoU than ...?",
               "; ".join(f"{NAMES[arm]}: {better(ours, arms[arm])}, gain {gain(ours, arms[arm])}"
                         for arm in ("none", "wide", "bo"))]
    arms = by_arm(_rows(results, "lmo"))
    ours = arms["autosimulate"]
    yield ["real photographs (LM-O) from the expert's scene: better in loss, mIoU than ...?",
           f"**no win**: {NULL}: {better(ours, arms['none'])}, gain {gain(ours, arms['none'])}; "
           f"{NAMES['bo']}: {better(ours, arms['bo'])}"]


def named(results: Path, name: str) -> dict[str, Scores]:
    """The arms' scores under the names that a reader sees."""
    return {NAMES[arm]: scores for arm, scores in by_arm(_rows(results, name)).items()}


def _cell(row: dict[str, str]) -> str:
    return ", ".join(f"{short(number(row, name))} ± {short(number(row, f'{name}_sd'))}" for name in ("loss", "miou"))


def _rows(results: Path, name: str) -> list[dict[str, str]]:
    return [row for file in (f"{name}.csv", f"{name}_earlier.csv") for row in read_rows(results / file)]
