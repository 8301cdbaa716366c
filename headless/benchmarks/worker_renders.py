"""Renders of the demo through render processes: how many a second, what they cost, whether they stay as they began.

Without a flag: processes and threads of each, in turn, on the cores that there are. --long: one process of one thread,
its memory and speed over many renders, without the recycling that would hide what it loses; a row for each number, all
of one process, and the last hundred of each have the draws of the first hundred. --overhead: what a render through a
process costs, there and in the job, over bare Cycles here. The last two in processor time, because other things run on
a machine.

How long: two minutes; the long one about as many as its renders take.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from autosimulate_addon.protocol import Draw, InputError, SampleKey

from .options import add_results
from .overhead import CASES, size_of
from .table import Table

SHAPES = ("processes", "threads", "renders", "rounds", "renders_per_s", "load", "seeds")
LONG = ("renders", "size", "clock", "first_100_ms", "last_100_ms", "ratio", "memory_100_mb", "memory_end_mb",
        "growth_mb", "load", "seeds")
OVERHEAD = ("size", "renders", "clock", "process_ms", "job_ms", "bare_ms", "ratio", "target", "seeds")
#: Renders at the beginning and at the end of a long run that are compared.
ENDS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_results(parser)
    parser.add_argument("--renders", type=int, default=24, help="of a round (default 24)")
    parser.add_argument("--rounds", type=int, default=3, help="of each shape, in turn (default 3)")
    parser.add_argument("--long", type=int, nargs="*", default=(), metavar="N",
                        help=f"measure one process over N renders instead, each N at least {2 * ENDS}")
    parser.add_argument("--size", type=int, nargs=3, default=(64, 48, 4), metavar=("W", "H", "SAMPLES"),
                        help="of the renders (default 64 48 4)")
    parser.add_argument("--overhead", action="store_true", help="measure the costs over bare Cycles instead")
    parser.add_argument("--cases", type=int, nargs="*", default=range(len(CASES)), choices=range(len(CASES)),
                        help="which sizes of --overhead: " + ", ".join(f"{number} {size_of(case)}" for number, case in
                                                                       enumerate(CASES)))


def run(options: argparse.Namespace) -> None:
    from . import worker_renders_blender as blender  # needs bpy

    if options.long:
        _long(options, blender)
    elif options.overhead:
        _overhead(options, blender)
    else:
        _shapes(options, blender)


def _shapes(options: argparse.Namespace, blender) -> None:
    table = Table(options.results / "worker_shapes.csv", SHAPES, 3)
    table.require_one_version()
    shapes = [(1, 2), (2, 1)]
    with tempfile.TemporaryDirectory(prefix="autosimulate-") as folder:
        pools = {shape: blender.pool(Path(folder), *shape, options.size) for shape in shapes}
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
    table = Table(options.results / "worker_long.csv", LONG, 2)
    table.require_one_version()
    size, ends = size_of(options.size), sorted(set(options.long))
    if ends[0] < 2 * ENDS:
        raise InputError(f"--long {ends[0]} has no first and last {ENDS}: give at least {2 * ENDS}.")
    clock, memory = [], []
    with (tempfile.TemporaryDirectory(prefix="autosimulate-") as folder,
          blender.pool(Path(folder), 1, 1, options.size) as pool):
        for _, said in pool.render(*_with_first_again(*blender.draws(ends[-1] + 1, 0), ends)):
            clock.append(said["processor"])
            memory.append(said["memory"])
            if len(clock) % 100 == 0:
                print(f"{len(clock)} renders, {memory[-1]:.0f} MB", flush=True)
            if len(clock) - 1 in ends:
                row = {"renders": len(clock) - 1, "size": size, **_ends(clock, memory),
                       "load": round(os.getloadavg()[0], 1), "seeds": 0}
                table.add(row)
                print(" ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def _with_first_again(draws: list[Draw], keys: list[SampleKey], ends: list[int]
                      ) -> tuple[list[Draw], list[SampleKey]]:
    """With the first hundred once more before each of ``ends``. The very first prepares the process and is no part."""
    for end in ends:
        last = slice(end - ENDS + 1, end + 1)
        draws[last], keys[last] = draws[1:ENDS + 1], keys[1:ENDS + 1]
    return draws, keys


def _ends(clock: list[float], memory: list[float]) -> dict[str, Any]:
    """Columns of a long run from what its process said after each render: processor seconds, megabytes."""
    seconds = np.diff(clock)
    first, last = (1e3 * float(np.median(part)) for part in (seconds[:ENDS], seconds[-ENDS:]))
    return {"clock": "processor", "first_100_ms": round(first, 1), "last_100_ms": round(last, 1),
            "ratio": round(last / first, 3), "memory_100_mb": round(memory[ENDS]), "memory_end_mb": round(memory[-1]),
            "growth_mb": round(memory[-1] - memory[ENDS], 1)}


def _overhead(options: argparse.Namespace, blender) -> None:
    """Medians over so many renders, the ratio's too, bare Cycles and the process in turn, one thread each."""
    table = Table(options.results / "worker_overhead.csv", OVERHEAD, 2)
    table.require_one_version()
    for case in (CASES[number] for number in options.cases):
        row = {"size": size_of(case), "renders": options.renders}
        if table.key(row) in table.done():
            continue
        with tempfile.TemporaryDirectory(prefix="autosimulate-") as folder:
            found = np.array(blender.through_a_process_and_bare(Path(folder), case[:3], options.renders))
        process, job, bare = 1e3 * np.median(found, axis=0)
        ratio = np.median((found[:, 0] + found[:, 1]) / found[:, 2])
        row |= {"clock": "processor", "process_ms": round(process, 1), "job_ms": round(job, 1),
                "bare_ms": round(bare, 1), "ratio": round(ratio, 3), "target": case[3], "seeds": 0}
        table.add(row)
        print(" ".join(f"{name} {value}" for name, value in row.items()), flush=True)
