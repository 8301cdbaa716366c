"""One process against several, against several of which one is killed (SIGKILL) again and again, and a Ray cluster.

Runs the demo's scene at 64x48: rendered by the job itself, by --workers processes, by as many of which a random one is
killed at random moments, and by a cluster of two nodes, of which one is killed when half of the images are there
(--arms names some of these; the cluster needs Ray). Exit code 0 when all psi are the same to the last bit and no image
was lost or counted twice, 2 otherwise. A run that ends before it was killed so often has its row say how often it was.

How long: two to ten minutes a seed.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import time
from pathlib import Path

from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.events import Iteration
from autosimulate_addon.run.process.names import RENDER_WORKER
from autosimulate_addon.run.record.directory import RunDirectory
from autosimulate_addon.run.record.events import read_events

from .kill_resume import final_psi, finish, material, start
from .options import add_common
from .table import Table

COLUMNS = ("seed", "arm", "kills", "exit_code", "same_psi", "images_counted", "same_renders", "seconds")

ARMS = ("in turn", "ahead", "killed", "cluster")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "0")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks/worker_kills"), metavar="DIR",
                        help="run directories (default: runs/benchmarks/worker_kills)")
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="processes (default: 4)")
    parser.add_argument("--arms", nargs="*", default=ARMS, choices=ARMS, help="which (default: all)")
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="of processes in one run (default: 20)")
    parser.add_argument("--iterations", type=int, default=5, metavar="N", help="of each run (default: 5)")
    parser.add_argument("--images", type=int, default=8, metavar="K", help="rendered per iteration (default: 8)")
    parser.add_argument("--apart", type=float, default=12.0, metavar="S",
                        help="mean seconds between two kills, drawn from an exponential (default: 12)")


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
            began = time.monotonic()
            code, kills = _on_a_cluster(several, output, options) if arm == "cluster" else _killed(
                [*several, "--workers", options.workers], random.Random(seed),
                options.kills if arm == "killed" else 0, options.apart)
            row |= {"kills": kills, "exit_code": code, **_compared(alone, output, options),
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


def _killed(arguments: list, moments: random.Random, kills: int, apart: float) -> tuple[int, int]:
    """(exit code, how many of its processes were killed) of a run."""
    job, done = start(arguments), 0
    while job.poll() is None:
        time.sleep(moments.expovariate(1.0 / apart) if done < kills else 0.2)
        found = _workers_of(job.pid)
        if found and done < kills:
            subprocess.run(["kill", "-9", str(moments.choice(found))], stderr=subprocess.DEVNULL, check=False)
            done += 1
    return job.returncode, done


def _on_a_cluster(arguments: list, run: Path, options: argparse.Namespace) -> tuple[int, int]:
    """(exit code, nodes that were killed) of a run on a cluster of two nodes on this machine."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "RAY_raylet_start_wait_time_s": "300"}
    from ray.cluster_utils import Cluster  # an optional package

    cluster, killed = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}), 0
    second = cluster.add_node(num_cpus=1)
    try:
        job = start([*arguments, "--cluster", cluster.address])
        while job.poll() is None:
            time.sleep(0.2)
            there = len(list(RunDirectory(run).renders.glob("*.npz")))
            if not killed and 2 * there > options.iterations * options.images:
                cluster.remove_node(second, allow_graceful=False)
                killed = 1
        return job.returncode, killed
    finally:
        cluster.shutdown()


def _workers_of(job: int) -> list[int]:
    """Its render processes, from /proc."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == job and RENDER_WORKER.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (OSError, ValueError, IndexError):
            continue                # it has just ended
    return sorted(found)
