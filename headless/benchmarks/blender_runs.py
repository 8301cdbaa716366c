"""Whole runs in Blender: headless/run.py as a process of its own, its final numbers as they come out of --json."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autosimulate_addon.protocol import InputError, Moments

RUN = Path(__file__).resolve().parents[1] / "run.py"


def run_py(*arguments: Any) -> dict[str, Any]:
    """Runs headless/run.py with these arguments and returns its numbers. What it says goes to the screen."""
    command = [sys.executable, str(RUN), *(str(argument) for argument in arguments), "--json"]
    print("$", shlex.join(command), file=sys.stderr, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 130:
        raise KeyboardInterrupt
    if done.returncode != 0:
        raise InputError(f"headless/run.py {arguments[0]} ended with code {done.returncode}; what it said is above.")
    return json.loads(done.stdout.strip().splitlines()[-1])


@dataclass(frozen=True)
class Settings:
    """Of the runs of one benchmark."""

    work: Path
    iterations: int
    images: int
    count: int                      # images a fresh network is trained on
    judges: int             # that judge each psi
    width: int | None = None
    flags: tuple[str, ...] = ()     # more for optimize

    @property
    def size(self) -> list[Any]:
        return [] if self.width is None else ["--width", self.width]

    @property
    def fresh(self) -> list[Any]:
        """How psi are judged."""
        return ["--count", self.count, "--judges", self.judges]


def optimize(settings: Settings, folder: Path, seed: int, *arguments: Any) -> tuple[dict[str, Any], float]:
    """(final numbers, wall seconds of this call) of a run in ``folder``; goes on with one that was stopped there."""
    began = time.monotonic()
    if (folder / "config.json").exists():
        return run_py("optimize", "--resume", folder), time.monotonic() - began
    numbers = run_py("optimize", "--output", folder, "--seed", seed, "--iterations", settings.iterations, "--images",
                     settings.images, *settings.fresh, *settings.size, *arguments, *settings.flags)
    return numbers, time.monotonic() - began


def evaluate(settings: Settings, scene: Path, psi: Path, test: Path, seed: int, *arguments: Any) -> dict[str, Any]:
    """Fresh networks on images from ``psi``, scored on ``test``. The same seed: the same underlying random numbers."""
    return run_py("evaluate", "--scene", scene, "--psi", psi, "--test", test, "--seed", seed, *settings.fresh,
                  *settings.size, *arguments)


def write_psi(path: Path, plain: Mapping[str, Moments]) -> Path:
    """A psi.json of plain numbers that no run has found: a start, a target. In a folder that is no run's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    factors = [{"key": key, "start": {name: [float(value) for value in _list(values)]
                                      for name, values in numbers.items()}} for key, numbers in plain.items()]
    path.write_text(json.dumps({"format": "autosimulate-psi", "version": 1, "factors": factors}, indent=2) + "\n",
                    encoding="utf-8")
    return path


def _list(values: Any) -> list[Any]:
    return [values] if isinstance(values, (int, float)) else list(values)
