"""One-click rows: what people mark most."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty

from ...blender import identity, paths
from ...blender.marks import mark_scene
from ...blender.marks.mark import Mark
from ...protocol import FILM, AutoSimulateError, InputError
from ...protocol.vocabulary import film_key
from .. import reasons
from .base import attempt, described
from .mark import learnable_now


def _blocks_used(scene: bpy.types.Scene, kind: str) -> list[bpy.types.ID]:
    """The data of the scene's objects of one type, each once, by name."""
    found = {obj.data for obj in scene.objects if obj.type == kind and obj.data is not None}
    return sorted(found, key=lambda block: block.name)


def _mark_each(scene: bpy.types.Scene, refs: list[paths.PropertyRef], what: str) -> str:
    """Marks every property apart; those that already are, or cannot be, are passed over and counted."""
    done, refused = 0, []
    for ref in refs:
        if mark_scene.find_marks(scene, ref):
            continue
        try:
            mark_scene.add_mark(scene, Mark(targets=(ref,)))
            done += 1
        except AutoSimulateError as error:
            refused.append(str(error))
    if not done:
        raise InputError(refused[0] if refused else f"{what}: there is nothing here that is not learnable already")
    return f"{what}: {done} learnable" + (f", {len(refused)} left out: {refused[0]}" if refused else "")


COMMON = (
    ("LIGHTS", "Light Energies", "The energy of every light, each with a distribution of its own"),
    ("LIGHT_COLORS", "Light Colors", "The color of every light, each with a distribution of its own"),
    ("WORLD", "World Strength", "How brightly the surroundings shine"),
    ("BOUNCES", "Light Bounces", "How often light bounces (Cycles)"),
    ("SAMPLES", "Samples", "How noisy the render is (Cycles)"),
    ("CAMERA_PLACE", "Camera Location", "Where the active camera stands"),
    ("CAMERA_LENS", "Camera Lens", "The focal length of the active camera"),
)
TRANSFORMS = (
    ("location", "Location", "Where the objects stand"),
    ("rotation_euler", "Rotation", "How the objects are turned"),
    ("scale", "Scale", "How large the objects are"),
)
FILM_ITEMS = tuple((key, film.label, film.help) for key, film in FILM.items())


class AUTOSIMULATE_OT_mark_common(bpy.types.Operator):
    """Mark what scenes usually vary"""

    bl_idname = "autosimulate.mark_common"
    bl_label = "Mark Common Properties"
    bl_options = {"REGISTER", "UNDO"}

    what: EnumProperty(name="What", description="What to mark", items=COMMON)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable)

    @classmethod
    def description(cls, _context, properties):
        text = described(COMMON, properties.what)[1]
        return f"Make learnable: {text[0].lower()}{text[1:]}"

    def execute(self, context):
        scene = context.scene

        def work():
            refs = _REFS[self.what](scene)
            if not refs:
                raise InputError(_NOTHING[self.what])
            return _mark_each(scene, refs, described(COMMON, self.what)[0])

        return attempt(self, work)


def _world_refs(scene: bpy.types.Scene) -> list[paths.PropertyRef]:
    world = scene.world
    if world is None or world.node_tree is None:
        return []
    return [paths.ref_to(
        world, f'node_tree.nodes["{bpy.utils.escape_identifier(node.name)}"].inputs[{i}].default_value')
            for node in world.node_tree.nodes if node.type == "BACKGROUND"
            for i, socket in enumerate(node.inputs) if socket.identifier == "Strength" and not socket.is_linked]


def _cycles_refs(scene: bpy.types.Scene, name: str) -> list[paths.PropertyRef]:
    return [paths.ref_to(scene, f"cycles.{name}")] if hasattr(scene, "cycles") else []


_REFS = {
    "LIGHTS": lambda scene: paths.refs_to(_blocks_used(scene, "LIGHT"), "energy"),
    "LIGHT_COLORS": lambda scene: paths.refs_to(_blocks_used(scene, "LIGHT"), "color"),
    "WORLD": _world_refs,
    "BOUNCES": lambda scene: _cycles_refs(scene, "max_bounces"),
    "SAMPLES": lambda scene: _cycles_refs(scene, "samples"),
    "CAMERA_PLACE": lambda scene: [paths.ref_to(scene.camera, "location")] if scene.camera else [],
    "CAMERA_LENS": lambda scene: [paths.ref_to(scene.camera.data, "lens")] if scene.camera else [],
}
_NOTHING = {
    "LIGHTS": "The scene has no lights", "LIGHT_COLORS": "The scene has no lights",
    "WORLD": "The world has no Background node with a free strength",
    "BOUNCES": "Cycles is not enabled in this Blender", "SAMPLES": "Cycles is not enabled in this Blender",
    "CAMERA_PLACE": "The scene has no active camera",
    "CAMERA_LENS": "The scene has no active camera",
}


