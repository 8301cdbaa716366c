"""What must hold in every Blender: plain functions that assert, for pytest and for the real programs (no pytest)."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from tests.blender import projection, scenes
from tests.blender.rna_dump import differences, dump
from tests.blender.scenes import KEY, mark

SIZE = (96, 72)


def assert_mask(found: np.ndarray, shapes, size=SIZE, at_least=0.85) -> None:
    """``found`` equals the analytic projection, but for pixels within one pixel of an edge."""
    expected, sure = projection.certain(shapes, bpy.context.scene.camera, *size)
    assert sure.mean() > at_least, "the check would say little"
    for number, *_ in shapes:
        assert (sure & (expected == number)).sum() > 10, f"shape {number} is not in the picture"
    wrong = sure & (found != expected)
    assert not wrong.any(), f"{wrong.sum()} pixels away from edges, first at {np.argwhere(wrong)[0]}"


def matrix(location=(0, 0, 0), rotation=(0, 0, 0), scale=(1, 1, 1)) -> np.ndarray:
    return np.array(Matrix.LocRotScale(Vector(location), Euler(rotation), Vector(scale)))


def check_spheres_and_boxes() -> None:
    """Overlapping, shared meshes, out of frame on every side, tilted camera, some behind it; by object."""
    scene = scenes.start()
    scene.camera.rotation_euler = (1.45, 0.12, 0.08)
    ball = scenes.sphere("Ball", (0.3, 0.0, 0.5), 1.1)
    scenes.sphere("Ball2", (-2.2, 1.0, -0.4), 1.4, mesh=ball.data)
    cube = scenes.box("Cube", (1.8, -0.5, -0.6), (0.4, 0.5, 0.6), (0.7, 0.9, 0.6))
    scenes.box("Cube2", (3.4, 3.0, 1.2), (1.0, 0.2, 0.1), mesh=cube.data)        # crosses the right edge
    scenes.box("Behind", (0.0, -12.0, 0.0), mesh=cube.data)
    scenes.box("Floor", (0.0, 4.0, -2.6), scale=(9.0, 7.0, 0.3), mesh=cube.data)   # crosses three edges
    table = scenes.classes(ball=["objects:Ball"], ball2=["objects:Ball2"], cube=["objects:Cube"],
                           cube2=["objects:Cube2"], behind=["objects:Behind"], floor=["objects:Floor"])
    result = scenes.render(scene, table, size=SIZE)
    shapes = [(1, "sphere", (0.3, 0.0, 0.5), 1.1), (2, "sphere", (-2.2, 1.0, -0.4), 1.4),
              (3, "box", matrix((1.8, -0.5, -0.6), (0.4, 0.5, 0.6), (0.7, 0.9, 0.6))),
              (4, "box", matrix((3.4, 3.0, 1.2), (1.0, 0.2, 0.1))),
              (6, "box", matrix((0.0, 4.0, -2.6), (0, 0, 0), (9.0, 7.0, 0.3)))]
    assert_mask(result.labels, shapes)
    assert result.labels.dtype == np.uint8 and result.instances.dtype == np.uint16
    assert ((result.labels > 0) == (result.instances > 0)).all()


def check_collections_and_materials() -> None:
    """Nested collections (the inner one wins), materials (win over both), transparent film, hidden and held out."""
    scene = scenes.start()
    scene.render.film_transparent = True
    outer, inner = bpy.data.collections.new("Outer"), bpy.data.collections.new("Inner")
    scene.collection.children.link(outer)
    outer.children.link(inner)
    red, blue = scenes.material("Red"), scenes.material("Blue")
    scenes.sphere("Left", (-2.2, 0, 1), 0.9, collection=outer, wear=red)
    scenes.sphere("Middle", (0, 0, 1), 0.9, collection=inner, wear=red)
    scenes.sphere("Right", (2.2, 0, 1), 0.9, collection=inner, wear=blue)
    scenes.sphere("Hidden", (-1, -2, -1), 0.5, collection=outer).hide_render = True
    scenes.sphere("Held", (1.2, -1, -1.2), 0.6, collection=outer).is_holdout = True
    table = scenes.classes(outer=["collections:Outer"], inner=["collections:Inner"], blue=["materials:Blue"])
    result = scenes.render(scene, table, size=SIZE)
    assert_mask(result.labels, [(1, "sphere", (-2.2, 0, 1), 0.9), (2, "sphere", (0, 0, 1), 0.9),
                                (3, "sphere", (2.2, 0, 1), 0.9)])
    result = scenes.render(scene, scenes.classes(red=["materials:Red"], right=["objects:Right"]), size=SIZE)
    assert_mask(result.labels, [(1, "sphere", (-2.2, 0, 1), 0.9), (1, "sphere", (0, 0, 1), 0.9),
                                (2, "sphere", (2.2, 0, 1), 0.9)])


def check_instances() -> None:
    """Two instances of a collection, interlocked, and geometry-nodes instances: each has a number and a class."""
    scene = scenes.start()
    source = bpy.data.collections.new("Source")
    scenes.box("Inside", rotation=(0.3, 0.2, 0.1), collection=source)
    poses = {"One": ((-1.6, 0, 1.0), (0, 0, 0.4)), "Two": ((-0.5, 1.0, 1.3), (0.5, 0, 0))}
    for name, (location, rotation) in poses.items():
        empty = bpy.data.objects.new(name, None)
        empty.instance_type, empty.instance_collection = "COLLECTION", source
        empty.location, empty.rotation_euler = location, rotation
        scene.collection.objects.link(empty)
    ball = scenes.sphere("Ball", (9, 9, 9))
    scatter = scenes.box("Scatter", (0, 0, -1.6))
    scatter.modifiers.new("Nodes", "NODES").node_group = _instance_on_line(ball, 3, (1.5, 0.0, 0.0))
    table = scenes.classes(one=["objects:One"], two=["objects:Two"], row=["objects:Scatter"])
    result = scenes.render(scene, table, size=SIZE)
    base = matrix((0, 0, 0), (0.3, 0.2, 0.1))
    shapes = [(1, "box", matrix(*poses["One"]) @ base), (2, "box", matrix(*poses["Two"]) @ base),
              *((3, "sphere", (1.5 * step, 0, -1.6), 1.0) for step in range(3))]
    assert_mask(result.labels, shapes)
    # Every shape has one instance number, and no two the same.
    apart = [(number, *shape[1:]) for number, shape in enumerate(shapes, start=1)]
    expected, sure = projection.certain(apart, scene.camera, *SIZE)
    numbers = [set(result.instances[sure & (expected == number)]) for number in range(1, 6)]
    assert all(len(found) == 1 for found in numbers), numbers
    assert len(set.union(*numbers)) == 5, numbers
    assert (result.instances[sure & (expected == 0)] == 0).all()


def _instance_on_line(instanced, count, step):
    group = bpy.data.node_groups.new("Row", "GeometryNodeTree")
    group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    line = group.nodes.new("GeometryNodeMeshLine")
    line.inputs["Count"].default_value = count
    line.inputs["Offset"].default_value = step
    info = group.nodes.new("GeometryNodeObjectInfo")
    info.inputs["Object"].default_value = instanced
    info.inputs["As Instance"].default_value = True
    place = group.nodes.new("GeometryNodeInstanceOnPoints")
    output = group.nodes.new("NodeGroupOutput")
    group.links.new(line.outputs["Mesh"], place.inputs["Points"])
    group.links.new(info.outputs["Geometry"], place.inputs["Instance"])
    group.links.new(place.outputs["Instances"], output.inputs[0])
    return group


def lit_scene(samples: int):
    scene = scenes.start(samples)
    scene.cycles.sample_clamp_indirect = 0.0    # a clamp is not linear
    scenes.box("Floor", (0, 2, -1.6), scale=(6, 6, 0.2), wear=scenes.material("Grey"))
    scenes.sphere("Ball", (0, 0, 0), 1.2, wear=scenes.material("Red", (0.8, 0.2, 0.1)))
    glow = scenes.material("Glow", (0.0, 0.0, 0.0))
    shader = glow.node_tree.nodes["Principled BSDF"]
    shader.inputs["Emission Color"].default_value = (0.3, 1.0, 0.3, 1.0)
    shader.inputs["Emission Strength"].default_value = 1.0
    scenes.box("Lamp", (1.8, 0, -0.6), scale=(0.3, 0.3, 0.3), wear=glow)
    scenes.light("Key", (3, -4, 4))
    scenes.light("Left", (-4, -2, 2))
    scenes.light("Other", (0, -6, 5), 100.0)
    marks = [
        mark("energy", ["lights['Key']", "lights['Left']"], "energy"),
        mark("colour", "lights['Key']", "color"),
        mark("world", "worlds['World']", 'node_tree.nodes["Background"].inputs["Strength"].default_value'),
        mark("glow", "materials['Glow']",
             'node_tree.nodes["Principled BSDF"].inputs["Emission Strength"].default_value'),
        mark("place", "objects['Ball']", "location"),
    ]
    return scene, marks


ONE_DRAW = {"energy": np.array([[400.0], [60.0]]), "colour": np.array([[1.0, 0.5, 0.2]]), "world": np.array([[0.2]]),
            "glow": np.array([[1.0]]), "place": np.zeros((1, 3))}
OTHER_DRAW = {"energy": np.array([[150.0], [500.0]]), "colour": np.array([[0.2, 0.6, 1.0]]),
              "world": np.array([[0.6]]), "glow": np.array([[4.0]]), "place": np.zeros((1, 3))}


def remix(result, layers, draw) -> np.ndarray:
    """(H, W, 3): the image for other values, from one render."""
    image = np.zeros(result.layers.shape[1:])
    for layer, pixels, reference in zip(layers, result.layers.astype(np.float64), result.reference, strict=True):
        gain = np.ones(3)
        for driver in layer.drivers:
            gain = gain * draw[driver.factor][driver.element]
        image += pixels * gain / reference
    return image


def check_remix(samples: int = 128) -> None:
    """Light layers mixed for other values against a real render with those values: equal within its noise."""
    scene, marks = lit_scene(samples)
    with RenderSession(scene, marks, scenes.classes(), RenderSettings(48, 36)) as session:
        assert [layer.name for layer in session.layers] == [
            "lights['Key']", "lights['Left']", "worlds['World']", "materials['Glow']", "rest"]
        assert [len(layer.drivers) for layer in session.layers] == [2, 1, 1, 1, 0]
        first = session.render(ONE_DRAW, KEY)
        again = session.render(ONE_DRAW, KEY._replace(sample=1))
        real = session.render(OTHER_DRAW, KEY._replace(sample=2))
        real2 = session.render(OTHER_DRAW, KEY._replace(sample=3))
        mixed, truth = remix(first, session.layers, OTHER_DRAW), scenes.combined(real)
    noise = np.sqrt(np.mean((truth - scenes.combined(real2)) ** 2))
    error = np.sqrt(np.mean((mixed - truth) ** 2))
    bias = abs(mixed.mean() - truth.mean()) / truth.mean()
    change = np.sqrt(np.mean((scenes.combined(again) - truth) ** 2))
    assert error < 1.6 * noise and bias < 0.01, (error, noise, bias)
    assert change > 10 * error      # the two draws do look different


def check_layers_add_up() -> None:
    """The layers of one render are the image that Cycles makes without light groups, bit by bit but for rounding."""
    scene, marks = lit_scene(8)
    split = scenes.render(scene, scenes.classes(), marks, ONE_DRAW)
    whole = scenes.render(scene, scenes.classes(), marks, ONE_DRAW, relight=False)
    assert split.layers.shape[0] == 5 and whole.layers.shape[0] == 1
    np.testing.assert_allclose(scenes.combined(split), scenes.combined(whole), rtol=4e-3, atol=2e-3)


def check_determinism() -> None:
    """The same key and draw, the same bits: in another order, after other renders, in a new session."""
    scene, marks = lit_scene(4)
    table = scenes.classes(ball=["objects:Ball"])
    moved = ONE_DRAW | {"place": np.array([[0.5, -0.5, 0.3]]), "glow": np.array([[2.0]])}
    work = [(ONE_DRAW, KEY), (OTHER_DRAW, KEY), (moved, KEY._replace(sample=1)), (ONE_DRAW, KEY._replace(iteration=1))]

    def session(order):
        with RenderSession(scene, marks, table, RenderSettings(32, 24)) as session:
            return {number: session.render(*work[number]) for number in order}

    first = session([0, 1, 2, 3])
    second = session([3, 2, 1, 0])
    alone = session([2])
    for number, result in [*second.items(), *alone.items()]:
        for name in ("layers", "labels", "instances", "reference"):
            np.testing.assert_array_equal(getattr(result, name), getattr(first[number], name), f"{name} {number}")
    # Only the key differs between 0 and 3: the noise must, too.
    assert (first[0].layers != first[3].layers).mean() > 0.2
    np.testing.assert_array_equal(first[0].reference, first[3].reference)


def check_restore() -> None:
    """A session changes nothing, in every RNA value of every data-block."""
    scene, marks = scenes.busy_scene(), scenes.all_marks()
    table = scenes.classes(box=["objects:A", "objects:B"], lamp=["materials:Lamp"])
    before = dump()
    assert len(before) > 5000       # the comparer looks at the whole file
    generator = np.random.default_rng(0)
    with RenderSession(scene, marks, table, RenderSettings(32, 24)) as session:
        for sample in range(3):
            session.render(scenes.a_draw(marks, generator), KEY._replace(sample=sample))
        assert differences(before, dump())      # ... and would see a change
    assert not differences(before, dump()), differences(before, dump())


ALL = [check_spheres_and_boxes, check_collections_and_materials, check_instances, check_layers_add_up, check_remix,
       check_determinism, check_restore]
