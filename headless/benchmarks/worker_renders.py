"""Renders of the demo at 64x48 through render processes: how many a second, and whether long runs stay as they began.

"shapes": processes and threads of each, in turn, on the cores that there are; "long": one process of one thread, its
memory and speed over many renders, without the recycling that would hide what it loses.

How long: two minutes; the long one about as many as a thousand renders take.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from .options import add_results
from .table import Table

SHAPES = ("processes", "threads", "renders", "rounds", "renders_per_s", "load", "seeds")
LONG = ("renders", "first_100_ms", "last_100_ms", "ratio", "memory_100_mb", "memory_end_mb", "growth_mb", "load",
        "seeds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_results(parser)
    parser.add_argument("--renders", type=int, default=24, help="of a round (default 24)")
    parser.add_argument("--rounds", type=int, default=3, help="of each shape, in turn (default 3)")
    parser.add_argument("--long", type=int, default=0, metavar="N", help="measure one process over N renders instead")


def run(options: argparse.Namespace) -> None:
    from . import worker_renders_blender as blender  # needs bpy

    if options.long:
        _long(options, blender)
    else:
        _shapes(options, blender)


def _shapes(options: argparse.Namespace, blender) -> None:
    table = Table(options.results / "worker_shapes.csv", SHAPES, 3)
    table.require_one_version()
    shapes = [(1, 2), (2, 1)]
    with tempfile.TemporaryDirectory(prefix="autosimulate-") as folder:
        pools = {shape: blender.pool(Path(folder), *shape) for shape in shapes}
        try:
            speeds = {shape: [] for shape in shapes}
            for number in range(options.rounds + 1):            # the first one starts the processes
                for shape in shapes:
                    draws, keys = blender.draws(options.renders, number)
                    began = time.perf_counter()
                    list(pools[shape].render(draws, keys))
                    speeds[shape].append(options.renders / (time.perf_counter() - began))
        finally:
            for pool in pools.values():
                pool.close()
    for (processes, threads), found in speeds.items():
        row = {"processes": processes, "threads": threads, "renders": options.renders, "rounds": options.rounds,
               "renders_per_s": round(statistics.median(found[1:]), 2), "load": round(os.getloadavg()[0], 1),
               "seeds": 0}
        table.add(row)
        print(" ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def _long(options: argparse.Namespace, blender) -> None:
    table = Table(options.results / "worker_long.csv", LONG, 1)
    table.require_one_version()
    seconds, memory = [], []
    with tempfile.TemporaryDirectory(prefix="autosimulate-") as folder, blender.pool(Path(folder), 1, 1) as pool:
        draws, keys = blender.draws(options.long, 0)
        for render, said in pool.render(draws, keys):
            seconds.append(render.seconds)
            memory.append(said["memory"])
            if len(seconds) % 100 == 0:
                print(f"{len(seconds)} renders, {memory[-1]:.0f} MB", flush=True)
    first, last = (1e3 * float(np.median(part)) for part in (seconds[:100], seconds[-100:]))
    early = memory[min(99, len(memory) - 1)]
    row = {"renders": options.long, "first_100_ms": round(first, 1), "last_100_ms": round(last, 1),
           "ratio": round(last / first, 3), "memory_100_mb": round(early), "memory_end_mb": round(memory[-1]),
           "growth_mb": round(memory[-1] - early, 1), "load": round(os.getloadavg()[0], 1), "seeds": 0}
    table.add(row)
    print(" ".join(f"{name} {value}" for name, value in row.items()), flush=True)
