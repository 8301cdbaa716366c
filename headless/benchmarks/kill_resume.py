"""Kills a run at random moments, resumes it, and holds the result against an uninterrupted one.

Runs the demo's scene at a small size: once in peace, once killed (SIGKILL) again and again, wherever it happens to
be: rendering, training, writing a checkpoint. Exit code 0 when psi agree to 1e-6 and no image was lost or counted
twice, 2 otherwise.

How long: two to five minutes a seed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.events import Event, Iteration
from autosimulate_addon.run.record.directory import RunDirectory
from autosimulate_addon.run.record.events import read_events

from .blender_runs import RUN
from .options import add_common
from .table import Table

COLUMNS = ("seed", "kills", "exit_code", "psi_difference", "iterations_once_each", "images_counted", "same_renders",
           "seconds")
TOLERANCE = 1e-6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, "0")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks/kill_resume"), metavar="DIR",
                        help="run directories (default: runs/benchmarks/kill_resume)")
    parser.add_argument("--kills", type=int, default=5, metavar="N", help="of each run (default: 5)")
    parser.add_argument("--iterations", type=int, default=5, metavar="N", help="of each run (default: 5)")
    parser.add_argument("--images", type=int, default=6, metavar="K", help="rendered per iteration (default: 6)")


def run(options: argparse.Namespace) -> None:
    """Raises InputError when a resumed run is not what the uninterrupted one is."""
    table = Table(options.results / "kill_resume.csv", COLUMNS, 1)
    for seed in options.seeds:
        if (str(seed),) in table.done():
            continue
        table.require_one_version()
        row = measure(options, seed, options.work / f"seed_{seed}")
        table.add(row)
        print(" ".join(f"{name} {value}" for name, value in row.items()))
        if row["exit_code"] or row["psi_difference"] > TOLERANCE or "no" in row.values():
            raise InputError(f"seed {seed}: the resumed run is not the uninterrupted one; see {table.path}.")


def measure(options: argparse.Namespace, seed: int, folder: Path) -> dict[str, Any]:
    """The row of one seed: an uninterrupted run, and the same run killed and resumed ``options.kills`` times."""
    flags = [*material(folder, 32, 24, 12), "--iterations", options.iterations, "--images", options.images,
             "--seed", seed, "--epochs", 4, "--no-compare", "--device", "cpu"]
    whole, killed = folder / "uninterrupted", folder / "killed"
    finish(["--output", whole, *flags])
    times = [event.time for event in _events(whole)]
    length = times[-1] - times[0]
    moments, command = random.Random(seed), ["--output", killed, *flags]
    for number in range(options.kills):
        _kill(command, killed, number * options.iterations // options.kills,
              moments.random() * length / options.iterations)
        command = ["--resume", killed]
        print(f"kill {number + 1}: {_state(killed)}", file=sys.stderr, flush=True)
    code = start(["--resume", killed]).wait()
    done = [event for event in _events(killed) if isinstance(event, Iteration)]
    renders = [Counter(path.name for path in RunDirectory(run).renders.glob("*.npz")) for run in (whole, killed)]
    checks = {"iterations_once_each": [event.iteration for event in done] == list(range(options.iterations)),
              "images_counted": [event.images for event in done]
              == [options.images * (n + 1) for n in range(options.iterations)],
              "same_renders": renders[0] == renders[1]}
    return {"seed": seed, "kills": options.kills, "exit_code": code,
            "psi_difference": _difference(final_psi(whole), final_psi(killed)),
            **{name: "yes" if good else "no" for name, good in checks.items()}, "seconds": round(length, 1)}


def material(folder: Path, width: int, height: int, count: int) -> list[Any]:
    """Builds the demo's scene and ``count`` validation images, once; returns the flags that name them."""
    scene, validation, size = folder / "demo.blend", folder / "validation", ["--width", width, "--height", height]
    if not scene.exists():
        finish(["build", "demo", "--output", scene])
    finish(["generate", "--scene", scene, "--count", count, "--output", validation, *size])
    return ["--scene", scene, "--validation", validation, *size]


def _kill(command: list, run: Path, share: int, delay: float) -> None:
    """Starts ``command`` and kills it ``delay`` seconds after it goes on, not before ``share`` iterations are complete.

    So the kills are spread over the run.
    """
    process = start(command)
    before = _lines(run)
    while process.poll() is None and (_lines(run) == before or _complete(run) < share):
        time.sleep(0.01)
    time.sleep(delay)
    process.kill()
    process.wait()


def finish(arguments: list) -> None:
    """Runs headless/run.py to its end. Raises InputError where that is not 0."""
    code = start(arguments).wait()
    if code:
        raise InputError(f"{' '.join(map(str, arguments[:2]))} ended with code {code}.")


def start(arguments: list) -> subprocess.Popen:
    """headless/run.py with these arguments, in silence."""
    return subprocess.Popen([sys.executable, str(RUN), *map(str, arguments)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def _lines(run: Path) -> int:
    path = RunDirectory(run).events
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _events(run: Path) -> list[Event]:
    return list(read_events(RunDirectory(run).events))


def _complete(run: Path) -> int:
    return sum(isinstance(event, Iteration) for event in _events(run))


def _state(run: Path) -> str:
    events = _events(run)
    return f"{_complete(run)} iterations, last event {events[-1].event if events else 'none'}"


def final_psi(run: Path) -> dict:
    stored = json.loads(RunDirectory(run).psi.read_text())
    return {(entry["key"], name): values for entry in stored["factors"] for name, values in entry["final"].items()}


def _difference(one: dict, other: dict) -> float:
    if one.keys() != other.keys():
        return float("inf")
    return max(abs(a - b) for key in one for a, b in zip(one[key], other[key], strict=True))

