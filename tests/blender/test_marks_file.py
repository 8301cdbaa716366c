"""Marks from TOML: the whole format, and every mistake named with its entry and mend."""

import bpy
import pytest

from autosimulate_addon.blender.marks import mark_file, mark_scene, plain
from autosimulate_addon.blender.paths import parse
from autosimulate_addon.protocol import InputError
from tests.blender.marking import startup_scene

WHOLE = """
[[learnable]]
data = "lights['Light']"
path = "energy"
family = "lognormal"
low = 10.0
high = 5000
[[learnable]]
name = "Places"
data = ["objects['Cube']", "objects['Camera']"]
path = "location"
index = 2
locked = true
[[learnable]]
data = "objects['Cube']"
materials = ["Material", "Other"]
p = [0.25, 0.75]
[[learnable]]
film = "exposure"
std = 0.25
[[learnable]]
data = "scene"
path = "cycles.max_bounces"
items = [0, 4, 8]
[[learnable]]
name = "quality"
  [[learnable.states]]
  name = "fast"
  set = { "scenes['Scene'].cycles.samples" = 4, "objects['Cube'].scale" = [1.0, 1.0, 2.0] }
  [[learnable.states]]
  set = { "scene.cycles.samples" = 64, "objects['Cube'].scale" = [1.0, 1.0, 1.0] }
[classes]
cube = ["objects['Cube']", "materials['Other']"]
[class_ids]
cube = 16
[settings]
width = 64
control = false
"""


@pytest.fixture(autouse=True)
def scene():
    made = startup_scene()
    bpy.data.materials.new("Other")
    return made


def _read(tmp_path, text):
    path = tmp_path / "marks.toml"
    path.write_text(text, encoding="utf-8")
    return mark_file.read(path)


def test_the_whole_format(tmp_path, scene):
    marks, classes, settings = _read(tmp_path, WHOLE)
    energy, places, wear, film, bounces, quality = marks
    assert (energy.name, energy.family, energy.low, energy.high) == ("Light Power", "lognormal", (10.0,), (5000.0,))
    assert [ref.index for ref in places.targets] == [2, 2] and places.locked
    assert (wear.kind, wear.items, wear.p) == ("MATERIAL", ("Material", "Other"), (0.25, 0.75))
    assert (film.name, film.std) == ("film:exposure", (0.25,))
    assert (bounces.family, bounces.items) == ("integer", ("0", "4", "8"))
    assert quality.items == ("fast", "state 2")
    assert [value for _, value in quality.states[0]] == [4, [1.0, 1.0, 2.0]]
    assert classes.names == ("background", "cube") and classes.validation_id("cube") == 16
    assert classes.members["cube"] == (parse("objects['Cube']", ""), parse("materials['Other']", ""))
    assert settings == {"width": 64, "control": False}
    mark_scene.write(scene, marks, classes)
    assert [mark.name for mark in mark_scene.read(scene)[0]] == [mark.name for mark in marks]


def test_labels_of_the_photographs_come_into_the_scene_and_back(tmp_path, scene):
    marks, classes, _ = _read(tmp_path, WHOLE.replace("cube = 16", "cube = 0") + """[class_labels]
cube = ["blue cube", 'cube, 5" wide', 3]
background = "table"
""")
    assert classes.labels == {"cube": ("blue cube", 'cube, 5" wide', "3"), "background": ("table",)}
    mark_scene.write(scene, marks, classes)
    read = mark_scene.read(scene)[1]
    assert read.labels == classes.labels == plain.load(plain.dump((), read))[1].labels
    cube = scene.autosimulate.classes["cube"]
    assert cube.validation_labels == 'blue cube, "cube, 5"" wide", 3'
    cube.validation_labels, cube.validation_id = " , ", 16
    assert "cube" not in mark_scene.read(scene)[1].labels


@pytest.mark.parametrize(("table", "text"), [
    ('cub = "red"', "class_labels names 'cub', which is no class (did you mean 'cube'?)"),
    ("cube = []", "the labels of 'cube' are []; they must be names or whole numbers"),
    ("cube = [1.5]", "must be names or whole numbers"), ("cube = [true]", "must be names or whole numbers"),
    ('cube = ["red", " "]', "must be names or whole numbers"),
])
def test_labels_that_cannot_be(tmp_path, table, text):
    with pytest.raises(InputError) as caught:
        _read(tmp_path, f"{WHOLE}[class_labels]\n{table}\n")
    assert text in str(caught.value) and "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path, scene):
    assert _read(tmp_path, "\ufeff" + WHOLE) == _read(tmp_path, WHOLE)