class AUTOSIMULATE_OT_mark_selected(bpy.types.Operator):
    """Mark a transform of the selected objects"""

    bl_idname = "autosimulate.mark_selected"
    bl_label = "Mark Selected Objects"
    bl_options = {"REGISTER", "UNDO"}

    path: EnumProperty(name="Property", description="Property to mark", items=TRANSFORMS)
    shared: BoolProperty(name="Shared", default=True, description="One distribution for all, each object drawing a "
                         "place of its own; otherwise each object has a distribution of its own")

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_selection)

    @classmethod
    def description(cls, _context, properties):
        if properties.shared:
            return "One distribution that all selected objects share, each drawing its own value"
        return "A distribution of its own for each selected object"

    def execute(self, context):
        def work():
            objects = sorted(context.selected_objects, key=lambda obj: obj.name)
            refs = paths.refs_to(objects, self.path)
            if not self.shared or len(refs) == 1:
                return _mark_each(context.scene, refs, described(TRANSFORMS, self.path)[0])
            group = mark_scene.add_mark(context.scene, Mark(targets=tuple(refs)))
            return learnable_now(group)

        return attempt(self, work)


class AUTOSIMULATE_PG_material_choice(bpy.types.PropertyGroup):
    """A material that may be offered to the objects."""

    use: BoolProperty(name="Use", description="Offer this material as a choice")


class AUTOSIMULATE_OT_mark_materials(bpy.types.Operator):
    """Let the selected objects wear one of several materials, with probabilities to learn"""

    bl_idname = "autosimulate.mark_materials"
    bl_label = "Material Choice"
    bl_options = {"REGISTER", "UNDO"}

    choices: CollectionProperty(type=AUTOSIMULATE_PG_material_choice, name="Materials",
                                description="Materials to choose from", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_selection, _has_materials)

    def invoke(self, context, _event):
        worn = {slot.material for obj in context.selected_objects for slot in obj.material_slots if slot.material}
        self.choices.clear()
        for material in bpy.data.materials:
            if material.is_grease_pencil:
                continue
            choice = self.choices.add()
            choice.name = identity.label(material, bpy.data.materials)
            choice.use = material in worn or len(bpy.data.materials) <= 4
        return context.window_manager.invoke_props_dialog(self, width=260)

    def draw(self, _context):
        column = self.layout.column()
        column.label(text="Materials to choose from")
        for choice in self.choices:
            column.prop(choice, "use", text=choice.name)

    def execute(self, context):
        def work():
            names = tuple(choice.name for choice in self.choices if choice.use)
            if len(names) < 2:
                raise InputError("Choose at least two materials")
            objects = tuple(paths.ref_to(obj) for obj in sorted(context.selected_objects, key=lambda obj: obj.name))
            group = mark_scene.add_mark(context.scene, Mark(kind="MATERIAL", targets=objects, items=names))
            return learnable_now(group)

        return attempt(self, work)


def _has_materials(_context: bpy.types.Context) -> str:
    return "" if len(bpy.data.materials) > 1 else "The file has fewer than two materials to choose from"


class AUTOSIMULATE_OT_mark_film(bpy.types.Operator):
    """Learn what happens to the image after rendering; this needs no new renders"""

    bl_idname = "autosimulate.mark_film"
    bl_label = "Mark Film Property"
    bl_options = {"REGISTER", "UNDO"}

    film: EnumProperty(name="Film", description="What to vary", items=FILM_ITEMS)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable)

    @classmethod
    def description(cls, _context, properties):
        return f"{described(FILM_ITEMS, properties.film)[1]}; needs no new renders"

    def execute(self, context):
        def work():
            group = mark_scene.add_mark(context.scene, Mark(film_key(self.film), "FILM"))
            return learnable_now(group)

        return attempt(self, work)


CLASSES = (AUTOSIMULATE_OT_mark_common, AUTOSIMULATE_OT_mark_selected, AUTOSIMULATE_PG_material_choice,
           AUTOSIMULATE_OT_mark_materials, AUTOSIMULATE_OT_mark_film)
