"""The add-on, enabled in the bpy module, on a fresh scene."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
import pytest

from autosimulate_addon.ui import package
from autosimulate_addon.ui.jobs import launch
from autosimulate_addon.ui.torch import status as torch_status
from autosimulate_addon.ui.torch.location import TorchState


@pytest.fixture
def scene():
    """Blender's default scene with the add-on registered; unregistered and empty again afterwards."""
    import autosimulate_addon

    bpy.ops.wm.read_factory_settings(use_empty=False)
    autosimulate_addon.register()
    try:
        yield bpy.context.scene
    finally:
        autosimulate_addon.unregister()
        bpy.ops.wm.read_factory_settings(use_empty=True)


#: Stands in for the job: two iterations, then what it is told to end with.
_JOB = """
import json, os, sys, time
folder, ending = sys.argv[1:3]
def event(**data):
    with open(os.path.join(folder, "events.jsonl"), "a") as file:
        file.write(json.dumps({"time": time.time(), **data}) + "\\n")
event(event="start", iterations=2, pid=os.getpid(), factors=[])
psi = {"Light Power": {"mean": [222.0], "std": [22.0]}}
for i in (1, 2):
    event(event="iteration", iteration=i, images=4 * i, val_metric=0.1 * i, psi=psi)
with open(os.path.join(folder, "psi.json"), "w") as file:
    json.dump({"format": "autosimulate-psi", "factors": [{
        "key": "Light Power", "start": {"mean": [1000.0], "std": [1500.0]},
        "best": {"mean": [111.0], "std": [11.0]}, "latest": {"mean": [222.0], "std": [22.0]},
        "final": {"mean": [333.0], "std": [33.0]}}]}, file)
if ending == "wait":
    while not os.path.exists(os.path.join(folder, "cancel")):
        time.sleep(0.02)
    event(event="cancelled")
    sys.exit(130)
if ending == "crash":
    print("Error: The disk is full.", flush=True)
    sys.exit(2)
event(event="done", numbers={}, psi={"Light Power": {"mean": [333.0], "std": [33.0]}})
"""


@pytest.fixture
def ready(scene, tmp_path, monkeypatch):
    """A scene that could be optimized: one mark, one class, a folder of validation images."""
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "image.png").touch()
    monkeypatch.setattr(package, "user_folder", lambda: _made(tmp_path / "user"))
    monkeypatch.setattr(torch_status, "refresh", lambda: TorchState("2.13", source="of this Blender's Python"))
    monkeypatch.setattr(torch_status, "_state", TorchState("2.13", source="of this Blender's Python"))
    bpy.ops.autosimulate.mark_common(what="LIGHTS")
    bpy.ops.autosimulate.class_add(name="cube")
    for obj in scene.objects:
        obj.select_set(obj.type == "MESH")
    bpy.ops.autosimulate.class_assign(what="OBJECTS")
    scene.autosimulate.validation = str(tmp_path / "val")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    return bpy.context.scene


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def stand_in(monkeypatch):
    """A function: lets jobs end as told."""
    def use(ending: str) -> None:
        def command(_scene, copy, _arguments):
            return [sys.executable, "-c", _JOB, str(copy.parent), ending]
        monkeypatch.setattr(launch, "command", command)

    return use
