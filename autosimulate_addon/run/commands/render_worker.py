"""A process that renders for a job: opens the copy of its scene, then serves it (see ``workers.serve``)."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import bpy

from ...blender.marks import plain, properties
from ...blender.render import scratch
from ...blender.render.session import RenderSession
from ...blender.render.stage import RenderSettings
from ...protocol import InputError
from ..scene import scene_file
from ..scene.farm import CLUSTER_PREFIX, FOLDER_PREFIX, about
from ..workers.serve import Renderer, serve


def run() -> int:
    """Serves until the job says goodbye or is gone; the exit code."""
    serve(_opened, _forget)
    return 0


@contextlib.contextmanager
def _opened(order: Mapping[str, Any]) -> Iterator[Renderer]:
    properties.ensure_registered()
    scene_file.open_scene(order["scene"])
    scene = bpy.data.scenes.get((order["name"], None))
    if scene is None:
        raise InputError(f"The scene {order['name']!r} is not in the copy of the file that is rendered.")
    scene.render.threads_mode, scene.render.threads = "FIXED", order["threads"]
    marks, classes = plain.load(order)
    with RenderSession(scene, marks, classes, RenderSettings(**order["settings"])) as session:
        yield Renderer(about(session), session.render, lambda: {"expected": session.expected_classes()})


def _forget(order: Mapping[str, Any]) -> None:
    scratch.remove(os.getpid())
    folder = Path(order["scene"]).absolute().parent
    if folder.name.startswith((FOLDER_PREFIX, CLUSTER_PREFIX)):
        shutil.rmtree(folder, ignore_errors=True)
