"""Labels and instances against the analytic projection, and everything that must not disturb them."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks.mark import ClassTable
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from autosimulate_addon.protocol import InputError
from tests.blender import checks, scenes
from tests.blender.checks import SIZE, assert_mask
from tests.blender.scenes import KEY, classes, mark

ONE_BALL = [(1, "sphere", (0.5, 0, 0.2), 1.2)]


def one_ball():
    scene = scenes.start()
    scenes.sphere("Ball", (0.5, 0, 0.2), 1.2)
    return scene, classes(ball=["objects:Ball"])


@pytest.mark.parametrize("check", [checks.check_spheres_and_boxes, checks.check_collections_and_materials,
                                   checks.check_instances])
def test_against_the_analytic_projection(check):
    check()


def test_labels_do_not_depend_on_samples_or_on_the_sample_offset():
    scene, table = one_ball()
    scene.cycles.sample_offset = 5      # the index passes hold sample 0 only
    for samples in (1, 16):
        assert_mask(scenes.render(scene, table, size=SIZE, samples=samples).labels, ONE_BALL)


@pytest.mark.parametrize("disturbance", ["border", "percentage", "stamp", "view layers", "compositor", "sequencer",
                                         "stereo", "adaptive", "denoise", "long names", "other scene"])
def test_settings_that_must_not_matter(disturbance):
    scene, table = one_ball()
    plain = scenes.render(scene, table, size=SIZE)
    render = scene.render
    if disturbance == "border":
        render.use_border = render.use_crop_to_border = True
        render.border_min_x, render.border_max_x = 0.4, 0.6
    elif disturbance == "percentage":
        render.resolution_percentage = 50
    elif disturbance == "stamp":
        render.use_stamp = True
        render.use_stamp_note, render.stamp_note_text = True, "over the picture"
    elif disturbance == "view layers":
        first, second = scene.view_layers[0], scene.view_layers.new("Second")
        second.layer_collection.exclude = second.use_pass_object_index = True
        first.samples, first.use_pass_z = 1, True
        # the second layer is not the active one, and must not be rendered
    elif disturbance == "compositor":
        add_compositor(scene)
    elif disturbance == "sequencer":
        scene.sequence_editor_create()
        strips = getattr(scene.sequence_editor, "strips", None) or scene.sequence_editor.sequences
        length = {"length": 10} if bpy.app.version >= (5, 0, 0) else {"frame_end": 10}
        strips.new_effect("Red", "COLOR", 1, 1, **length)
    elif disturbance == "stereo":
        render.use_multiview = True
    elif disturbance == "adaptive":
        scene.cycles.use_adaptive_sampling, scene.cycles.time_limit = True, 0.001
        disturbance = None
    elif disturbance == "denoise":
        scene.cycles.use_denoising = True
        disturbance = None
    elif disturbance == "long names":
        scene.view_layers[0].name = "V" * 60
    else:
        scene = bpy.data.scenes.new("Another")      # what is rendered need not be the scene that is open
        scene.camera, scene.world = bpy.data.objects["Camera"], bpy.data.worlds["World"]
        for block in (bpy.data.objects["Ball"], scene.camera):
            scene.collection.objects.link(block)
        scene.cycles.samples, scene.cycles.use_adaptive_sampling, scene.cycles.use_denoising = 4, False, False
    result = scenes.render(scene, table, size=SIZE)
    np.testing.assert_array_equal(result.labels, plain.labels)
    if disturbance:
        np.testing.assert_array_equal(result.layers, plain.layers)


def add_compositor(scene):
    """Inverts the picture."""
    if bpy.app.version >= (5, 0, 0):
        tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        scene.compositing_node_group = tree
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        output = tree.nodes.new("NodeGroupOutput")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
        output = tree.nodes.new("CompositorNodeComposite")
    layers, invert = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("CompositorNodeInvert")
    tree.links.new(layers.outputs["Image"], invert.inputs["Color"])
    tree.links.new(invert.outputs["Color"], output.inputs[0])


def test_particles_are_instances():
    scene = scenes.start()
    ball = scenes.sphere("Ball", (20, 0, 0), 1.0)
    emitter = scenes.box("Emitter", scale=(2.0, 0.2, 1.5))
    settings = emitter.modifiers.new("Particles", "PARTICLE_SYSTEM").particle_system.settings
    settings.type, settings.count, settings.use_advanced_hair = "HAIR", 6, True
    settings.render_type, settings.instance_object, settings.particle_size = "OBJECT", ball, 0.4
    emitter.show_instancer_for_render = False
    result = scenes.render(scene, classes(ball=["objects:Ball"]), size=SIZE)
    assert set(np.unique(result.labels)) == {0, 1}
    assert len(np.unique(result.instances)) >= 5      # six balls (some may hide another) and nothing


def test_an_object_that_only_instances_is_numbered_once():
    """Its own place moves what pixels show under the number of the instance, so that it owns none."""
    scene = scenes.start()
    ball = scenes.sphere("Ball", (20, 0, 0), 1.0)
    scatter = scenes.box("Scatter")
    scatter.modifiers.new("Nodes", "NODES").node_group = checks._instance_on_line(ball, 1, (0, 0, 0))
    with RenderSession(scene, [mark("place", "objects['Scatter']", "location")], classes(ball=["objects:Ball"]),
                       RenderSettings(48, 36)) as session:
        result = session.render({"place": np.zeros((1, 3))}, KEY)
        assert session.factors[0].owners == ()
    assert len(np.unique(result.instances)) == 2 and set(np.unique(result.labels)) == {0, 1}


def test_owners_are_instance_numbers():
    scene, table = one_ball()
    scenes.sphere("Other", (-1.5, 0, 0), 0.5)
    marks = [mark("place", ["objects['Other']", "objects['Ball']"], "location")]
    with RenderSession(scene, marks, table, RenderSettings(48, 36)) as session:
        owners = session.factors[0].owners
        result = session.render({"place": np.array([[-2.0, 0, 0], [1.5, 0, 0]])}, KEY)
    columns = [np.nonzero(result.instances == owner)[1].mean() for owner in owners]
    assert columns[0] < 20 < 28 < columns[1]


@pytest.mark.parametrize("what", ["camera", "light", "empty", "parent", "tracked", "list"])
def test_what_other_pixels_show_has_no_owner(what):
    """Else its credit would be nothing, and its distribution would never move."""
    scene, table = one_ball()
    ball = bpy.data.objects["Ball"]
    lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
    pivot = bpy.data.objects.new("Pivot", None)
    for each in (lamp, pivot):
        scene.collection.objects.link(each)
    other = {"camera": scene.camera, "light": lamp, "empty": pivot}.get(what, ball)
    names = [other.name]
    if what == "parent":
        scenes.sphere("Child", (1.5, 0, 0), 0.3).parent = ball
    elif what == "tracked":
        scene.camera.constraints.new("TRACK_TO").target = ball
    elif what == "list":
        names = ["Ball", scene.camera.name]
    marks = [mark("place", [f"objects['{name}']" for name in names], "location")]
    with RenderSession(scene, marks, table, RenderSettings(16, 12)) as session:
        assert session.factors[0].owners == ()


def test_linked_objects_have_masks_too(tmp_path):
    scene, table = one_ball()
    library = str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {bpy.data.objects["Ball"]})
    bpy.data.objects.remove(bpy.data.objects["Ball"])
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.objects = ["Ball"]
    scene.collection.objects.link(wanted.objects[0])
    table = ClassTable(table.names, {"ball": (paths.ref_to(wanted.objects[0]),)})
    assert_mask(scenes.render(scene, table, size=SIZE).labels, ONE_BALL)
    assert wanted.objects[0].pass_index == 0


def test_an_impossible_label_is_reported():
    """In the frame by projection, but hidden behind something: never in an image."""
    scene, _ = one_ball()
    scenes.box("Tiny", (0.5, 4.0, 0.2), scale=(0.1, 0.1, 0.1))
    scenes.box("Away", (50.0, 0.0, 0.0))
    table = classes(ball=["objects:Ball"], tiny=["objects:Tiny"], away=["objects:Away"])
    with RenderSession(scene, [], table, RenderSettings(48, 36)) as session:
        assert session.missing_classes() == []
        session.render({}, KEY)
        assert session.missing_classes() == ["tiny"]
        bpy.data.objects["Ball"].hide_render = True
        session.render({}, KEY)
        assert session.missing_classes() == []
        bpy.data.objects["Ball"].hide_render = False


@pytest.mark.parametrize("table, sentence", [
    (classes(a=["objects:Gone"]), "not in the file"),
    (classes(a=["lights:Lamp"]), "neither an object"),
    (classes(a=["objects:Ball"], b=["objects:Ball"]), "in two classes"),
    (ClassTable(tuple(f"c{n}" for n in range(300))), "300 classes"),
])
def test_class_tables_that_cannot_be_used(table, sentence):
    scene, _ = one_ball()
    with pytest.raises(InputError, match=sentence):
        RenderSession(scene, [], table, RenderSettings(48, 36))


@pytest.mark.parametrize("broken, sentence", [
    ("camera", "no camera"), ("not a camera", "not a camera"), ("size", "at least 4"), ("engine", "no render engine"),
    ("layers", "No view layer"), ("cycles", "not enabled")])
def test_scenes_that_cannot_be_rendered(broken, sentence, monkeypatch):
    scene, table = one_ball()
    options = {"width": 48, "height": 36}
    if broken == "camera":
        scene.camera = None
    elif broken == "not a camera":
        scene.camera = bpy.data.objects["Ball"]
    elif broken == "size":
        options["height"] = 0
    elif broken == "engine":
        options["engine"] = "POVRAY"
    elif broken == "layers":
        scene.view_layers[0].use = False
    else:
        monkeypatch.setattr("autosimulate_addon.blender.compat.has_cycles", lambda scene: False)
    with pytest.raises(InputError, match=sentence) as caught:
        RenderSession(scene, [], table, RenderSettings(**options))
    assert "\n" not in str(caught.value)
