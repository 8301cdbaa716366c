"""The settings that live on a scene: ``Scene.autosimulate``, saved with the file.

Data-blocks are held by pointer, so that marks survive renaming; a deleted one leaves None (``mark_scene.read`` says
so in one sentence). The groups are registered once, by the add-on or, headless, by ``ensure_registered``.
"""

from __future__ import annotations

import atexit

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ...protocol import FAMILIES
from ...protocol.settings import DATASET
from .. import compat
from . import editing, settings
from .mark import MAX_SIZE

KIND_ITEMS = (
    ("PROPERTY", "Property", "A property of one or more data-blocks", "RNA", 0),
    ("MATERIAL", "Material Choice", "Which of the given materials the objects wear", "MATERIAL", 1),
    ("STATE", "States", "Sets of property values that are switched together", "PRESET", 2),
    ("FILM", "Film", "What happens to the image after rendering; needs no new render", "CAMERA_DATA", 3),
)
FAMILY_ITEMS = tuple((key.upper(), words.label, words.help) for key, words in FAMILIES.items())


class AUTOSIMULATE_PG_value(bpy.types.PropertyGroup):
    """One property value inside a state."""

    id: PointerProperty(type=bpy.types.ID, name="Data-Block", description="Data-block that owns the property")
    path: StringProperty(name="Path", description="Data path of the property within its data-block")
    index: IntProperty(name="Component", description="Component of a vector, or -1 for all", default=-1, min=-1)
    value: StringProperty(name="Value", description="The captured value, as JSON")


class AUTOSIMULATE_PG_item(bpy.types.PropertyGroup):
    """One choice of a discrete distribution (``name`` is its label)."""

    material: PointerProperty(type=bpy.types.Material, name="Material", description="Material that this choice puts on")
    id: PointerProperty(type=bpy.types.ID, name="Data-Block", description="Data-block that the property points to by "
                        "this choice")
    p: FloatProperty(name="Probability", description="Probability of this choice at the start", default=1.0, min=0.0,
                     max=1.0, subtype="FACTOR", precision=3)
    values: CollectionProperty(type=AUTOSIMULATE_PG_value, name="Values",
                               description="Property values that this state sets together")
    shown_p: editing.probability()


class AUTOSIMULATE_PG_target(bpy.types.PropertyGroup):
    """One property that draws from a mark's distribution."""

    id: PointerProperty(type=bpy.types.ID, name="Data-Block", description="Data-block that owns the property")
    path: StringProperty(name="Path", description="Data path of the property within its data-block")
    index: IntProperty(name="Component", description="Component of a vector, or -1 for all", default=-1, min=-1)


def _numbers(name: str, description: str, **options):
    return FloatVectorProperty(name=name, description=description, size=MAX_SIZE, precision=4, **options)


class AUTOSIMULATE_PG_mark(bpy.types.PropertyGroup):
    """One learnable quantity (``name`` is unique in the scene and is its key in psi.json)."""

    kind: EnumProperty(name="Kind", description="What is learnable", items=KIND_ITEMS)
    targets: CollectionProperty(type=AUTOSIMULATE_PG_target, name="Targets",
                                description="Properties that share this distribution, each drawing its own value")
    family: EnumProperty(name="Distribution", description="Family of the distribution", items=FAMILY_ITEMS)
    size: IntProperty(name="Components", description="Number of components of one value", default=1, min=1,
                      max=MAX_SIZE)
    low: _numbers("Low", "Smallest value that may be drawn")
    high: _numbers("High", "Largest value that may be drawn")
    use_low: BoolProperty(name="Limit Below", description="Draw no value below Low", default=False)
    use_high: BoolProperty(name="Limit Above", description="Draw no value above High", default=False)
    mean: _numbers("Mean", "Mean of the distribution at the start, in the property's own units")
    std: _numbers("Spread", "Standard deviation at the start, in the property's own units; begin wide", min=0.0)
    items: CollectionProperty(type=AUTOSIMULATE_PG_item, name="Choices", description="What can be chosen")
    locked: BoolProperty(name="Lock", description="Keep drawing from this distribution, but do not learn it",
                         default=False)
    enabled: BoolProperty(name="Enabled", description="Draw this property; when off it keeps its value in the scene",
                          default=True)


AUTOSIMULATE_PG_mark.__annotations__.update(editing.annotations())


