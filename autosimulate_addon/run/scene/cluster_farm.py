"""A scene rendered on a Ray cluster: it travels packed, with the program that renders it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import bpy

from ...blender.render import scratch
from ...blender.render.session import RenderSession
from ...protocol import InputError
from ..config import RunConfig
from ..process.names import PACK_SCENE, RENDER_WORKER
from ..process.script import RUN_SCRIPT, own_command, program_files
from ..workers import cluster
from ..workers.child import Child, Limits
from . import scene_file
from .farm import CLUSTER_PREFIX, order

#: In the folder of a process.
_SCENE = "copy.blend"


class ClusterFarm:
    """As many processes as ``config`` says (one worker: one a machine, or a graphics card where ``scene`` renders on
    them) on its cluster, each started there by its program (see ``script.own_command``).

    Raises InputError where the cluster is not there, or too small.
    """

    depth = cluster.DEPTH

    def __init__(self, scene: bpy.types.Scene, config: RunConfig) -> None:
        self._on_cards = getattr(getattr(scene, "cycles", None), "device", "CPU") == "GPU"
        self._program = config.cluster_program
        self._cluster = cluster.Cluster(config.cluster)
        try:
            self.count, self._threads = self._cluster.shares(config.workers if config.workers > 1 else None,
                                                             self._on_cards)
        except BaseException:
            self._cluster.close()
            raise

    def prepare(self, session: RenderSession, folder: Path) -> Callable[[int], Child]:
        copy = folder / _SCENE
        scene_file.save_copy(copy)
        pack(copy)
        asked, limits = order(session, _SCENE, self._threads), Limits()
        command = own_command(RENDER_WORKER, program=self._program,
                              script=RUN_SCRIPT.relative_to(RUN_SCRIPT.parents[1]).as_posix())
        resources = {"num_cpus": self._threads, "num_gpus": int(self._on_cards)}
        process = self._cluster.processes({**program_files(), _SCENE: copy.read_bytes()}, command, CLUSTER_PREFIX,
                                          scratch.remove, resources)
        return lambda place: Child(process(place), asked, limits)

    def close(self) -> None:
        self._cluster.close()


def pack(path: Path) -> None:
    """Packs what the scene ``path`` needs into it, in a process of its own. Raises InputError where that cannot be."""
    done = subprocess.run(own_command(PACK_SCENE, str(path)), capture_output=True, text=True, errors="replace",
                          check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["it ended without a word"]
        raise InputError(f"The scene cannot be packed for the cluster: {said[-1].removeprefix('Error: ')}")
