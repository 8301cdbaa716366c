"""CLEVR's own scene and assets in Blender: the demo's comparison in a scene that nobody here made.

Builds the scene from CLEVR's files (narrow, wrong start), renders validation and test images from a target that looks
like CLEVR's images, then runs the same arms as ``demo`` with the same settings.

How long: about eight to twelve minutes a seed for the default arms on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .blender_arms import ARMS, COLUMNS, DEFAULT_ARMS, Bench, finish, run_seed
from .blender_runs import Settings, run_py, write_psi
from .options import add_blender, add_common, names, settings_of
from .table import Table

CLASSES = ("cube", "sphere", "cylinder")
#: Seeds that no run is given.
VALIDATION, TEST = (9001, 48), (9002, 64)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "1..3")
    add_blender(parser, 12, 24, 192)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="CLEVR's image_generation/data folder (base_scene.blend, properties.json, shapes, "
                             "materials)")
    parser.add_argument("--arms", type=names(ARMS), default=list(DEFAULT_ARMS), metavar="A,B",
                        help=f"of {', '.join(ARMS)} (default: {','.join(DEFAULT_ARMS)})")


def run(options: argparse.Namespace) -> None:
    name = f"clevr{'_' + options.tag if options.tag else ''}"
    settings = settings_of(options, name, 64)
    psi = _known_psi(settings.work)
    scene = settings.work / "clevr.blend"
    if not scene.exists():
        run_py("build", "clevr", "--data", options.data, "--output", scene)
    folders = [_images(settings, scene, psi["oracle"], split, *which)
               for split, which in (("val", VALIDATION), ("test", TEST))]
    table = Table(options.results / f"{name}.csv", (*COLUMNS, *(f"iou {each}" for each in CLASSES)), 2)
    bench = Bench(settings, table, CLASSES, psi, scene, *folders)
    for seed in options.seeds:
        run_seed(bench, seed, options.arms)
    finish(table, options.results / f"{name}.png", "CLEVR's assets, fresh networks on test images")


def _images(settings: Settings, scene: Path, psi: Path, split: str, seed: int, count: int) -> Path:
    """Labelled images from the target; kept images are not rendered again."""
    folder = settings.work / split
    run_py("generate", "--scene", scene, "--psi", psi, "--count", count, "--seed", seed, "--output", folder,
           *settings.size)
    return folder


def _known_psi(work: Path) -> dict[str, Path]:
    from autosimulate_addon.blender.scenes import clevr as clevr_scene

    return {"wide": write_psi(work / "psi" / "wide.json", clevr_scene.wide_start()),
            "oracle": write_psi(work / "psi" / "oracle.json", clevr_scene.target())}