class AUTOSIMULATE_PG_member(bpy.types.PropertyGroup):
    """One data-block whose pixels belong to a class."""

    id: PointerProperty(type=bpy.types.ID, name="Member",
                        description="Object, collection or material whose pixels belong to the class",
                        poll=lambda _self, block: block.id_type in {"OBJECT", "COLLECTION", "MATERIAL"})


class AUTOSIMULATE_PG_class(bpy.types.PropertyGroup):
    """One class that the network learns (``name``); background needs no entry."""

    color: FloatVectorProperty(name="Color", description="Color of the class in the viewport", size=3,
                               subtype="COLOR_GAMMA", min=0.0, max=1.0, default=(0.8, 0.3, 0.2))
    validation_id: IntProperty(name="Validation ID", min=0, max=65535,
                               description="Pixel value or category id of this class in the validation data")
    validation_labels: StringProperty(name="In Photographs",
                                      description="The labels that are this class in the validation data, by name or "
                                                  "id: blue cube, red cube, 5. Empty: its own name, or its id")
    members: CollectionProperty(type=AUTOSIMULATE_PG_member, name="Members",
                                description="Objects, collections and materials of this class")


class AUTOSIMULATE_PG_keypoint(bpy.types.PropertyGroup):
    """One point of an object (``name``): where an empty is, which is a child of the object."""

    id: PointerProperty(type=bpy.types.Object, name="Empty", description="Empty that is at the point",
                        poll=lambda _self, block: block.type == "EMPTY")


class AUTOSIMULATE_PG_scene(bpy.types.PropertyGroup):
    """Everything AutoSimulate keeps with a scene; the settings of a run are added below, from their table."""

    marks: CollectionProperty(type=AUTOSIMULATE_PG_mark, name="Learnable Properties",
                              description="What gets a distribution instead of a value")
    active_mark: IntProperty(name="Active Mark", description="Learnable property shown below the list", min=0)
    classes: CollectionProperty(type=AUTOSIMULATE_PG_class, name="Classes",
                                description="What the network tells apart; everything else is background")
    active_class: IntProperty(name="Active Class", description="Class shown below the list", min=0)
    keypoints: CollectionProperty(type=AUTOSIMULATE_PG_keypoint, name="Keypoints",
                                  description="Points of objects that data sets tell where they are")

    dataset_count: IntProperty(name="Images", description="Number of images to generate", default=100, min=1,
                               soft_max=10000)
    dataset_dir: StringProperty(name="Output", subtype="DIR_PATH", description="Folder for the generated data set",
                                options=compat.PATH_OPTIONS)
    run_dir: StringProperty(name="Run", subtype="DIR_PATH", description="Folder of the last run",
                            options=compat.PATH_OPTIONS)
    decision: StringProperty(name="Decision", description="What was done with a run's result, and which run: in the "
                             "scene, so that undo takes it back")
    before_kept: StringProperty(name="Before", description="The distributions before Keep, as JSON, for Discard")


AUTOSIMULATE_PG_scene.__annotations__.update({**settings.annotations(), **settings.annotations(DATASET)})

CLASSES = (
    AUTOSIMULATE_PG_value, AUTOSIMULATE_PG_item, AUTOSIMULATE_PG_target, AUTOSIMULATE_PG_mark, AUTOSIMULATE_PG_member,
    AUTOSIMULATE_PG_class, AUTOSIMULATE_PG_keypoint, AUTOSIMULATE_PG_scene,
)


def registered() -> bool:
    """Whether ``Scene.autosimulate`` exists, registered by this module or by an installed add-on."""
    return hasattr(bpy.types.Scene, "autosimulate")


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.autosimulate = PointerProperty(type=AUTOSIMULATE_PG_scene, name="AutoSimulate")


def unregister() -> None:
    del bpy.types.Scene.autosimulate
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)


def ensure_registered() -> None:
    """For headless use: registers the groups unless the add-on, enabled in the same Blender, already did."""
    if not registered():
        register()
        # The bpy module hangs at exit while properties with functions of ours are registered (4.5.15).
        if not bpy.app.binary_path:
            atexit.register(_unregister_at_exit)


def _unregister_at_exit() -> None:
    if AUTOSIMULATE_PG_scene.is_registered:
        unregister()
