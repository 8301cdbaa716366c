"""What Blender cannot find or will not run is said, a sentence each, before anything is rendered."""

import shutil
from pathlib import Path

import bpy
import pytest

from autosimulate_addon.blender.render import session
from autosimulate_addon.protocol.events import Problem
from autosimulate_addon.run import cli
from autosimulate_addon.run.record.events import read_events
from autosimulate_addon.run.scene import load_problems
from tests.blender import libraries
from tests.run import scenes


def textured(folder):
    """The box wears an image beside the scene, which then goes."""
    image = bpy.data.images.new("wood", 4, 4)
    image.filepath_raw, image.file_format = str(folder / "wood.png"), "PNG"
    image.save()
    image.filepath = "//wood.png"
    material = bpy.data.materials.new("Wooden")
    material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    bpy.data.objects["Box"].data.materials.append(material)
    return folder / "wood.png"


def lettered(folder):
    bpy.ops.object.text_add()
    font = Path(bpy.utils.system_resource("DATAFILES")) / "fonts" / "DejaVuSansMono.woff2"
    shutil.copy(font if font.exists() else next(font.parent.iterdir()), folder / "letters.woff2")
    bpy.context.object.data.font = bpy.data.fonts.load(str(folder / "letters.woff2"))
    return folder / "letters.woff2"


def linked(folder):
    kept = folder / "scene_of_library.blend"
    shutil.copy(folder / "scene.blend", kept)
    with bpy.data.libraries.load(str(kept), link=True) as (_, wanted):
        wanted.collections, wanted.objects = [], ["Box"]
    for made in wanted.objects:
        bpy.context.scene.collection.objects.link(made)
    return kept


def opened(folder, change, gone=True):
    """The sentences about the scene after ``change``, with the file that it returns taken away."""
    path = scenes.build_scene(folder / "scene.blend")
    needed = change(folder)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False)
    if needed is not None and gone:
        needed.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    return load_problems.find(bpy.context.scene)


@pytest.mark.parametrize(("change", "said"), [
    (textured, "The image 'wood' is missing at '//wood.png'"),
    (lettered, "letters.woff2"),
    (linked, "scene_of_library.blend' is missing"),
])
def test_a_file_that_is_gone_is_one_sentence(tmp_path, change, said):
    found = opened(tmp_path, change)
    assert len(found) == 1 and said in found[0], found


@pytest.mark.parametrize("change", [textured, lettered, linked])
def test_a_file_that_is_there_is_none(tmp_path, change):
    assert opened(tmp_path, change, gone=False) == ()


def test_an_empty_file_is_as_good_as_none_and_a_packed_one_is_there(tmp_path):
    assert opened(tmp_path, lambda folder: textured(folder).write_bytes(b"") or None)[0].startswith("The image 'wood'")

    def pack(folder):
        needed = textured(folder)
        bpy.data.images["wood"].pack()
        return needed

    assert opened(tmp_path, pack) == ()


def test_what_a_library_no_longer_has_is_named(tmp_path):
    def change(folder):
        kept = linked(folder)
        bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"), check_existing=False)
        bpy.ops.wm.open_mainfile(filepath=str(kept))
        bpy.data.objects["Box"].name = "Crate"
        bpy.ops.wm.save_as_mainfile(filepath=str(kept), check_existing=False)
        bpy.ops.wm.open_mainfile(filepath=str(folder / "scene.blend"))

    found = opened(tmp_path, change)
    assert len(found) == 1 and found[0].startswith("objects['Box'] is not in its library"), found


def test_refused_drivers_are_named_and_arithmetic_ones_are_not(tmp_path):
    def change(_folder):
        box = bpy.data.objects["Box"]
        box.driver_add("hide_render").driver.expression = "__import__('os').getpid() > 0"
        box.driver_add("scale", 0).driver.expression = "1 + frame % 2"

    found = opened(tmp_path, change)
    assert len(found) == 1 and "objects['Box'].hide_render (__import__" in found[0], found


def test_refused_drivers_of_what_the_viewport_hides_are_named(tmp_path):
    def change(_folder):
        for name, expression in (("Box", "len(str(frame))"), ("Ball", "frame % 2 + max(1, sin(frame))")):
            block = bpy.data.objects[name]
            block.hide_viewport = True
            block.driver_add("location", 0).driver.expression = expression

    found = opened(tmp_path, change)
    assert len(found) == 1 and "objects['Box'].location (len(str(frame)))" in found[0], found


def test_a_file_of_a_newer_blender_is_said(tmp_path, monkeypatch):
    class Older:
        version = (2, 0, 0)

    opened(tmp_path, lambda folder: None)
    monkeypatch.setattr(load_problems.bpy, "app", Older())
    assert "was saved by Blender" in load_problems.find(bpy.context.scene)[0]


def test_many_of_a_kind_are_counted(tmp_path):
    def change(folder):
        needed = textured(folder)
        for number in range(20):
            copy = bpy.data.images["wood"].copy()
            copy.name, copy.use_fake_user = f"wood {number}", False
            node = bpy.data.materials["Wooden"].node_tree.nodes.new("ShaderNodeTexImage")
            node.image = copy
        return needed

    found = opened(tmp_path, change)
    assert len(found) == 9 and found[-1].startswith("13 more")


def test_a_run_says_it_on_the_terminal_in_its_log_and_in_its_events_before_it_renders(tmp_path, capfd, monkeypatch):
    opened(tmp_path, textured)
    (tmp_path / "marks.toml").write_text(scenes.MARKS)
    scenes.build_validation(tmp_path / "validation")
    rendered = session.RenderSession.render

    def watched(self, *arguments):
        assert "wood.png" in (tmp_path / "out/log.txt").read_text()
        return rendered(self, *arguments)

    monkeypatch.setattr(session.RenderSession, "render", watched)
    assert cli.main(["optimize", "--scene", str(tmp_path / "scene.blend"), "--marks", str(tmp_path / "marks.toml"),
                     "--validation", str(tmp_path / "validation"), "--output", str(tmp_path / "out"), "--device", "cpu",
                     "--iterations", "1", "--images", "2", "--no-compare", "--no-control", "--ensemble-size", "1"]) == 0
    said = [line for line in capfd.readouterr().err.splitlines() if "wood.png" in line]
    assert len(said) == 1 and said[0].startswith("Note: The image 'wood'")
    told = [event.message for event in read_events(tmp_path / "out/events.jsonl") if isinstance(event, Problem)]
    assert any("wood.png" in message for message in told)
    assert "wood.png" in (tmp_path / "out/report.html").read_text()


def test_a_data_set_keeps_what_was_said_of_its_scene(tmp_path, capfd):
    opened(tmp_path, textured)
    (tmp_path / "marks.toml").write_text(scenes.MARKS)
    assert cli.main(["generate", "--scene", str(tmp_path / "scene.blend"), "--marks", str(tmp_path / "marks.toml"),
                     "--count", "1", "--output", str(tmp_path / "set")]) == 0
    assert capfd.readouterr().err.count("wood.png") == 1
    assert "wood.png" in (tmp_path / "set/log.txt").read_text()


def test_a_library_of_a_library_is_where_the_open_file_says(tmp_path):
    scene = libraries.basket(tmp_path / "project")
    assert sorted(bool(library.parent) for library in bpy.data.libraries) == [False, True]
    assert not load_problems.find(scene)
    (tmp_path / "project/pear/fruit.blend").unlink()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath, load_ui=False, use_scripts=False)
    assert "fruit.blend' is missing" in load_problems.find(bpy.context.scene)[0]
