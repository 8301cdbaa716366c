"""Kills a run at random moments, resumes it, and holds the result against an uninterrupted one.

    python headless/benchmarks/kill_resume.py --output DIR [--kills 5] [--seed 0]

Runs the demo's scene at a small size: once in peace, once killed (SIGKILL) again and again, wherever it happens to
be: rendering, training, writing a checkpoint. Exit code 0 when psi agree to 1e-6 and no image was lost or counted
twice.
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

RUN = Path(__file__).resolve().parents[1] / "run.py"
TOLERANCE = 1e-6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the run and of the moments")
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--images", type=int, default=6)
    options = parser.parse_args()
    scene, validation = options.output / "demo.blend", options.output / "validation"
    size = ["--width", 32, "--height", 24]
    for command in (["build", "demo", "--output", scene],
                    ["generate", "--scene", scene, "--count", 12, "--output", validation, *size]):
        if _start(command).wait() != 0:
            print(f"'{command[0]}' failed", file=sys.stderr)
            return 1
    flags = ["--scene", scene, "--validation", validation, *size, "--iterations", options.iterations,
             "--images", options.images, "--seed", options.seed, "--epochs", 4, "--no-compare", "--device", "cpu"]
    whole, killed = options.output / "uninterrupted", options.output / "killed"

    if _start(["--output", whole, *flags]).wait() != 0:
        print("the uninterrupted run failed", file=sys.stderr)
        return 1
    times = [event["time"] for event in _events(whole)]
    length = times[-1] - times[0]
    moments = random.Random(options.seed)
    happened = []
    command = ["--output", killed, *flags]
    for number in range(options.kills):
        process = _start(command)
        # Spread over the run: not before its share of iterations is complete, then a random moment of the next one.
        share = number * options.iterations // options.kills
        before = _lines(killed)
        while process.poll() is None and (_lines(killed) == before or _complete(killed) < share):
            time.sleep(0.01)
        time.sleep(moments.random() * length / options.iterations)
        process.kill()
        process.wait()
        command = ["--resume", killed]
        happened.append({"kill": number + 1, "after": _state(killed)})
        print(f"kill {number + 1}: {happened[-1]['after']}", file=sys.stderr, flush=True)
    code = _start(["--resume", killed]).wait()
    difference = _difference(_psi(whole), _psi(killed))
    iterations = [event["iteration"] for event in _events(killed) if event["event"] == "iteration"]
    images = [event["images"] for event in _events(killed) if event["event"] == "iteration"]
    renders = {folder: Counter(path.name for path in (folder / "renders").glob("*.npz")) for folder in (whole, killed)}
    result = {
        "exit_code": code, "kills": happened, "largest_difference_of_psi": difference,
        "iterations_once_each": iterations == list(range(options.iterations)),
        "images_counted": images == [options.images * (n + 1) for n in range(options.iterations)],
        "same_renders_on_disk": renders[whole] == renders[killed], "uninterrupted_seconds": round(length, 1),
    }
    print(json.dumps(result))
    good = code == 0 and difference <= TOLERANCE and all(
        result[name] for name in ("iterations_once_each", "images_counted", "same_renders_on_disk"))
    return 0 if good else 1


def _start(arguments: list) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(RUN), *map(str, arguments)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def _lines(run: Path) -> int:
    path = run / "events.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _events(run: Path) -> list[dict]:
    path, events = run / "events.jsonl", []
    for line in (path.read_text() if path.exists() else "").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            continue        # the line that a kill cut short
    return events


def _complete(run: Path) -> int:
    return sum(event["event"] == "iteration" for event in _events(run))


def _state(run: Path) -> str:
    events = _events(run)
    return f"{_complete(run)} iterations, last event {events[-1]['event'] if events else 'none'}"


def _psi(run: Path) -> dict:
    stored = json.loads((run / "psi.json").read_text())
    return {(entry["key"], name): values for entry in stored["factors"] for name, values in entry["final"].items()}


def _difference(one: dict, other: dict) -> float:
    if one.keys() != other.keys():
        return float("inf")
    return max(abs(a - b) for key in one for a, b in zip(one[key], other[key], strict=True))


if __name__ == "__main__":
    sys.exit(main())
