"""Real photographs: LM-O (Brachmann et al., ECCV 2014; BOP).

Builds the LM-O scene from its CAD models, optimises it against the real validation photographs with a pretrained
EfficientNet U-Net, and trains fresh networks on images from the start psi (the null control: the same images and
training, psi never moved) and from the learned psi. Reported on the real test photographs, which nothing else sees:
loss, mIoU, and the IoU of each of the eight objects, beside sheets of samples from the start and the end. Five networks
judge each psi: two that were trained on the same images differ by as much as there is to win.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from autosimulate_addon.protocol import InputError

from .blender_arms import COLUMNS, Bench, finish, run_seed
from .blender_runs import run_py
from .lmo_report import write_classes, write_sheets
from .options import add_blender, add_common, names, settings_of
from .table import Table

CLASSES = ("ape", "can", "cat", "driller", "duck", "eggbox", "glue", "holepuncher")
ARMS = ("autosimulate", "none", "published", "bo", "random", "lts")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "1,2")
    add_blender(parser, 20, 24, 480, 5)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="folder with models/, camera.json and the photographs in val/ and test/")
    parser.add_argument("--network", default="efficientnet", help="as of run.py (default: efficientnet)")
    parser.add_argument("--frozen-layers", type=int, default=30, metavar="N",
                        help="first layers of the network that are not trained (default: 30, its encoder but for "
                             "the last block: 600 steps of it take 40 %% less time than with 9)")
    parser.add_argument("--arms", type=names(ARMS), default=["autosimulate", "none"], metavar="A,B",
                        help=f"of {', '.join(ARMS)} (default: autosimulate,none)")


def run(options: argparse.Namespace) -> None:
    for part in ("models", "val", "test"):
        if not (options.data / part).is_dir():
            raise InputError(f"--data '{options.data}' has no folder '{part}': give LM-O's own folder.")
    name = f"lmo{'_' + options.tag if options.tag else ''}"
    settings = settings_of(options, name, 128)
    scene = settings.work / "lmo.blend"
    if not scene.exists():
        run_py("build", "lmo", "--data", options.data, "--output", scene)
    table = Table(options.results / f"{name}.csv", (*COLUMNS, *(f"iou {each}" for each in CLASSES)), 2)
    bench = Bench(settings, table, CLASSES, {}, scene, options.data / "val", options.data / "test",
                  ("--network", options.network, "--frozen-layers", options.frozen_layers))
    for seed in options.seeds:
        run_seed(bench, seed, options.arms)
        write_sheets(bench.folder("autosimulate", seed) / "sheets", options.work / f"{name}_samples_{seed}.jpg")
    finish(table, options.results / f"{name}.png", "LM-O, fresh networks on real test photographs")
    write_classes(table, CLASSES, options.work / f"{name}_classes.png")
