"""How the job keeps many render processes busy, without Blender: each sleeps as long as a render takes.

The ideal is that every process renders all the time: ceil(images / workers) renders one after the other. A row is the
median of several iterations. "driver" is the processor time of the job itself over the wall time.

How long: a few minutes, most of it for starting processes.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from autosimulate_addon.protocol import SampleKey
from autosimulate_addon.run.workers.child import Child, Limits
from autosimulate_addon.run.workers.pool import Pool
from autosimulate_addon.run.workers.process import LocalProcess

from .options import add_results
from .provenance import ROOT
from .table import Table

COLUMNS = ("workers", "images", "seconds", "iterations", "wall_s", "of_ideal", "driver", "load", "seeds")
SCRIPT = Path(__file__).with_name("sleeping_child.py")
#: The demo's renders: four layers of light, (height, width).
ABOUT = {"layers": ["Key", "Fill", "Back", "World"], "size": [48, 64]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_results(parser)
    parser.add_argument("--workers", type=int, nargs="*", default=(1, 8, 64), help="numbers of processes")
    parser.add_argument("--images", type=int, nargs="*", default=(24, 96), help="rendered per iteration")
    parser.add_argument("--seconds", type=float, default=1.0, help="that a render takes (default 1)")
    parser.add_argument("--iterations", type=int, default=5, help="that a row is the median of (default 5)")


def run(options: argparse.Namespace) -> None:
    table = Table(options.results / "worker_scaling.csv", COLUMNS, 3)
    table.require_one_version()
    for workers in options.workers:
        todo = [images for images in options.images
                if table.key({"workers": workers, "images": images, "seconds": options.seconds}) not in table.done()]
        if not todo:
            continue
        with tempfile.TemporaryDirectory(prefix="autosimulate-") as folder, _pool(
                workers, options.seconds, Path(folder)) as pool:
            _iteration(pool, workers)               # every process comes up
            for images in todo:
                walls, shares = zip(*(_iteration(pool, images) for _ in range(options.iterations)), strict=True)
                wall = statistics.median(walls)
                ideal = math.ceil(images / workers) * options.seconds
                row = {"workers": workers, "images": images, "seconds": options.seconds,
                       "iterations": options.iterations, "wall_s": round(wall, 3), "of_ideal": round(ideal / wall, 3),
                       "driver": round(statistics.median(shares), 3), "load": round(os.getloadavg()[0], 1),
                       "seeds": 0}
                table.add(row)
                print(" ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def _pool(workers: int, seconds: float, folder: Path) -> Pool:
    order = {"about": ABOUT, "seconds": seconds}
    limits, environment = Limits(), {"PYTHONPATH": str(ROOT)}
    return Pool(lambda place: Child(LocalProcess([sys.executable, str(SCRIPT)], folder / f"{place}.log", environment),
                                    order, limits), workers, limits)


def _iteration(pool: Pool, images: int) -> tuple[float, float]:
    """(wall seconds, processor seconds of this process over them) of so many renders."""
    keys = [SampleKey(0, 0, sample) for sample in range(images)]
    draws = [{"energy": np.zeros((6, 3))} for _ in keys]
    began, worked = time.perf_counter(), time.process_time()
    if sum(1 for _ in pool.render(draws, keys)) != images:
        raise AssertionError("renders are missing")
    wall = time.perf_counter() - began
    return wall, (time.process_time() - worked) / wall
