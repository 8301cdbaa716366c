"""What image + masks in numpy cost over bare Cycles for the same picture.

One process, one scene, both ways in turn, medians. "Bare" is ``bpy.ops.render.render`` of a copy of the scene that
shares all objects, so that it shows the very same draw, with the same settings, but no passes, no light groups and
nothing written or read. Ours is everything from the draw to a ``Render``. --persistent prints instead what Cycles'
persistent data gain, and whether they slow down over many renders.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from .options import add_results
from .table import Table

COLUMNS = ("size", "light_groups", "renders", "clock", "ours_ms", "bare_ms", "ratio", "target", "seeds")
#: (width, height, samples, target ratio)
CASES = ((64, 48, 8, 1.07), (128, 96, 16, 1.02), (320, 240, 64, 1.001))


def size_of(case: Sequence[float]) -> str:
    """Width, height and samples, in words."""
    return "x".join(str(number) for number in case[:3])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_results(parser)
    parser.add_argument("--renders", type=int, default=40, help="renders of each kind and size (default 40)")
    parser.add_argument("--persistent", action="store_true", help="measure persistent data instead")
    parser.add_argument("--no-relight", action="store_true", help="without light groups")
    parser.add_argument("--cases", type=int, nargs="*", default=range(len(CASES)), help="which sizes: 0 1 2")
    parser.add_argument("--cpu", action="store_true",
                        help="processor time of all threads, for a machine that is busy with other things")


def run(options: argparse.Namespace) -> None:
    from . import overhead_render  # needs bpy, which no other benchmark loads

    clock = time.process_time if options.cpu else time.perf_counter
    if options.persistent:
        overhead_render.persistent(options.renders, clock)
        return
    table = Table(options.results / "overhead.csv", COLUMNS, 4)
    table.require_one_version()
    for case in options.cases:
        width, height, samples, target = CASES[case]
        row = {"size": size_of(CASES[case]), "light_groups": "no" if options.no_relight else "yes",
               "renders": options.renders, "clock": "processor" if options.cpu else "wall"}
        if table.key(row) in table.done():
            continue
        ours, bare, ratio = overhead_render.compare(width, height, samples, options.renders, not options.no_relight,
                                                    clock)
        table.add({**row, "ours_ms": round(1e3 * ours, 1), "bare_ms": round(1e3 * bare, 1), "ratio": round(ratio, 3),
                   "target": target, "seeds": 0})
        print(f"{row['size']}: ours {1e3 * ours:.1f} ms, bare {1e3 * bare:.1f} ms, ratio {ratio:.3f}, target {target}",
              flush=True)
