"""The job alone against render processes and a Ray cluster, some of which are killed (SIGKILL) again and again.

Runs the demo's scene at 64x48: rendered by the job itself; by one process; by --workers processes, in turn and ahead;
by as many of which a random one is killed at random moments of the run; by a cluster of two nodes, of which one is
killed when half of the images are there; and by such a cluster whose processes are killed at random moments (--arms
names some of these; the cluster needs Ray). Exit code 0 when all psi are the same to the last bit and no image was lost
or counted twice, 2 otherwise. A run that ends before it was killed so often has its row say how often it was.

How long: one to five minutes an arm, more on a busy machine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.events import Iteration
from autosimulate_addon.run.process.names import RENDER_WORKER
from autosimulate_addon.run.record.directory import RunDirectory
from autosimulate_addon.run.record.events import read_events

from .kill_resume import final_psi, finish, material, start
from .options import add_common
from .table import Table

COLUMNS = ("seed", "arm", "workers", "kills", "exit_code", "same_psi", "images_counted", "same_renders", "seconds")

#: Of the cluster, with a process on each.
NODES = 2
#: A process is killed up to so much later than its moment, and so in the middle of something.
LATER_SECONDS = 1.0
ARMS = ("one", "in turn", "ahead", "killed", "cluster", "cluster killed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "0")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks/worker_kills"), metavar="DIR",
                        help="run directories (default: runs/benchmarks/worker_kills)")
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="processes (default: 4)")
    parser.add_argument("--arms", nargs="*", default=ARMS, choices=ARMS, help="which (default: all)")
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="of processes in one run (default: 20)")
    parser.add_argument("--iterations", type=int, default=5, metavar="N", help="of each run (default: 5)")
    parser.add_argument("--images", type=int, default=16, metavar="K", help="rendered per iteration (default: 16)")


def run(options: argparse.Namespace) -> None:
    """Raises InputError where a run is not what the job by itself comes to."""
    table = Table(options.results / "worker_kills.csv", COLUMNS, 2)
    table.require_one_version()
    for seed in options.seeds:
        folder = options.work / f"seed_{seed}"
        flags = [*material(folder, 64, 48, 8), "--samples", 1, "--iterations", options.iterations,
                 "--images", options.images, "--seed", seed,
                 "--epochs", 2, "--ensemble-size", 1, "--no-compare", "--device", "cpu"]
        alone = folder / "alone"
        if not RunDirectory(alone).report.exists():
            finish(["--output", alone, *flags])
        for arm in options.arms:
            row = {"seed": seed, "arm": arm}
            if table.key(row) in table.done():
                continue
            output = folder / arm.replace(" ", "_")
            several = ["--output", output, *flags, "--overlap" if arm != "in turn" else "--no-overlap"]
            shutil.rmtree(output, ignore_errors=True)       # of a benchmark that was interrupted
            began = time.monotonic()
            code, kills = _run(arm, several, output, options, random.Random(seed))
            row |= {"workers": NODES if arm.startswith("cluster") else _workers(arm, options), "kills": kills,
                    "exit_code": code, **_compared(alone, output, options),
                    "seconds": round(time.monotonic() - began, 1)}
            table.add(row)
            print(" ".join(f"{name} {value}" for name, value in row.items()), flush=True)
            if code or "no" in (row["same_psi"], row["images_counted"], row["same_renders"]):
                raise InputError(f"seed {seed}: {output} is not what the job alone comes to; see {table.path}.")


def _compared(alone: Path, several: Path, options: argparse.Namespace) -> dict[str, str]:
    counted = [event.images for event in read_events(RunDirectory(several).events) if isinstance(event, Iteration)]
    names = [sorted(path.name for path in RunDirectory(run).renders.glob("*.npz")) for run in (alone, several)]
    checks = {"same_psi": final_psi(alone) == final_psi(several), "same_renders": names[0] == names[1],
              "images_counted": counted == [options.images * (n + 1) for n in range(options.iterations)]}
    return {name: "yes" if good else "no" for name, good in checks.items()}


def _run(arm: str, arguments: list, output: Path, options: argparse.Namespace, moments: random.Random
         ) -> tuple[int, int]:
    """(exit code, how many processes or nodes were killed) of the run of an arm."""
    images = options.iterations * options.images
    after = sorted(moments.choices(range(images * 9 // 10), k=options.kills)) if arm.endswith("killed") else []

    def kill_processes(job: subprocess.Popen) -> tuple[int, int]:
        return _killed(job, output, after, lambda: _kill_a_process(moments))

    if not arm.startswith("cluster"):
        return kill_processes(start([*arguments, "--workers", _workers(arm, options)]))
    with _cluster() as (address, kill_node):
        job = start([*arguments, "--cluster", address])
        return kill_processes(job) if after else _killed(job, output, [images // 2], kill_node)


def _workers(arm: str, options: argparse.Namespace) -> int:
    return 1 if arm == "one" else options.workers


def _killed(job: subprocess.Popen, run: Path, after: list[int], kill: Callable[[], bool]) -> tuple[int, int]:
    """(exit code of the job, how many were killed): one somewhat ``after`` each of these numbers of renders is there.

    ``kill`` says whether there was something to kill.
    """
    done = 0
    while job.poll() is None:
        time.sleep(random.uniform(0.0, LATER_SECONDS))
        if done < len(after) and len(list(RunDirectory(run).renders.glob("*.npz"))) > after[done]:
            done += kill()
    return job.returncode, done


def _kill_a_process(moments: random.Random) -> bool:
    """Kills a random render process below this one, if there is one."""
    found = _render_processes(os.getpid())
    if not found:
        return False
    try:
        os.kill(moments.choice(found), signal.SIGKILL)
    except ProcessLookupError:          # it has just ended
        return False
    return True


@contextlib.contextmanager
def _cluster() -> Iterator[tuple[str, Callable[[], bool]]]:
    """The address of a cluster of two nodes on this machine, and what kills the second."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "RAY_raylet_start_wait_time_s": "300"}
    from ray.cluster_utils import Cluster  # an optional package

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        yield cluster.address, lambda: cluster.remove_node(second, allow_graceful=False) is None
    finally:
        cluster.shutdown()


def _render_processes(ancestor: int) -> list[int]:
    """Those that ``ancestor`` has started, or what it has started, from /proc."""
    parents, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if RENDER_WORKER.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (OSError, ValueError, IndexError):
            continue                # it has just ended
    return sorted(pid for pid in found if ancestor in _line(pid, parents))


def _line(pid: int, parents: dict[int, int]) -> set[int]:
    """Its parent, that one's parent, and so on."""
    line: set[int] = set()
    while (pid := parents.get(pid, 0)) and pid not in line:
        line.add(pid)
    return line
