"""What a run has reached is delivered: linked classes, psi beyond a limit; a part that fails costs itself alone."""

import json

import bpy
import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.blender.marks import mark_scene, psi_properties
from autosimulate_addon.blender.render import session
from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.events import Problem
from autosimulate_addon.run import cli
from autosimulate_addon.run.optimization import deliver
from autosimulate_addon.run.record.events import read_events
from tests.run import scenes

ALL = {"numbers.json", "optimized.blend", "report.html", "report.png", "psi.json"}


def run(folder, *extra):
    return cli.main([str(part) for part in (
        "optimize", "--scene", folder / "scene.blend", "--marks", folder / "marks.toml", "--validation",
        folder / "validation", "--output", folder / "out", "--device", "cpu", "--iterations", 1, "--images", 4,
        "--no-compare", "--no-control", "--ensemble-size", 1, "--network-width", 2, *extra)])


@pytest.fixture
def folder(tmp_path):
    scenes.build_scene(tmp_path / "scene.blend")
    (tmp_path / "marks.toml").write_text(scenes.MARKS)
    scenes.build_validation(tmp_path / "validation")
    return tmp_path


def left_out(folder):
    return ALL - {path.name for path in (folder / "out").iterdir()}


def problems(folder):
    return [event.message for event in read_events(folder / "out/events.jsonl") if isinstance(event, Problem)]


def test_a_light_that_ends_with_its_mean_above_high_is_delivered_and_used(folder, capfd):
    (folder / "marks.toml").write_text(scenes.MARKS.replace("mean = 60.0\nstd = 40.0\nlow = 1.0\nhigh = 2000.0",
                                                            "mean = 10.0\nstd = 8.0\nlow = 1.0\nhigh = 20.0"))
    for path in (folder / "validation/images").iterdir():
        Image.fromarray(np.clip(np.asarray(Image.open(path)).astype(int) + 200, 0, 255).astype(np.uint8)).save(path)
    assert run(folder) == 0, capfd.readouterr().err
    final = json.loads((folder / "out/psi.json").read_text())["factors"][0]["final"]
    assert final["mean"][0] > 20.0
    assert not left_out(folder)
    assert cli.main(["optimize", "--resume", str(folder / "out")]) == 0
    for command, *rest in (("generate", "--count", "1", "--output", str(folder / "set")),
                           ("preview", "--count", "1", "--output", str(folder / "sheet.png")),
                           ("evaluate", "--count", "2", "--judges", "1", "--test", str(folder / "validation"))):
        assert cli.main([command, "--psi", str(folder / "out"), *rest]) == 0, capfd.readouterr().err
    bpy.ops.wm.open_mainfile(filepath=str(folder / "out/optimized.blend"))
    scene = bpy.context.scene
    assert psi_properties.read(scene, mark_scene.read(scene)[0])["power"] == final


def test_linked_data_is_a_class_of_a_marks_file(folder, capfd):
    bpy.data.objects["Ball"].name = "Pear"
    made = bpy.data.collections.new("Fruit")
    made.objects.link(bpy.data.objects["Pear"])
    bpy.data.libraries.write(str(folder / "fruit.blend"), {made})
    bpy.ops.wm.open_mainfile(filepath=str(folder / "scene.blend"))
    bpy.data.objects.remove(bpy.data.objects["Ball"])
    with bpy.data.libraries.load(str(folder / "fruit.blend"), link=True) as (_, wanted):
        wanted.collections = ["Fruit"]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"), check_existing=False)
    (folder / "marks.toml").write_text(scenes.MARKS.replace("\"objects['Ball']\", ", "").replace(
        "ball = [\"objects['Ball']\"]", "ball = \"collections['Fruit']\""))
    assert run(folder) == 0, capfd.readouterr().err
    assert not left_out(folder)
    bpy.ops.wm.open_mainfile(filepath=str(folder / "out/optimized.blend"))
    member = bpy.context.scene.autosimulate.classes["ball"].members[0].id
    assert member.name == "Fruit" and member.library is not None


@pytest.mark.parametrize(("name", "left"), [
    ("write_optimized", {"optimized.blend"}), ("write_report", {"report.html", "report.png"}),
    ("write_json", {"numbers.json"})])
def test_a_part_that_fails_costs_only_itself_and_comes_with_resume(folder, capfd, monkeypatch, name, left):
    def broken(*_arguments):
        raise OSError("no such luck")

    with monkeypatch.context() as patched:
        patched.setattr(deliver, name, broken)
        assert run(folder) == 0
    assert left_out(folder) == left
    assert capfd.readouterr().err.count("no such luck") == 1
    assert [message for message in problems(folder) if "no such luck" in message and "could not be written" in message]
    assert [event.event for event in read_events(folder / "out/events.jsonl")].count("done") == 1
    assert cli.main(["optimize", "--resume", str(folder / "out")]) == 0
    assert not left_out(folder)


def test_what_delivery_would_refuse_is_refused_before_anything_is_rendered(folder, capfd, monkeypatch):
    def refuse(*_arguments):
        raise InputError("Mark 'power': this scene cannot keep it.")

    def forbidden(*_arguments):
        raise AssertionError("something was rendered")

    monkeypatch.setattr(psi_properties, "write", refuse)
    monkeypatch.setattr(session.RenderSession, "render", forbidden)
    assert run(folder) == 2
    assert "cannot keep it" in capfd.readouterr().err
    assert not (folder / "out").exists()
