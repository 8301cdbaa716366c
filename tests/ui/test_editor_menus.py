"""Object > AutoSimulate and the node editor's menu: what they offer works on what is selected."""

from __future__ import annotations

import bpy

from autosimulate_addon.ui import editor_menus

ops = bpy.ops.autosimulate


def test_inputs_of_a_node(scene):
    """Those that have a value here; a linked one draws from its link, a normal is no number of its own."""
    material = bpy.data.materials.new("Paint")
    material.use_nodes = True
    tree = material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    noise = tree.nodes.new("ShaderNodeTexNoise")
    tree.links.new(noise.outputs[0], shader.inputs["Roughness"])
    found = dict(editor_menus.inputs_of(shader))
    assert {"Metallic", "IOR", "Base Color"} <= set(found) and "Roughness" not in found
    ref = found["Metallic"]
    assert ops.mark(data=str(ref.block), path=ref.path) == {"FINISHED"}
    target = scene.autosimulate.marks[0].targets[0]
    assert target.id == material and target.path == ref.path
    assert "Metallic" in dict(editor_menus.inputs_of(shader))       # with a tick there, and not refused


def test_a_named_class_takes_the_selection(scene):
    for name in ("cube", "other"):
        ops.class_add(name=name)
    scene.objects["Cube"].select_set(True)
    assert ops.class_assign(what="OBJECTS", index=0) == {"FINISHED"}
    first, second = scene.autosimulate.classes
    assert [member.id.name for member in first.members] == ["Cube"] and not len(second.members)
    assert ops.class_assign(what="OBJECTS") == {"FINISHED"}         # without a number: the selected one, the last
    assert not len(first.members) and len(second.members) == 1
