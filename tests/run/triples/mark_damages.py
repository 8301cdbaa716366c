"""What is wrong with marks: each a function of the open scene and its good marks, to which it adds what cannot be."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import bpy

from tests.run.triples.deck import EITHER, RESULT, Raw, Verdict, data_text, refused
from tests.run.triples.mark_cases import IMPOSSIBLE, Marks
from tests.run.triples.scene_cases import Scene

Damage = Callable[[Scene, Marks, random.Random], Verdict]


def _own(scene: Scene) -> bpy.types.Object:
    """Another object, which is in the way of no other mark."""
    thing = bpy.data.objects.new("Own", bpy.data.meshes.new("Own"))
    bpy.context.scene.collection.objects.link(thing)
    return thing


def numbers(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    values, says = rng.choice(IMPOSSIBLE)
    _own(scene)
    marks.entries.append({"data": "objects['Own']", "path": "scale", "index": 0, "family": "lognormal", **values})
    return refused(*says)


def limits(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    path, more, says = rng.choice((
        ("lens", {"low": -5.0}, "limit"), ("lens", {"mean": 0.1, "std": 0.01}, "outside"),
        ("shift_x", {"family": "lognormal", "mean": -1.0, "std": 1.0}, "above 0"),
        ("shift_x", {"family": "bounded", "low": -1.0, "high": 1.0,
         "mean": 0.9, "std": 0.9}, "standard deviation"), ("shift_x", {"family": "bounded", "low": 0.5, "high": 0.5},
         "below")))
    camera = bpy.data.cameras.new("Other")
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Other", camera))
    marks.entries.append({"data": "cameras['Other']", "path": path, **more})
    return refused(says)


def data_gone(_scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    data = rng.choice(("objects['Gone']", "lights['*gone*']", "rubbish['x']", "objects", "objects['a", "",
                       "bpy.data.objects['Gone']", "objects['Gone', '//gone.blend']", "__class__['x']", "\n"))
    marks.entries.append({"data": data, "path": "location"})
    return refused()


def path_gone(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    _own(scene)
    path = rng.choice(("enrgy", "location or __import__('os')", "location[7]", "location[", "data.nothing", "[", "..",
                       'modifiers["x"].width', "bl_rna", "material_slots[0].material", "copy", "location.x", '["gone"]',
                       "data", "parent", "name", "users", "matrix_world.x", "\n"))
    marks.entries.append({"data": "objects['Own']", "path": path})
    return refused()


def written_by_others(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    """A driver, keyframes or a constraint would overwrite every draw."""
    thing, how = _own(scene), rng.choice(("driver", "script", "keyframe", "constraint", "action of the socket"))
    if how in ("driver", "script"):
        thing.driver_add("location", 1).driver.expression = "1.0" if how == "driver" else "len('x')"
    elif how == "keyframe":
        thing.keyframe_insert("location", frame=1)
    elif how == "constraint":
        thing.constraints.new("COPY_LOCATION").target = bpy.context.scene.objects[0]
    else:
        world = bpy.context.scene.world or bpy.data.worlds.new("World")
        world.use_nodes, bpy.context.scene.world = True, world
        world.node_tree.nodes["Background"].inputs["Strength"].keyframe_insert("default_value", frame=1)
        marks.entries.append({"data": data_text("worlds", world.name),
                              "path": 'node_tree.nodes["Background"].inputs["Strength"].default_value'})
        return refused("keyframe", "twice", "already")
    marks.entries.append({"data": "objects['Own']", "path": "location"})
    return refused("driv", "keyframe", "constraint")


def another_rotation(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    thing = _own(scene)
    thing.rotation_mode, path = rng.choice((("QUATERNION", "rotation_euler"), ("AXIS_ANGLE", "rotation_euler"),
                                            ("XYZ", "rotation_quaternion"), ("XYZ", "rotation_axis_angle")))
    marks.entries.append({"data": "objects['Own']", "path": path})
    return refused("rotat", "quaternion", "mode")


def socket_with_a_link(scene: Scene, marks: Marks, _rng: random.Random) -> Verdict:
    material = bpy.data.materials.new("Noisy")
    material.use_nodes = True
    tree = material.node_tree
    noise = tree.nodes.new("ShaderNodeTexNoise")
    tree.links.new(noise.outputs[0], tree.nodes["Principled BSDF"].inputs["Roughness"])
    _own(scene).data.materials.append(material)
    marks.entries.append({"data": "materials['Noisy']",
                          "path": 'node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value'})
    return refused("link", "connect", "socket")


def twice(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    _own(scene)
    marks.entries += [{"data": "objects['Own']", "path": "location", **rng.choice(({}, {"index": 0}))},
                      {"data": "objects['Own']", "path": "location", "index": 0}]
    return refused("twice", "so does", "already")


def names(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    """Marks of one name, and names that others have taken."""
    _own(scene)
    name, other = rng.choice((("same", "same"), ("film:exposure", ""), ("", ""), ("x", "X")))
    marks.entries = [entry for entry in marks.entries if "film" not in entry]
    marks.entries += [{"data": "objects['Own']", "path": "location", "name": name},
                      {"data": "objects['Own']", "path": "scale", "name": other} if other != "" or name == "" else
                      {"film": "exposure"}]
    return refused("named") if name == "same" else EITHER


def families(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    _own(scene)
    path, family = rng.choice((("location", "bernoulli"), ("location", "categorical"), ("location", "integer"),
                               ("hide_render", "normal"), ("hide_render", "categorical"), ("pass_index", "bernoulli"),
                               ("rotation_mode", "bounded"), ("rotation_mode", "lognormal"),
                               ("rotation_mode", "integer"), ("scale", "bernoulli")))
    marks.entries.append({"data": "objects['Own']", "path": path, "family": family})
    return refused("not a", "cannot be", "choice", "family", "number")


def choices(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    _own(scene)
    marks.entries.append({"data": "objects['Own']", "path": "pass_index", **rng.choice((
        {"items": [1]}, {"items": [1, 1]}, {"items": ["a", "b"]}, {"items": [0.5, 1.5]}, {"items": [0, 10**12]},
        {"items": [0, 1], "p": [0.2, 0.2]}, {"items": [0, 1], "p": [0.5]}, {"items": [0, 1], "p": [-0.5, 1.5]},
        {"items": [0, 1], "p": [Raw("nan"), 0.5]}, {"items": [0, 1], "p": "half"}, {"items": [0, -1]},
        {"low": 3, "high": 3}, {"low": 5, "high": 1}, {"items": [[1], [2]]}))})
    return refused()


def material_choices(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    _own(scene)
    bpy.data.materials.new("Own paint")
    data, worn = rng.choice((("objects['Own']", ["Gone", "Own paint"]), ("objects['Own']", ["Own paint"]),
                             ("objects['Own']", []), ("objects['Own']", 5), ("objects['Own']", ["Own paint"] * 2),
                             ("cameras['Camera']", ["Own paint", "Own paint"])))
    marks.entries.append({"data": data, "materials": worn})
    return refused()


def state_values(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    _own(scene)
    one = {"objects['Own'].pass_index": 1}
    marks.entries.append({"name": "own states", "states": rng.choice((
        [{"name": "a", "set": one}], [{"name": "a", "set": one}, {"name": "a", "set": one}], [], 5, "x", [5, 6],
        [{"name": "a", "set": one}, {"name": "b", "set": {"objects['Own'].hide_render": True}}],
        [{"name": "a", "set": one}, {"name": "b", "set": {}}], [{"name": "a"}, {"name": "b"}],
        [{"name": "a", "set": one}, {"name": "b", "set": {"objects['Own'].pass_index": "x"}}],
        [{"name": "a", "set": one}, {"name": "b", "set": {"objects['Own'].pass_index": [1, 2]}}],
        [{"name": "a", "set": one}, {"name": "b", "set": {"objects['Own'].pass_index": 10**12}}],
        [{"name": "a", "set": one}, {"name": "b", "set": {"objects['Own'].pass_index": Raw("nan")}}],
        [{"name": "a", "set": one}, {"name": "b", "set": {"objects['Own']": 1}}],
        [{"name": "a", "set": {"objects['Own'].users": 1}}, {"name": "b", "set": {"objects['Own'].users": 2}}],
        [{"name": "a", "set": {"objects['Own'].parent": 1}}, {"name": "b", "set": {"objects['Own'].parent": "Gone"}}],
    ))})
    return refused()


def film_unknown(_scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    marks.entries = [entry for entry in marks.entries if "film" not in entry]
    marks.entries.append(rng.choice((
        {"film": "glow"}, {"film": 5}, {"film": "exposure", "path": "x"}, {"film": "noise", "mean": -1.0},
        {"film": "exposure", "std": 0.0}, {"film": "exposure", "low": 2.0, "high": 1.0},
        {"film": "white_balance", "mean": [0.0, 0.0, 0.0, 0.0, 0.0]}, {"film": "exposure", "family": "categorical"})))
    return refused()


def entries_wrong(_scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    marks.entries.append(rng.choice(({}, {"path": "energy"}, {"data": "scene"}, {"data": 5, "path": "x"},
                                     {"data": [], "path": "x"}, {"data": "scene", "path": 7}, {"colour": "red"},
                                     {"data": "scene", "path": "", "name": 5})))
    return refused()


def nothing_enabled(_scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    if rng.random() < 0.5:
        marks.entries = []
    else:
        marks.entries = [{**entry, "enabled": False} for entry in marks.entries]
    return refused("learnable")


def all_locked(_scene: Scene, marks: Marks, _rng: random.Random) -> Verdict:
    marks.entries = [{**entry, "locked": True} for entry in marks.entries]
    return RESULT


def class_members(scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    first = next(iter(marks.classes))
    _own(scene)
    marks.classes |= rng.choice((
        {first: "objects['Gone']"}, {first: []}, {first: 5}, {first: [scene.text("lamp")]},
        {first: ["objects['Own']", 7]}, {"a": {"deep": "objects['Own']"}},
        {"a": "objects['Own']", "b": "objects['Own']"}))
    return refused()


def classes_gone(_scene: Scene, marks: Marks, _rng: random.Random) -> Verdict:
    marks.classes, marks.ids = {}, {}
    return refused("classes")


def class_of_nothing(scene: Scene, marks: Marks, _rng: random.Random) -> Verdict:
    """A class more than the data have: an object without a face, whose class no mask shows."""
    _own(scene)
    marks.classes["ghost"] = "objects['Own']"
    return EITHER


def class_ids(_scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    first = next(iter(marks.classes))
    marks.ids = rng.choice(({first: 0}, {first: -1}, {first: 70000}, {first: 1.5}, {first: "1"}, {first: True},
                            {"nobody": 3}, {name: 5 for name in (*marks.classes, "background")}))
    return refused()


def settings(_scene: Scene, marks: Marks, rng: random.Random) -> Verdict:
    marks.settings = rng.choice(({"learning_rate": "fast"}, {"iterationss": 3}, {"epochs": 0}, {"learning_rate": -1.0},
                                 {"learning_rate": Raw("nan")}, {"frozen_layers": 1.5}, {"network": "nonet"},
                                 {"control": 1}, {"scene": "x"}, {"learning_rate": 1e9}, {"frozen_layers": 999}))
    return EITHER if "epochs" in marks.settings or "frozen_layers" in marks.settings or "control" in marks.settings \
        else refused()


DAMAGES: tuple[Damage, ...] = (
    numbers, numbers, numbers, limits, limits, data_gone, path_gone, path_gone, written_by_others, written_by_others,
    another_rotation, socket_with_a_link, twice, names, families, choices, choices, material_choices, state_values,
    state_values, film_unknown, entries_wrong, nothing_enabled, all_locked, class_members, classes_gone,
    class_of_nothing, class_ids, settings)


# ---- the file itself


def file_marked(path: Path, rng: random.Random) -> Verdict:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return RESULT


def file_lines(path: Path, rng: random.Random) -> Verdict:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"# the end")
    return RESULT


def file_cut(path: Path, rng: random.Random) -> Verdict:
    path.write_bytes(path.read_bytes()[:-rng.choice((3, 20))])
    return EITHER


def file_not_utf8(path: Path, rng: random.Random) -> Verdict:
    path.write_bytes(b"# \xe9\n" + path.read_bytes())
    return refused("UTF-8")


def file_utf16(path: Path, rng: random.Random) -> Verdict:
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-16")
    return EITHER


def file_emptied(path: Path, rng: random.Random) -> Verdict:
    path.write_text("")
    return refused("learnable")


def file_gone(path: Path, rng: random.Random) -> Verdict:
    path.unlink()
    return refused("cannot be read")


def file_is_a_folder(path: Path, rng: random.Random) -> Verdict:
    path.unlink()
    path.mkdir()
    return refused("cannot be read", "folder")


def file_repeats(path: Path, rng: random.Random) -> Verdict:
    path.write_text(path.read_text(encoding="utf-8") + rng.choice(("[classes]\nx = 1\n[classes]\n", "learnable = 5\n",
                                                                   "[other]\nx = 1\n", "x" * 1000, "[[[[")),
                    encoding="utf-8")
    return refused()


FILE_DAMAGES = (file_marked, file_lines, file_cut, file_not_utf8, file_utf16, file_emptied, file_gone,
                file_is_a_folder, file_repeats)
