"""Where a scene is rendered by other processes: what the simulator asks of this machine, or of a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from ...blender.marks import plain
from ...blender.render import scratch
from ...blender.render.session import RenderSession
from ..process.script import render_worker_command
from ..workers.child import Child, Limits
from ..workers.process import LocalProcess
from . import scene_file

#: Of the folder with the copy of the scene, for as long as its job lives.
FOLDER_PREFIX = "autosimulate-workers-"
#: Likewise, on a cluster's machine.
CLUSTER_PREFIX = "autosimulate-cluster-"


class Farm(Protocol):
    """``depth`` draws at a time go to each of ``count`` processes."""

    count: int
    depth: int

    def prepare(self, session: RenderSession, folder: Path) -> Callable[[int], Child]:
        """What starts the process of each place, for this scene; ``folder`` is there as long as they are."""

    def close(self) -> None:
        """When all processes have ended."""


class ThisMachine:
    """``count`` processes here. Each uses its share of the processor's cores, and, where ``devices`` ("0,1") names
    graphics cards, sees one of them alone."""

    depth = 1

    def __init__(self, count: int, devices: str = "") -> None:
        self.count = count
        self._devices = [device.strip() for device in devices.split(",") if device.strip()]

    def prepare(self, session: RenderSession, folder: Path) -> Callable[[int], Child]:
        copy = folder / "copy.blend"
        scene_file.save_copy(copy)
        asked = order(session, str(copy), max(1, cores() // self.count))
        limits, command = Limits(), render_worker_command()

        def start(place: int) -> Child:
            environment = {"TMPDIR": str(folder)}
            if self._devices:
                environment["CUDA_VISIBLE_DEVICES"] = self._devices[place % len(self._devices)]
            process = LocalProcess(command, folder / f"{place}.log", environment, sweep=scratch.remove)
            return Child(process, asked, limits)

        return start

    def close(self) -> None:
        pass


def order(session: RenderSession, copy: str, threads: int) -> dict[str, Any]:
    """What a process is to do with ``copy`` of the scene."""
    return {"scene": copy, "name": session.scene.name, "settings": asdict(session.settings), "threads": threads,
            "about": about(session), **plain.dump(session.marks, session.class_table)}


def about(session: RenderSession) -> dict[str, Any]:
    """What the sessions of all processes must agree on, as JSON has it."""
    return {"classes": list(session.classes), "factors": [factor.key for factor in session.factors],
            "layers": [[layer.name, [[driver.factor, driver.element] for driver in layer.drivers]]
                       for layer in session.layers],
            "size": [session.settings.height, session.settings.width]}


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
