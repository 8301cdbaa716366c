"""Right-clicks on every kind of property, states, the materials' dialog, and what to do with a result: real clicks."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.window.story import (
    JOB,
    MODULE,
    SETTINGS,
    Story,
    install,
    no_errors,
    over_viewport,
    show_properties,
    use_packages,
)

#: A group that lifts geometry by one input, on an object of the scene.
_MODIFIER = """
tree = bpy.data.node_groups.new("Lift", "GeometryNodeTree")
tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
tree.interface.new_socket("Height", in_out="INPUT", socket_type="NodeSocketFloat")
given, made = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
lift, place = tree.nodes.new("GeometryNodeTransform"), tree.nodes.new("ShaderNodeCombineXYZ")
tree.links.new(given.outputs["Geometry"], lift.inputs["Geometry"])
tree.links.new(given.outputs["Height"], place.inputs["Z"])
tree.links.new(place.outputs[0], lift.inputs["Translation"])
tree.links.new(lift.outputs[0], made.inputs["Geometry"])
bpy.data.objects["Large Cube"].modifiers.new("Lift", "NODES").node_group = tree
"""
MARKS = f"[mark.name for mark in {SETTINGS}.marks]"
PSI = "bpy.data.lights['Key'].get('psi.energy.mean')"


def test_a_modifier_input_by_right_click_in_4_3(window, extension):
    """Up to 5.1 such an input is a custom property of the modifier."""
    story = window("blender-4.3-torch", "marks")
    gui = story.gui
    install(story, extension)
    gui.py(_MODIFIER)
    show_properties(gui, "MODIFIER", "Large Cube")
    right_click(story, "Socket_2", "modifier", "End", "Up", "Return")
    assert gui.value(f"({SETTINGS}.marks[0].targets[0].path, {SETTINGS}.marks[0].family)") == \
        "('modifiers[\"Lift\"][\"Socket_2\"]', 'NORMAL')"
    no_errors(gui)


def test_right_clicks_on_every_kind_of_property(window, extension):
    story = window("blender", "marks")
    gui = story.gui
    install(story, extension)
    gui.py(_MODIFIER)

    show_properties(gui, "OBJECT", "Large Cube")
    right_click(story, ".location[2]", "component", "End", "Up", "Right", "Down", "Down", "Return")
    first = f"{SETTINGS}.marks[0].targets[0]"
    assert gui.value(f"({first}.path, {first}.index)") == "('location', 2)"
    right_click(story, ".rotation_euler", "vector", "End", "Up", "Up", "Return")
    assert gui.value(f"({SETTINGS}.marks[1].targets[0].path, {SETTINGS}.marks[1].size)") == "('rotation_euler', 3)"
    show_properties(gui, "DATA", "Key")
    right_click(story, ".color", "color", "End", "Up", "Up", "Return")
    right_click(story, ".shape", "enum", "End", "Up", "Return")
    show_properties(gui, "OBJECT", "Large Cube", "Renders")
    right_click(story, "hide_render", "boolean", "End", "Up", "Return")
    show_properties(gui, "MATERIAL", "Large Cube", "Roughness")
    right_click(story, "inputs[2]", "roughness", "End", "Up", "Return")
    show_properties(gui, "MODIFIER", "Large Cube")
    right_click(story, "Socket_2", "modifier", "End", "Up", "Return")
    show_properties(gui, "RENDER", "Key", "Total")
    right_click(story, "max_bounces", "bounces", "End", "Up", "Return")
    story.shot("all")
    assert json.loads(gui.py(f"import json; print(json.dumps([(m.family, m.kind) for m in {SETTINGS}.marks]))")) == [
        ["NORMAL", "PROPERTY"], ["BOUNDED", "PROPERTY"], ["BOUNDED", "PROPERTY"], ["CATEGORICAL", "PROPERTY"],
        ["BERNOULLI", "PROPERTY"], ["BOUNDED", "PROPERTY"], ["NORMAL", "PROPERTY"], ["INTEGER", "PROPERTY"]]

    right_click(story, "max_bounces", "remove", "End", "Return")
    assert "Bounces" not in gui.value(MARKS) and gui.value(f"len({SETTINGS}.marks)") == "7"
    choose_materials(story)
    capture_states(story)
    mark_keypoint(story)
    gui.py(f"d = __import__('{MODULE}.autosimulate_addon.ui.panel_data', fromlist=['x'])"
           f".refresh(bpy.context.scene); assert not d.problem and not any(r.problem for r in d.rows.values()), d")
    no_errors(gui)


def test_class_colours_are_seen_and_change_nothing(window, extension, tmp_path):
    """Drawn over the objects by the graphics card: what no test inside bpy can see."""
    story = window("blender", "classes")
    gui = story.gui
    install(story, extension)
    colors = "[tuple(obj.color) for obj in bpy.data.objects]"
    before = gui.value(colors)

    def orange() -> int:
        """Pixels of the viewport that have the tint of the first class."""
        gui.py("find_area()[1].tag_redraw()")
        time.sleep(1.0)
        gui.shot(tmp_path / "screen.png")
        x, y, width, height = gui.region(kind="WINDOW")
        pixels = np.asarray(Image.open(tmp_path / "screen.png").convert("RGB")).astype(int)
        seen = pixels[y:y + height, x:x + width - gui.region()[2]]
        return int(((seen[..., 0] - seen[..., 2] > 60) & (seen[..., 1] > 60)).sum())

    plain = orange()
    gui.click_button("autosimulate.show_classes")
    story.shot("shown")
    assert orange() > plain + 500
    gui.py("bpy.data.objects['Large Sphere'].name = 'Large Sphere, renamed'")
    gui.click_button("autosimulate.show_classes")
    assert orange() < plain + 100
    assert gui.value(colors) == before
    no_errors(gui)


def right_click(story: Story, path: str, what: str, *keys: str) -> None:
    """The context menu of a property in the Properties editor; ``keys`` choose from it, its end is ours."""
    gui = story.gui
    before = gui.value(MARKS)
    x, y = gui.find(path, across=0.75, area="PROPERTIES", kind="WINDOW", step=18)
    gui.click(x, y, button=3)
    gui.key(*keys[:-1])
    story.shot(what)
    gui.key(keys[-1])
    gui.wait(f"{MARKS} != {before}", timeout=10)


def choose_materials(story: Story) -> None:
    """The dialog: two of three materials for two selected objects."""
    gui = story.gui
    gui.py("for o in bpy.context.view_layer.objects: o.select_set('Sphere' in o.name)")
    gui.scroll(-60)
    gui.click_button("autosimulate.mark_materials", across=0.6)
    time.sleep(0.5)
    story.shot("materials")
    gui.key("Return")
    gui.wait(f"{SETTINGS}.marks[-1].kind == 'MATERIAL'", timeout=10)
    assert gui.value(f"len({SETTINGS}.marks[-1].targets)") == "2"


def capture_states(story: Story) -> None:
    """Two properties switched together: added by right-click, captured by a button."""
    gui = story.gui
    gui.py("bpy.context.scene.cycles.samples = 4; bpy.data.lights['Key'].energy = 10")
    show_properties(gui, "DATA", "Key")
    right_click(story, ".energy", "add-to-states", "End", "Return")
    gui.py("bpy.ops.autosimulate.states_add(data=f\"scenes['{bpy.context.scene.name}']\", path='cycles.samples')")
    gui.py("bpy.context.scene.cycles.samples = 32; bpy.data.lights['Key'].energy = 90")
    gui.click_button("autosimulate.capture_state")
    gui.wait(f"len({SETTINGS}.marks[-1].items) == 2")
    time.sleep(0.5)
    story.shot("states")
    states = json.loads(gui.py("import json; print(json.dumps([[v.value for v in item.values] for item in "
                               f"{SETTINGS}.marks[-1].items]))"))
    assert states == [["10.0", "4"], ["90.0", "32"]]


def mark_keypoint(story: Story) -> None:
    """An empty that is a child of the cube: the panel is closed at first, and its header below what is found."""
    gui = story.gui
    gui.py("empty = bpy.data.objects.new('Corner', None); empty.parent = bpy.data.objects['Large Cube']\n"
           "bpy.context.scene.collection.objects.link(empty)\n"
           "for o in bpy.context.view_layer.objects: o.select_set(o == empty)\n"
           "bpy.context.view_layer.objects.active = empty")
    x, y = gui.find("autosimulate.show_classes")
    gui.click(x, y + 34)
    gui.click_button("autosimulate.keypoints_add")
    gui.wait(f"[(p.name, p.id.parent.name) for p in {SETTINGS}.keypoints] == [('Corner', 'Large Cube')]", timeout=10)
    story.shot("keypoint")


def test_keep_undo_discard_mean_sheet_and_escape(window, extension, work, job_packages, tmp_path):
    folder = job_packages("blender")
    story = window("blender", "results")
    gui = story.gui
    install(story, extension)
    use_packages(gui, folder)
    gui.py(f"s = {SETTINGS}; s.validation = {str(work / 'val')!r}; s.iterations = 4; s.control = False\n"
           "bpy.ops.autosimulate.mark_common(what='LIGHTS'); bpy.ops.ed.undo_push(message='before')")
    gui.wait(f"'PyTorch' in __import__('{MODULE}.autosimulate_addon.ui.torch.status', fromlist=['x']).refresh().line")
    gui.click_button("autosimulate.optimize")
    gui.wait(f"{JOB} is not None and {JOB}.state.ended", timeout=150)
    assert gui.value(f"{JOB}.state.status") == "done", gui.value(f"{JOB}.state.error")
    assert gui.value(PSI) == "None"

    gui.scroll(16)
    gui.click_button("autosimulate.keep", across=0.25)
    story.shot("kept")
    learned = gui.value(PSI)
    assert gui.value(f"{SETTINGS}.decision").startswith("KEPT")
    undo(story, "ctrl+z", f"{PSI} is None and not {SETTINGS}.decision", "undone")
    undo(story, "ctrl+shift+z", f"{PSI} is not None and {SETTINGS}.decision", "redone")
    assert gui.value(PSI) == learned
    gui.click_button("autosimulate.discard", across=0.75)
    gui.wait(f"{PSI} is None and {SETTINGS}.decision.startswith('DISCARDED')", timeout=5)
    story.shot("discarded")
    undo(story, "ctrl+z", f"{PSI} is not None and {SETTINGS}.decision.startswith('KEPT')", "discard-undone")

    gui.click_button("autosimulate.apply_mean", across=0.25)
    gui.wait(f"abs(bpy.data.lights['Key'].energy - {learned}) < 1e-3 * {learned}", timeout=5)
    story.shot("mean")
    sample_sheet(story)
    escape_generate(story, tmp_path / "data")
    no_errors(gui)


def undo(story: Story, keys: str, expected: str, what: str) -> None:
    over_viewport(story.gui)
    story.gui.key(keys)
    story.gui.wait(expected, timeout=10)
    story.shot(what)


def sample_sheet(story: Story) -> None:
    gui, job = story.gui, JOB.replace(".job()", ".job('PREVIEW')")
    gui.py(f"{SETTINGS}.width, {SETTINGS}.height = 256, 192")      # long enough to be seen
    gui.click_button("autosimulate.sample_sheet")
    gui.wait(f"{job} is not None and {job}.state.images > 0", timeout=60)
    story.shot("sheet-running")
    gui.wait(f"{job}.state.ended", timeout=180)
    story.shot("sheet")
    assert gui.value(f"(str({job}.state.status), {job}.state.images, bool({job}.sheet_icons))") == "('done', 12, True)"


def escape_generate(story: Story, folder: Path) -> None:
    gui, job = story.gui, JOB.replace(".job()", ".job('GENERATE')")
    gui.py(f"{SETTINGS}.width, {SETTINGS}.height = 32, 24; "
           f"{SETTINGS}.dataset_dir = {str(folder)!r}; {SETTINGS}.dataset_count = 500")
    gui.scroll(60)
    gui.click_button("autosimulate.generate")
    gui.wait(f"{job} is not None and {job}.state.images > 1", timeout=60)
    story.shot("generating")
    over_viewport(gui)
    gui.key("Escape")                                   # asks
    story.shot("esc-in-the-viewport")
    gui.key("Escape")                                   # no
    time.sleep(1.0)
    assert gui.value(f"{job}.state.status") == "running"
    gui.key("Escape")
    time.sleep(1.0)
    gui.key("Return")
    gui.wait(f"{job}.state.ended", timeout=30)
    story.shot("generate-stopped")
    assert gui.value(f"{job}.state.status") == "cancelled"
    images = len(list((folder / "images").glob("*.png")))
    assert 1 < images < 500 and len(json.loads((folder / "annotations.json").read_text())["images"]) == images
