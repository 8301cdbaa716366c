"""The settings that live on a scene: ``Scene.autosimulate``, saved with the file.

Data-blocks are held by pointer, so that marks survive renaming; a deleted one leaves None (``marks_scene.read`` says
so in one sentence). The groups are registered once, by the add-on or, headless, by ``ensure_registered``.
"""

from __future__ import annotations

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

#: More components than a colour with alpha or a quaternion has are marked one by one.
MAX_SIZE = 4

KIND_ITEMS = (
    ("PROPERTY", "Property", "A property of one or more data-blocks", "RNA", 0),
    ("MATERIAL", "Material Choice", "Which of the given materials the objects wear", "MATERIAL", 1),
    ("STATE", "States", "Sets of property values that are switched together", "PRESET", 2),
    ("FILM", "Film", "What happens to the image after rendering; needs no new render", "CAMERA_DATA", 3),
)
FAMILY_ITEMS = (
    ("NORMAL", "Normal", "Bell curve, for quantities without natural limits such as places"),
    ("LOGNORMAL", "Log-Normal", "Strictly positive, with factors rather than differences, as for light energies"),
    ("BOUNDED", "Bounded", "Scaled beta distribution between two limits; uniform when wide"),
    ("INTEGER", "Integer", "One of the listed whole numbers, each with its own probability"),
    ("BERNOULLI", "On or Off", "On with a learned probability"),
    ("CATEGORICAL", "Choice", "One of the listed choices, each with its own probability"),
)
NETWORK_ITEMS = (
    ("UNET", "U-Net", "Small U-Net of eight convolution layers, trained from scratch"),
    ("EFFICIENTNET", "EfficientNet U-Net", "Pretrained EfficientNet-Lite encoder, for real photographs"),
    ("SMP", "segmentation-models-pytorch", "An architecture of segmentation-models-pytorch, where it is installed"),
    ("MODULE", "Your Own", "build(num_classes) of a Python file of yours"),
)
METHOD_ITEMS = (
    ("AUTOSIMULATE", "AutoSimulate", "Hypergradient of the validation loss with respect to the distributions"),
    ("LTS", "Learning to Simulate", "Reinforcement learning on the validation score; needs many more images"),
    ("BO", "Bayesian Optimization", "Proposes whole settings from a model of the results so far"),
    ("RANDOM", "Random Search", "Tries settings at random and keeps the best"),
    ("NONE", "None", "Keeps the distributions as they are; the null control"),
)
APPROXIMATION_ITEMS = (
    ("QUADRATIC", "Quadratic", "Inverse Hessian by conjugate gradients"),
    ("APPROXIMATE_QUADRATIC", "Approximate Quadratic", "One Hessian product instead of its inverse"),
    ("LINEAR", "Linear", "The validation gradient as it is"),
    ("NO_VALIDATION", "No Validation", "Ignores the validation data; a control"),
)
DEVICE_ITEMS = (
    ("AUTO", "Automatic", "CUDA when present, otherwise the CPU"),
    ("CPU", "CPU", "Train on the processor"),
    ("CUDA", "CUDA", "Train on an NVIDIA graphics card"),
)


class AUTOSIMULATE_PG_value(bpy.types.PropertyGroup):
    """One property value inside a state."""

    id: PointerProperty(type=bpy.types.ID, name="Data-Block", description="Data-block that owns the property")
    path: StringProperty(name="Path", description="Data path of the property within its data-block")
    index: IntProperty(name="Component", description="Component of a vector, or -1 for all", default=-1, min=-1)
    value: StringProperty(name="Value", description="The captured value, as JSON")


class AUTOSIMULATE_PG_item(bpy.types.PropertyGroup):
    """One choice of a discrete distribution (``name`` is its label)."""

    material: PointerProperty(type=bpy.types.Material, name="Material", description="Material that this choice puts on")
    p: FloatProperty(name="Probability", description="Probability of this choice at the start", default=1.0, min=0.0,
                     max=1.0, subtype="FACTOR", precision=3)
    values: CollectionProperty(type=AUTOSIMULATE_PG_value, name="Values",
                               description="Property values that this state sets together")


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
    active_item: IntProperty(name="Active Choice", description="Choice shown below the list", min=0)
    locked: BoolProperty(name="Lock", description="Keep drawing from this distribution, but do not learn it",
                         default=False)
    enabled: BoolProperty(name="Enabled", description="Draw this property; when off it keeps its value in the scene",
                          default=True)


class AUTOSIMULATE_PG_member(bpy.types.PropertyGroup):
    """One data-block whose pixels belong to a class."""

    id: PointerProperty(type=bpy.types.ID, name="Member",
                        description="Object, collection or material whose pixels belong to the class",
                        poll=lambda _self, block: block.id_type in {"OBJECT", "COLLECTION", "MATERIAL"})


