"""Methods compared on the fast stand-in simulator (32 x 24, 19 numbers in psi, validation from a hidden target).

Every arm has the same number of renders; what it delivers is judged by FRESH networks (two, 600 steps on 400 images
from the delivered psi) on 200 test images that no search sees. From two starts: wide (hand-made randomisation) and
narrow and wrong. Arms: none (psi never moved: the null control; from the wide start also today's practice), oracle
(images from the target), autosimulate, score-only (no relighting, no old renders), published (Algorithm 1 to the
letter), bo, random, lts, and ablations that take one lever away at a time.

Choose on seeds 101 and up, report on 1..20: --set NAME=VALUE with --tag tries a variant.

How long: about a minute a run on one core (none and oracle 20 seconds); the default arms for 20 seeds about two
hours on two cores. --summary prints what is there.
"""

from __future__ import annotations

import argparse
import sys
import time

from autosimulate_addon.protocol import InputError

from .comparison import by_arm, compare
from .levers import ABLATIONS
from .options import add_common, names
from .pool import run_all
from .standin_arms import ARMS, FIXED, parse_changes
from .standin_run import COLUMNS, FRESH_IMAGES, FRESH_STEPS, JUDGES, STARTS, Task
from .standin_run import run as run_task
from .table import Table

DEFAULT_ARMS = ("none", "oracle", "autosimulate", "published", "bo", "random", "lts")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "1..20")
    parser.add_argument("--arms", type=names((*ARMS, "ablations")), default=list(DEFAULT_ARMS), metavar="A,B",
                        help=f"of {', '.join(ARMS)}; 'ablations' is all of them (default: {','.join(DEFAULT_ARMS)})")
    parser.add_argument("--starts", type=names(tuple(STARTS)), default=list(STARTS), metavar="A,B",
                        help="wide, narrow (default: both)")
    parser.add_argument("--renders", type=int, default=480, metavar="N", help="of each run (default: 480)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes of one thread each (default: 1)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                        help="change an option of autosimulate, such as step.scale_step=2 (needs --tag)")
    parser.add_argument("--tag", default="", metavar="NAME", help="name of the variant; its rows are autosimulate:NAME")
    parser.add_argument("--judges", type=int, default=JUDGES, metavar="N",
                        help=f"fresh networks whose scores are averaged (default: {JUDGES}; 1 while choosing)")
    parser.add_argument("--summary", action="store_true", help="only print what is in the CSV")


def run(options: argparse.Namespace) -> None:
    changes = parse_changes(options.set)
    if bool(changes) != bool(options.tag):
        raise InputError("--set and --tag belong together: a variant needs a name, and a name a variant.")
    table = Table(options.results / "standin.csv", COLUMNS, 4)
    if not options.summary:
        tasks = missing(options, changes, table)
        if tasks:
            table.require_one_version()
        began = time.monotonic()
        for count, (task, row) in enumerate(run_all(run_task, tasks, options.jobs), 1):
            table.add(row)
            left = (time.monotonic() - began) / count * (len(tasks) - count)
            print(f"{' '.join(task.key):40s} loss {row['loss']:.4f}  mIoU {row['miou']:.4f}   {row['seconds']:.0f} s, "
                  f"{count}/{len(tasks)}, {left / 60:.0f} min left", file=sys.stderr, flush=True)
    summarise(table)


def summarise(table: Table) -> None:
    """Prints each start's and budget's comparison, as far as its rows are there."""
    rows = table.rows()
    for start, renders in dict.fromkeys((row["start"], row["renders"]) for row in rows):
        arms = by_arm(row for row in rows if row["arm"] == "oracle" or (row["start"] == start and (
            row["arm"] == "none" or row["renders"] == renders)))
        if {"none", "autosimulate"} <= set(arms):
            print(f"start {start}, {renders} renders")
            print("\n".join(compare([(arm, renders, scores) for arm, scores in arms.items()], arms["autosimulate"],
                                    arms["none"], arms.get("oracle"))))
    print(f"rows: {table.path}")


def missing(options: argparse.Namespace, changes: dict, table: Table) -> list[Task]:
    """The runs that have no row yet, seed by seed, so that an unfinished table is complete for its seeds."""
    arms = [name for arm in options.arms for name in (ABLATIONS if arm == "ablations" else [arm])]
    done = table.done()
    tasks = [Task(arm, start, options.renders, seed, _label(arm, options.tag), changes,
                  (FRESH_IMAGES, FRESH_STEPS, options.judges))
             for seed in options.seeds for start in options.starts for arm in dict.fromkeys(arms)]
    # The target does not depend on where a search starts.
    tasks = [task for task in tasks if task.arm != "oracle" or task.start == options.starts[0]]
    return [task for task in tasks if task.key not in done]


def _label(arm: str, tag: str) -> str:
    return f"{arm}:{tag}" if tag and arm not in FIXED else arm
