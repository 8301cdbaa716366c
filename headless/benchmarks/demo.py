"""The built-in demo in Blender: does a run beat its own null control, and wide randomisation?

Per seed: one run of headless/run.py from the narrow, wrong start, then fresh networks on images from the start (the
null control: same images, same training, psi never moved), the learned psi, wide randomisation and psi* (oracle), all
scored on the same hidden test images. --arms adds other methods with the same number of renders.

How long: about six to ten minutes a seed for the default arms on two cores (288 renders to learn from, 112 for
validation and test, 4 x 192 for the fresh networks), about four minutes for each further method.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .blender_arms import ARMS, COLUMNS, DEFAULT_ARMS, Bench, finish, run_seed
from .blender_runs import write_psi
from .options import add_blender, add_common, names, settings_of
from .table import Table

CLASSES = ("sphere", "cube", "cylinder")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "1..5")
    add_blender(parser, 12, 24, 192)
    parser.add_argument("--arms", type=names(ARMS), default=list(DEFAULT_ARMS), metavar="A,B",
                        help=f"of {', '.join(ARMS)} (default: {','.join(DEFAULT_ARMS)})")


def run(options: argparse.Namespace) -> None:
    name = f"demo{'_' + options.tag if options.tag else ''}"
    settings = settings_of(options, name, 64)
    table = Table(options.results / f"{name}.csv", (*COLUMNS, *(f"iou {each}" for each in CLASSES)), 2)
    bench = Bench(settings, table, CLASSES, _known_psi(settings.work))
    for seed in options.seeds:
        run_seed(bench, seed, options.arms)
    finish(table, options.results / f"{name}.png", "Demo, fresh networks on hidden test images")


def _known_psi(work: Path) -> dict[str, Path]:
    from autosimulate_addon.blender.scenes import demo as demo_scene

    return {"wide": write_psi(work / "psi" / "wide.json", demo_scene.wide_start()),
            "oracle": write_psi(work / "psi" / "oracle.json", demo_scene.target())}