def test_patterns_and_names_of_objects_in_place_of_their_data(tmp_path):
    bpy.data.objects["Light"].name = "Lamp_Key"
    marks, _, _ = _read(tmp_path, "[[learnable]]\ndata = \"lights['Lamp_Key']\"\npath = \"energy\"\n"
                                  "[[learnable]]\ndata = \"objects['C*']\"\npath = \"location\"\n")
    assert marks[0].targets[0].name == "Light"
    assert [ref.name for ref in marks[1].targets] == ["Camera", "Cube"]


@pytest.mark.parametrize(("old", "new", "text"), [
    ("lights['Light']", "lights['Lihgt']", "marks.toml, learnable 1: lights['Lihgt'] is not in the file (did you mean"),
    ("lights['Light']", "light['Light']", "'light' is no kind of data-block (did you mean 'lights'?)"),
    ("lights['Light']", "Light", "does not name a data-block"),
    ('path = "energy"', 'path = "enrgy"', "did you mean 'energy'?"),
    ("cycles.max_bounces", "cycles.max_bonces", "did you mean 'max_bounces'?"),
    ('path = "energy"\n', "", "learnable 1: it has no path"),
    ("low = 10.0", "lo = 10.0", "unknown key 'lo' (did you mean 'low'?)"),
    ("low = 10.0", "low = 9000.0", "low 9000 is above high 5000"),
    ("low = 10.0", 'low = "dim"', "low is 'dim'; it must be a number"),
    ('"lognormal"', '"lognorm"', "did you mean 'lognormal'?"),
    ("index = 2", "index = 7", "learnable 2: objects['Cube'].location[7]"),
    ("locked = true", "locked = 1", "locked is 1; it must be true or false"),
    ('"Other"]\np', '"Othr"]\np', "learnable 3: Mark 'Cube Material': there is no material 'Othr' (did you mean"),
    ("p = [0.25, 0.75]", "p = [0.25, 0.25]", "sum to 0.5"),
    ('film = "exposure"', 'film = "exposre"', "did you mean 'exposure'?"),
    ("items = [0, 4, 8]", "items = [0, 4.5]", "'4.5' is not a whole number"),
    ("objects['Cube'].scale\" = [1.0, 1.0, 1.0]", "objects['Cube'].location\" = [1.0, 1.0, 1.0]", "do not both set"),
    ("scene.cycles.samples", "scene", "names no property"),
    ("scene.cycles.samples\" = 64", "scene.cycles.samples\" = \"many\"", "it takes 1 number from 1 to"),
    ("[1.0, 1.0, 2.0]", "[1.0, 2.0]", "it takes 3 numbers"),
    ("cube = [\"objects", "cube = [\"lights['Light']\", \"objects", "made of objects, collections or materials"),
    ("cube = 16", "cub = 16", "class_ids names 'cub', which is no class (did you mean 'cube'?)"),
    ("cube = 16", "cube = 0", "both have the id 0"),
    ("cube = 16", "cube = -3", "whole number from 0 to 65535"),
    ("width = 64", "widht = 64", "unknown key 'widht' (did you mean 'width'?)"),
    ("width = 64", "width = \"wide\"", "width is 'wide'; it must be a whole number"),
    ("[settings]", "[keypoints]\ntip = \"objects['Cube']\"\n[settings]",
     "keypoints: 'tip' lists objects['Cube'], which is no empty"),
    ("[settings]", "[setings]", "unknown key 'setings' (did you mean 'settings'?)"),
    ("[[learnable]]", "[[learnable", "is not valid TOML"),
    ('data = "scene"\npath = "cycles.max_bounces"', 'data = "lights[\'Light\']"\npath = "energy"',
     "learnable 5: it has the unknown key 'items'|and so does mark|not a whole number|cannot be"),
])
def test_mistakes_are_told_with_file_entry_and_mend(tmp_path, old, new, text):
    assert old in WHOLE
    with pytest.raises(InputError) as caught:
        _read(tmp_path, WHOLE.replace(old, new, 1))
    assert any(option in str(caught.value) for option in text.split("|")), str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        mark_file.read(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = \"W\xfcrfel\"")
    with pytest.raises(InputError, match="not UTF-8"):
        mark_file.read(tmp_path / "latin.toml")