class AUTOSIMULATE_PG_class(bpy.types.PropertyGroup):
    """One class that the network learns (``name``); background needs no entry."""

    color: FloatVectorProperty(name="Color", description="Color of the class in masks and in the viewport", size=3,
                               subtype="COLOR_GAMMA", min=0.0, max=1.0, default=(0.8, 0.3, 0.2))
    validation_id: IntProperty(name="Validation ID", min=0, max=65535,
                               description="Pixel value or category id of this class in the validation data")
    members: CollectionProperty(type=AUTOSIMULATE_PG_member, name="Members",
                                description="Objects, collections and materials of this class")
    active_member: IntProperty(name="Active Member", description="Member selected in the list", min=0)


class AUTOSIMULATE_PG_scene(bpy.types.PropertyGroup):
    """Everything AutoSimulate keeps with a scene."""

    marks: CollectionProperty(type=AUTOSIMULATE_PG_mark, name="Learnable Properties",
                              description="What gets a distribution instead of a value")
    active_mark: IntProperty(name="Active Mark", description="Learnable property shown below the list", min=0)
    classes: CollectionProperty(type=AUTOSIMULATE_PG_class, name="Classes",
                                description="What the network tells apart; everything else is background")
    active_class: IntProperty(name="Active Class", description="Class shown below the list", min=0)

    validation_dir: StringProperty(name="Validation Data", subtype="DIR_PATH",
                                   description="Folder of real, labelled images that drive the optimization")
    test_dir: StringProperty(name="Test Data", subtype="DIR_PATH",
                             description="Folder of labelled images only used to report the result (optional)")

    network: EnumProperty(name="Network", description="Network to train", items=NETWORK_ITEMS)
    network_width: IntProperty(name="Width", description="Channels of the network's first layer", default=8, min=1,
                               soft_max=64, max=512)
    network_module: StringProperty(name="Module", subtype="FILE_PATH",
                                   description="Python file with build(num_classes) that returns your PyTorch network")
    frozen_layers: IntProperty(name="Frozen Layers", description="Number of first layers that are not trained",
                               default=0, min=0, soft_max=8)

    method: EnumProperty(name="Method", description="How the distributions are learned", items=METHOD_ITEMS)
    approximation: EnumProperty(name="Approximation", items=APPROXIMATION_ITEMS,
                                description="How the effect of an image on the validation loss is estimated")
    literal: BoolProperty(name="Literal Algorithm", default=False,
                          description="Algorithm 1 exactly as published, without this add-on's improvements")
    iterations: IntProperty(name="Iterations", description="Number of steps of the distributions", default=20, min=1,
                            soft_max=100)
    images: IntProperty(name="Images", description="Images rendered in each iteration", default=24, min=2, soft_max=200)
    epochs: IntProperty(name="Epochs", description="Passes of training over the images in each iteration, 0 for "
                        "automatic", default=0, min=0, soft_max=50)
    networks: IntProperty(name="Networks", description="Networks trained side by side, whose estimates are averaged: "
                          "more are steadier and slower; 0 for automatic", default=0, min=0, soft_max=8, max=64)
    scored: IntProperty(name="Scored Renders", description="Renders that each step of the distributions looks at: the "
                        "iteration's own, and past ones up to this many. Fewer are faster and noisier; 0 for automatic",
                        default=0, min=0, soft_max=256)
    width: IntProperty(name="Width", description="Width of the rendered images", default=128, min=8, soft_max=640,
                       max=4096, step=8, subtype="PIXEL")
    height: IntProperty(name="Height", description="Height of the rendered images", default=96, min=8, soft_max=480,
                        max=4096, step=8, subtype="PIXEL")
    seed: IntProperty(name="Seed", description="The same seed gives the same draws, images and result", default=0,
                      min=0)
    device: EnumProperty(name="Device", description="Where the network is trained", items=DEVICE_ITEMS)
    match_brightness: BoolProperty(name="Match Brightness", default=True,
                                   description="First bring lights and exposure to the brightness of the validation "
                                   "images, where every one of them is far brighter or darker than the renders. A "
                                   "network that was trained in the dark cannot tell which light is missing")
    control: BoolProperty(name="Null Control", default=True,
                          description="Also train a network on images from distributions that never move, to show "
                          "what the optimization is worth")
    fresh_networks: IntProperty(name="Fresh Networks", default=3, min=1, soft_max=10, max=100,
                                description="Networks that are trained from nothing at the end, on images from the start "
                                "and as many on images from the learned distributions, to judge whether learning helped. "
                                "The more, the better a gain can be told from chance")
    dataset_count: IntProperty(name="Images", description="Number of images to generate", default=100, min=1,
                               soft_max=10000)
    dataset_dir: StringProperty(name="Output", subtype="DIR_PATH", description="Folder for the generated data set")
    run_dir: StringProperty(name="Run", subtype="DIR_PATH", description="Folder of the last run")
    decision: StringProperty(name="Decision", description="What was done with a run's result, and which run: in the "
                             "scene, so that undo takes it back")


CLASSES = (
    AUTOSIMULATE_PG_value, AUTOSIMULATE_PG_item, AUTOSIMULATE_PG_target, AUTOSIMULATE_PG_mark, AUTOSIMULATE_PG_member,
    AUTOSIMULATE_PG_class, AUTOSIMULATE_PG_scene,
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
