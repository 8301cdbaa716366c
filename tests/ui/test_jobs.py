"""Jobs as the window sees them: starting, following, ending, keeping, and what clumsy hands do meanwhile.

The background Blender is replaced by a small script that writes what a job writes.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import bpy
import pytest

from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.events import Problem, Start
from autosimulate_addon.ui import monitor, package, panel_data, wording
from autosimulate_addon.ui.jobs import launch, table
from autosimulate_addon.ui.jobs.job import BackgroundJob
from autosimulate_addon.ui.jobs.run_follower import RunState
from autosimulate_addon.ui.operators import optimize
from autosimulate_addon.ui.torch import status as torch_status
from autosimulate_addon.ui.torch.location import TorchState
from tests.ui.test_marking import sentence

ops = bpy.ops.autosimulate

def follow(until="ended", timeout=20.0) -> BackgroundJob:
    job, end = table.job(), time.monotonic() + timeout
    while time.monotonic() < end:
        monitor.step(job)
        if job.state.ended if until == "ended" else job.state.curve and job.psi_now:
            return job
        time.sleep(0.05)
    raise TimeoutError(job.state)


def shown(scene) -> float:
    """The mean that the panels show and draws are made from."""
    return panel_data.refresh(scene).psi["Light Power"]["mean"][0]


def psi() -> float | None:
    """The mean in the scene."""
    return bpy.data.lights["Light"].get("psi.energy.mean")


def test_a_run_to_its_end(ready, stand_in):
    stand_in("done")
    assert ops.optimize() == {"FINISHED"}
    job = follow()
    assert job.state.status == "done" and shown(ready) == 333.0
    assert psi() is None                                # nothing enters the scene, nor the file, before Keep
    directory = Path(ready.autosimulate.run_dir)
    assert (directory / "scene.blend").exists() and directory.parent.name == "autosimulate_runs"
    data = panel_data.refresh(ready)
    assert data.changes == [("Light Power", "1000 ± 1500 W", "333 ± 33 W")]
    ops.apply_mean()
    assert bpy.data.lights["Light"].energy == pytest.approx(333.0)
    ops.keep()
    assert psi() == shown(ready) == 333.0


def test_pictures_before_keep_are_of_what_the_panel_shows(ready, stand_in, monkeypatch):
    stand_in("done")
    ops.optimize()
    follow()
    asked = []
    monkeypatch.setattr(launch, "_start", lambda arguments, _log: asked.append(arguments))
    monkeypatch.setattr(launch, "command", lambda _scene, _copy, arguments: arguments)
    ops.sample_sheet(count=4)
    written = json.loads(Path(asked[0][asked[0].index("--psi") + 1]).read_text())
    assert [(entry["key"], entry["latest"]) for entry in written["factors"]] == \
        [("Light Power", {"mean": [333.0], "std": [33.0]})]
    ops.keep()
    table.forget("PREVIEW")
    ops.sample_sheet(count=4)
    assert "--psi" not in asked[1]                      # the copied scene has them


def test_psi_come_while_it_runs_and_cancel_keeps_the_best(ready, stand_in):
    stand_in("wait")
    ops.optimize()
    follow("psi")
    assert shown(ready) == 222.0 and psi() is None
    assert "already" in sentence(ops.optimize)
    ops.cancel()
    job = follow()
    assert job.state.status == "cancelled" and shown(ready) == 111.0
    ops.keep()
    assert psi() == 111.0


def test_discard_brings_back_what_was_there(ready, stand_in):
    light = bpy.data.lights["Light"]
    light["psi.energy.mean"], light["psi.energy.std"] = 50.0, 5.0
    stand_in("done")
    ops.optimize()
    follow()
    assert (psi(), shown(ready)) == (50.0, 333.0)
    ops.discard()
    assert psi() == shown(ready) == 50.0
    ops.keep()
    assert psi() == 333.0
    ops.keep()                                          # twice is once
    ops.discard()
    assert psi() == 50.0


def test_discard_where_there_was_nothing(ready, stand_in):
    stand_in("done")
    ops.optimize()
    follow()
    ops.keep()
    ops.discard()
    assert psi() is None


def test_a_job_that_ends_badly_says_why_in_one_sentence(ready, stand_in):
    stand_in("crash")
    ops.optimize()
    job = follow()
    assert job.state.status == "error" and "The disk is full" in job.state.error
    ops.view_log(kind="OPTIMIZE")
    assert "disk is full" in bpy.data.texts["AutoSimulate Log"].as_string()


def test_attach_after_the_file_was_opened_again(ready, stand_in):
    stand_in("done")
    ops.optimize()
    follow()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)        # not saved since: the file knows nothing of the run
    assert table.job() is None and psi() is None
    assert ops.attach() == {"FINISHED"}
    assert table.job().state.status == "done" and psi() is None       # nothing changes before Keep
    ops.keep()
    assert psi() == 333.0


def test_attach_to_a_run_that_goes_on(ready, stand_in):
    stand_in("wait")
    ops.optimize()
    process = table.job().process
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    try:
        end = time.monotonic() + 20
        while not (jobs_folder() / "psi.json").exists() and time.monotonic() < end:
            time.sleep(0.05)
        ops.attach()
        assert not table.job().state.ended
        ops.cancel()
        assert follow().state.status == "cancelled"
    finally:
        process.kill()
        process.wait()


def jobs_folder() -> Path:
    return Path(launch.registry().entries()[0]["directory"])


def test_a_file_opened_while_its_run_goes_on_is_attached_by_itself(ready, stand_in):
    stand_in("wait")
    ops.optimize()
    process = table.job().process
    try:
        follow("psi")
        bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
        assert table.job() is None
        assert optimize.attach_to_running(bpy.context.scene) and not table.job().state.ended
        assert "already" in sentence(ops.optimize)          # no second run beside it
        assert not optimize.attach_to_running(bpy.context.scene)
        ops.cancel()
        follow()
        bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
        assert not optimize.attach_to_running(bpy.context.scene)    # what has ended waits for Attach to Run
    finally:
        process.kill()
        process.wait()


def test_a_run_that_learned_nothing_has_nothing_to_keep(ready, tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "events.jsonl").write_text(json.dumps({"event": "start", "pid": 1, "time": 1.0}) + "\n"
                                         + json.dumps({"event": "error", "message": "No.", "time": 2.0}) + "\n")
    ops.attach(directory=str(folder))
    for operator in (ops.keep, ops.discard):
        assert "before it learned anything" in sentence(operator)


def test_attach_to_a_run_that_died(ready, tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "events.jsonl").write_text(json.dumps({"event": "start", "pid": 999_999_999, "time": 1.0}) + "\n")
    ops.attach(directory=str(folder))
    assert table.job().state.status == "lost" and "without finishing" in table.job().state.error


# Clumsy and hostile actions: one sentence each, nothing lost

def test_no_validation_folder(ready):
    ready.autosimulate.validation = ""
    assert "Choose a folder" in sentence(ops.optimize)


def test_validation_folder_gone(ready):
    ready.autosimulate.validation = "/nowhere/at/all"
    assert "does not exist" in sentence(ops.optimize)
    assert "cannot be read" in sentence(ops.check_validation)


def test_empty_validation_folder(ready, tmp_path):
    (tmp_path / "empty").mkdir()
    ready.autosimulate.validation = str(tmp_path / "empty")
    assert "empty" in sentence(ops.optimize)


def test_deleted_marked_object(ready):
    ready.objects["Cube"].select_set(True)
    ops.mark_selected(path="location", shared=True)
    bpy.data.objects.remove(ready.objects["Cube"])
    assert "no longer exists" in sentence(ops.optimize)
    data = panel_data.refresh(ready)
    assert data.rows["Cube Location"].problem and not data.rows["Light Power"].problem
    assert ops.draw_sample(seed=1) == {"FINISHED"}      # the others are drawn all the same
    ops.mark_common(what="BOUNCES")                     # and more can be marked
    ready.autosimulate.active_mark = 1
    ops.mark_remove()
    assert "Cube Location" not in ready.autosimulate.marks


def test_renamed_marked_light(ready, stand_in):
    bpy.data.lights["Light"].name = "Sun of Summer"
    stand_in("done")
    ops.optimize()
    follow()
    ops.keep()
    assert bpy.data.lights["Sun of Summer"]["psi.energy.mean"] == 333.0


def test_object_deleted_while_it_runs(ready, stand_in):
    stand_in("wait")
    ops.optimize()
    follow("psi")
    bpy.data.lights.remove(bpy.data.lights["Light"])
    ops.cancel()
    assert follow().state.status == "cancelled"
    assert ops.keep() == {"FINISHED"}                   # what is left is kept; the rest is named


def test_linked_and_not_appended(ready, tmp_path):
    bpy.data.lights["Light"].name = "Remote"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"), copy=True)
    bpy.data.lights["Remote"].name = "Light"
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, target):
        target.lights = ["Remote"]
    linked = next(light for light in bpy.data.lights if light.library)
    ready.collection.objects.link(bpy.data.objects.new("Linked Lamp", linked))
    assert "linked" in sentence(lambda: ops.mark_common(what="LIGHTS"))
    assert len(ready.autosimulate.marks) == 1


def test_two_scenes_do_not_mix(ready, stand_in):
    stand_in("done")
    ops.optimize()
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    job = follow()
    assert job.scene == "Scene"
    assert "no result" in sentence(ops.keep)
    assert len(other.autosimulate.marks) == 0 and not panel_data.refresh(other).psi
    bpy.context.window.scene = bpy.data.scenes["Scene"]
    ops.keep()
    assert psi() == 333.0                               # into the scene it was started in


def test_scene_removed_while_it_runs(ready, stand_in):
    stand_in("wait")
    ops.optimize()
    follow("psi")
    bpy.data.scenes.new("Other")
    bpy.data.scenes.remove(bpy.data.scenes["Scene"])
    ops.cancel(kind="OPTIMIZE")
    assert follow().state.status == "cancelled"


def test_file_never_saved(scene, ready, stand_in, tmp_path):
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    scene = bpy.context.scene
    ops.mark_common(what="LIGHTS")
    ops.class_add(name="cube")
    scene.objects["Cube"].select_set(True)
    ops.class_assign(what="OBJECTS")
    scene.autosimulate.validation = str(tmp_path / "val")
    stand_in("done")
    ops.optimize()
    assert follow().directory.parent == tmp_path / "user" / "runs"
    scene.autosimulate.dataset_dir = "//data"
    assert "Save the file first" in sentence(ops.generate)


def test_folder_that_cannot_be_written(ready, stand_in, tmp_path, monkeypatch):
    (tmp_path / "autosimulate_runs").write_text("a file is in the way")
    stand_in("done")
    ops.optimize()                                      # beside the file it is not possible: the add-on's own folder
    assert follow().directory.parent == tmp_path / "user" / "runs"
    table.forget("OPTIMIZE")
    monkeypatch.setattr(package, "user_folder", lambda: tmp_path / "val" / "image.png")
    assert "No folder for the run" in sentence(ops.optimize)


def test_disk_full_while_copying_the_scene(ready, stand_in, tmp_path, monkeypatch):
    def full(_path):
        raise InputError("The scene could not be copied: No space left on device")
    monkeypatch.setattr(launch, "save_copy", full)
    stand_in("done")
    assert "No space left" in sentence(ops.optimize)
    assert list((tmp_path / "autosimulate_runs").iterdir()) == []       # nothing half is left


def test_pytorch_removed_in_between(ready, monkeypatch, tmp_path):
    monkeypatch.setattr(torch_status, "refresh", lambda: TorchState())
    assert "PyTorch is not installed" in sentence(ops.optimize)
    assert not (tmp_path / "autosimulate_runs").exists() or not list((tmp_path / "autosimulate_runs").iterdir())


def test_blender_program_that_is_gone(ready, monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "command", lambda *_: [str(tmp_path / "no-blender")])
    assert "could not be started" in sentence(ops.optimize)
    assert list((tmp_path / "autosimulate_runs").iterdir()) == []


def test_folder_that_is_no_run(ready, tmp_path):
    assert "not the folder of a run" in sentence(lambda: ops.attach(directory=str(tmp_path)))


def test_everything_locked(ready):
    ready.autosimulate.marks[0].locked = True
    assert "locked" in sentence(ops.optimize)


def test_class_without_objects(ready):
    ops.class_add(name="dog")
    assert "dog has no objects" in sentence(ops.optimize)


def test_no_camera(ready):
    ready.camera = None
    assert "no camera" in sentence(ops.optimize)


def test_data_set_folder_that_holds_something_else(ready, tmp_path):
    ready.autosimulate.dataset_dir = str(tmp_path / "val")
    assert "not empty" in sentence(ops.generate)
    assert os.listdir(tmp_path / "val") == ["image.png"]


def test_data_set_with_more_images_or_among_photographs(ready, tmp_path):
    data = tmp_path / "data"
    (data / "records").mkdir(parents=True)
    (data / "dataset.json").write_text("{}")
    for i in range(6):
        (data / "records" / f"{i:06d}.json").write_text("{}")
    ready.autosimulate.dataset_dir, ready.autosimulate.dataset_count = str(data), 4
    said = sentence(ops.generate)
    assert "already holds 6 images" in said and "--" not in said        # a window has no flags
    ready.autosimulate.validation, ready.autosimulate.dataset_count = str(data), 60
    assert "folder of the validation images" in sentence(ops.generate)


def test_nan_typed_into_the_custom_property(ready):
    light = bpy.data.lights["Light"]
    light["psi.energy.mean"], light["psi.energy.std"] = float("nan"), 1.0
    assert panel_data.refresh(ready).rows["Light Power"].problem
    sentence(lambda: ops.draw_sample(seed=1))


def test_a_note_names_the_button_that_makes_up_for_what_is_missing():
    told = "model.onnx is left out, for want of packages: pip install onnx, and --resume makes up for it."
    assert "--" not in wording.note(told) and "Go On" in wording.note(told)
    state = RunState()
    state.apply(Problem("The lights were matched."))
    state.apply(Problem(told, left_out=True))
    assert state.left_out == [told] and len(state.problems) == 2
    state.apply(Start())                                                        # it goes on: that is made up for
    assert not state.left_out and state.problems == ["The lights were matched."]
