"""Whether rendering goes on while networks are trained: the demo at 64x48, in turn and ahead, by one render process.

In turn, an iteration renders and then trains; ahead, the larger of the two should be all that it takes. Seconds are of
all iterations but the first, wall time, so that what else runs on the machine counts: load is written down.

How long: two to ten minutes.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from autosimulate_addon.protocol.events import Event, Iteration, Rendered
from autosimulate_addon.run.record.directory import RunDirectory
from autosimulate_addon.run.record.events import read_events

from .kill_resume import finish, material
from .options import add_common
from .table import Table

COLUMNS = ("seed", "iterations", "images", "render_s", "train_s", "in_turn_s", "ahead_s", "ratio", "target", "load")
#: (render + train) of ahead over the larger of the two.
TARGET = 1.15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "0")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks/worker_overlap"), metavar="DIR",
                        help="run directories (default: runs/benchmarks/worker_overlap)")
    parser.add_argument("--iterations", type=int, default=6, metavar="N", help="of each run (default: 6)")
    parser.add_argument("--images", type=int, default=16, metavar="K", help="rendered per iteration (default: 16)")


def run(options: argparse.Namespace) -> None:
    table = Table(options.results / "worker_overlap.csv", COLUMNS, 1)
    table.require_one_version()
    for seed in options.seeds:
        if (str(seed),) in table.done():
            continue
        folder = options.work / f"seed_{seed}"
        flags = [*material(folder, 64, 48, 12), "--iterations", options.iterations, "--images", options.images,
                 "--seed", seed, "--no-compare", "--no-match", "--no-control", "--device", "cpu"]
        turn, ahead = folder / "in_turn", folder / "ahead"
        for output, flag in ((turn, "--no-overlap"), (ahead, "--overlap")):
            if not RunDirectory(output).report.exists():
                finish(["--output", output, *flags, flag])
        render, train = parts(list(read_events(RunDirectory(turn).events)))
        wall = sum(parts(list(read_events(RunDirectory(ahead).events))))
        row = {"seed": seed, "iterations": options.iterations, "images": options.images,
               "render_s": round(render, 1), "train_s": round(train, 1), "in_turn_s": round(render + train, 1),
               "ahead_s": round(wall, 1), "ratio": round(wall / max(render, train), 3), "target": TARGET,
               "load": round(os.getloadavg()[0], 1)}
        table.add(row)
        print(" ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def parts(events: list[Event]) -> tuple[float, float]:
    """Seconds up to the last image of each iteration, and from there to its end; the first iteration left out."""
    render = train = 0.0
    began = last = None
    for event in events:
        if isinstance(event, Rendered):
            last = event.time
        elif isinstance(event, Iteration):
            if began is not None and last is not None:
                render, train = render + last - began, train + event.time - last
            began = event.time
    return render, train
