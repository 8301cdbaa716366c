"""The settings of a run, each declared once.

A row of ``SETTINGS`` is a flag of the command line, a key of a marks file's ``[settings]``, a field of the run's
configuration and, where it has a label, a property of the scene in Blender's window. A new setting is one row here and
the code that obeys it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import InputError


@dataclass(frozen=True)
class Choice:
    """One value that a setting may take: ``id`` as it is typed, ``label`` and ``help`` as the window shows them."""

    id: str
    label: str
    help: str


#: In this order: Blender keeps a choice as its place in the list, so new ones come last.
METHODS = (
    Choice("autosimulate", "AutoSimulate", "Hypergradient of the validation loss with respect to the distributions"),
    Choice("match", "Match", "Brings the statistics of renders and labels near those of the photographs; trains "
                             "nothing for it"),
    Choice("lts", "Learning to Simulate", "Reinforcement learning on the validation score; needs many more images"),
    Choice("bo", "Bayesian Optimization", "Proposes whole settings from a model of the results so far"),
    Choice("random", "Random Search", "Tries settings at random and keeps the best"),
    Choice("none", "None", "Keeps the distributions as they are; the null control"),
    Choice("published", "AutoSimulate as Published", "Algorithm 1 of the paper to the letter, without this add-on's "
                                                     "improvements"),
)
#: Those that estimate what a single render does to the validation loss.
HYPERGRADIENT_METHODS = ("autosimulate", "published")
APPROXIMATIONS = (
    Choice("quadratic", "Quadratic", "Inverse Hessian by conjugate gradients"),
    Choice("approximate-quadratic", "Approximate Quadratic", "One Hessian product instead of its inverse"),
    Choice("linear", "Linear", "The validation gradient as it is"),
    Choice("no-validation", "No Validation", "Ignores the validation data; a control"),
)
OBJECTIVES = (
    Choice("soft-miou", "Loss and Soft mIoU", "Cross-entropy and half of 1 - soft mIoU"),
    Choice("calibrated", "Calibrated Loss", "Cross-entropy after the best temperature and class biases for these "
                                            "images: predicting less does not lower it"),
    Choice("raw", "Loss", "Cross-entropy as it is"),
    # Last: a .blend keeps the place of a choice in its list, and older ones have none for this.
    Choice("auto", "Automatic", "Calibrated Loss for the head on frozen features, otherwise Loss and Soft mIoU"),
)
TASKS = (
    Choice("auto", "Automatic", "Segmentation; detection where the validation data have boxes and no masks"),
    Choice("segmentation", "Segmentation", "The class of every pixel, scored by mIoU"),
    Choice("detection", "Detection", "A box around every object, scored by mAP"),
)
LEARNERS = (
    Choice("network", "Network", "A neural network, trained by gradient steps"),
    Choice("head", "Head on Frozen Features", "Logistic regression on a pretrained encoder's features, solved to the "
                                              "end"),
    # Last: a .blend keeps the place of a choice in its list, and older ones have none for this.
    Choice("auto", "Automatic", "Head on Frozen Features where the validation images are photographs (larger than the "
                                "renders) and a pretrained encoder is installed, otherwise the network"),
)
NETWORKS = (
    Choice("unet", "U-Net", "Small U-Net of eight convolution layers, trained from scratch"),
    Choice("efficientnet", "EfficientNet U-Net", "Pretrained EfficientNet-Lite encoder, for real photographs"),
    Choice("smp", "segmentation-models-pytorch", "An architecture of segmentation-models-pytorch, where it is "
                                                 "installed"),
    Choice("module", "Your Own", "build(num_classes) of a Python file of yours"),
)
ENCODERS = (
    Choice("auto", "Automatic", "EfficientNet-Lite0 where its packages are installed, otherwise Filters"),
    Choice("efficientnet", "EfficientNet-Lite0", "Pretrained on photographs; features at strides 4 to 32"),
    Choice("efficientnet-lite1", "EfficientNet-Lite1", "Larger; its weights are a package of their own"),
    Choice("efficientnet-lite2", "EfficientNet-Lite2", "Larger still; its weights are a package of their own"),
    Choice("filters", "Filters", "Colours and oriented edges at several scales; needs no weights"),
    Choice("module", "Your Own", "build_encoder() of a Python file of yours"),
)
DEVICES = (
    Choice("auto", "Automatic", "CUDA when present, otherwise the CPU"),
    Choice("cpu", "CPU", "Train on the processor"),
    Choice("cuda", "CUDA", "Train on an NVIDIA graphics card"),
)
DEMO_STARTS = (
    Choice("narrow", "Narrow", "Narrow distributions around wrong values"),
    Choice("wide", "Wide", "Wide randomization"),
)

FORMATS = (
    Choice("coco", "COCO", "A folder of images and a JSON of boxes and masks for each subset"),
    Choice("yolo", "YOLO", "A text file of boxes for each image, and data.yaml"),
    Choice("yolo-seg", "YOLO Outlines", "A text file of polygons for each image, without holes, and data.yaml"),
    Choice("yolo-pose", "YOLO Keypoints", "A text file of boxes and keypoints for each image, and data.yaml"),
    Choice("voc", "Pascal VOC", "An XML file of boxes and a mask of class indices for each image"),
    Choice("bop", "BOP", "Masks, depth, intrinsics and poses of objects, by scene"),
    Choice("hdf5", "HDF5", "One file an image, as BlenderProc writes it; needs h5py"),
    Choice("webdataset", "WebDataset", "Tar files of images with their labels, to be read in a stream"),
)
PASSES = (
    Choice("depth", "Depth", "Distance to the camera's plane"),
    Choice("normal", "Normals", "Directions of the surfaces"),
    Choice("amodal", "Amodal", "Boxes and silhouettes of what is hidden too"),
)

#: Headings of the command line's help, in its order.
GROUPS = {"files": "files and folders", "optimization": "optimization", "images": "images",
          "network": "network and device", "processes": "processes"}
#: How a marks file is told what kind a value must be of.
_KINDS = {int: "a whole number", float: "a number", str: "text in quotes", bool: "true or false"}


@dataclass(frozen=True)
class Setting:
    """One setting. ``help`` is one sentence without a full stop, for the flag and for the tooltip alike."""

    name: str
    kind: type                              # int, float, bool or str
    default: Any                            # None: automatic, decided by what obeys the setting
    group: str                              # one of GROUPS
    help: str
    low: float | None = None                # limits of a number, inclusive
    high: float | None = None
    choices: tuple[Choice, ...] = ()
    metavar: str = "N"
    label: str = ""                         # in Blender's window; "": only on the command line
    panel: str = ""                         # of the window: "advanced", or drawn by hand
    soft_high: float | None = None          # where the window's slider ends
    subtype: str = "NONE"                   # of Blender's property
    start: Any = None                       # what the window begins with, where that is not ``default``
    only: tuple[str, ...] = ()              # (setting, its values): with another value this one says nothing
    preset: bool = True                     # kept in the window's presets
    in_marks_file: bool = True
    decides: bool = True                    # the result; the others may be changed when a run is resumed
    several: bool = False                   # of the choices, as a list with commas
    formerly: str = ""                      # its name in earlier versions, still understood

    @property
    def flag(self) -> str:
        return flag_of(self.name)

    def check(self, value: Any) -> None:
        """Raises InputError, in one sentence that names the flag, unless the setting can be ``value``."""
        ids = [choice.id for choice in self.choices]
        if ids and value not in ids:
            raise InputError(f"{self.flag} {value!r} is not known; choose one of {', '.join(ids)}.")
        if (value is None and self.default is None) or self.low is None:
            return
        number = isinstance(value, (int, float) if self.kind is float else int) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not self.low <= value <= self.high:
            raise InputError(f"{self.flag} must be {_KINDS[self.kind]} from {self.low} to {self.high}, not {value!r}.")

    def check_kind(self, value: Any) -> None:
        """Raises InputError unless ``value``, as a marks file gives it, is of the setting's kind."""
        kinds = (int, float) if self.kind is float else self.kind
        if not isinstance(value, kinds) or (isinstance(value, bool) and self.kind is not bool):
            raise InputError(f"{self.name} is {value!r}; it must be {_KINDS[self.kind]}.")


SETTINGS: tuple[Setting, ...] = (
    Setting("scene", str, "", "files", "the .blend to use; not needed when Blender has opened it; without any scene "
            "the built-in demo is used", metavar="FILE", in_marks_file=False),
    Setting("validation", str, "", "files", "real labelled images that drive the optimization: a folder with images "
            "and index masks, COCO JSON, or BOP", metavar="DIR", label="Validation Data", panel="validation",
            subtype="DIR_PATH", preset=False),
    Setting("test", str, "", "files", "labelled images that only the final comparison looks at", metavar="DIR",
            label="Test Data", panel="validation", subtype="DIR_PATH", preset=False),
    Setting("real", str, "", "files", "labelled real images that networks are trained on beside the renders, half of "
            "the weight each; of one folder for this and --validation each half has one use", metavar="DIR",
            label="Real Training Data", panel="validation", subtype="DIR_PATH", preset=False),
    Setting("tensorboard", bool, False, "files", "also write TensorBoard event files of every iteration, into the "
            "folder tensorboard of the run; needs tensorboardX", decides=False, preset=False),

    Setting("method", str, "autosimulate", "optimization", "how the distributions are learned; lts, bo and random are "
            "baselines, with none they never move", choices=METHODS, label="Method", panel="optimize"),
    Setting("approximation", str, "quadratic", "optimization", "how the effect of an image on the validation loss is "
            "estimated", choices=APPROXIMATIONS, label="Approximation", panel="optimize",
            only=("method", *HYPERGRADIENT_METHODS)),
    Setting("objective", str, "auto", "optimization", "what the distributions are to lower over the validation "
            "images", choices=OBJECTIVES, label="Objective", panel="advanced", only=("method", "autosimulate")),
    Setting("demo_start", str, "narrow", "optimization", "where the built-in demo begins: narrow and wrong, or wide "
            "randomisation", choices=DEMO_STARTS, in_marks_file=False),
    Setting("iterations", int, 20, "optimization", "steps of the distributions", 1, 100_000, label="Iterations",
            panel="optimize", soft_high=100),
    Setting("images", int, 24, "optimization", "images rendered per iteration", 2, 100_000, label="Images",
            panel="optimize", soft_high=200),
    Setting("seed", int, 0, "optimization", "same seed, same draws, images and result", 0, (1 << 31) - 1,
            label="Seed", panel="advanced", preset=False),
    Setting("epochs", int, None, "optimization", "passes of training over the images in each iteration", 1, 100_000,
            label="Epochs", panel="advanced", soft_high=50),
    Setting("ensemble_size", int, None, "optimization", "networks trained side by side, whose estimates of the step "
            "are averaged: more are steadier and slower (automatic: 3 for unet, else 1)", 1, 100, label="Ensemble Size",
            panel="advanced", soft_high=8, formerly="networks"),
    Setting("replay", int, None, "optimization", "renders that each step of the distributions looks at, the "
            "iteration's own and past ones: fewer are faster and noisier (automatic: 128)", 1, 100_000,
            label="Replay", panel="advanced", soft_high=256, formerly="scored"),
    Setting("match", bool, True, "optimization", "first bring what the renders look like and show near the validation "
            "photographs, before any network is asked", label="Match First", panel="advanced",
            only=("method", "autosimulate"), formerly="match_brightness"),
    Setting("match_looks", bool, True, "optimization", "where matching begins, move lights and film until renders are "
            "as bright, colored, sharp and grainy as the validation photographs: no new render (before "
            "AutoSimulate with the head on frozen features only)",
            label="Match Looks", panel="advanced", only=("method", "match", "autosimulate")),
    Setting("evidence", bool, False, "optimization", "only move what stands out of the noise of its estimate, leave "
            "the rest to Match First, and end the run where neither has anything to say (with the head on frozen "
            "features always)", label="Only on Evidence", panel="advanced", only=("method", "autosimulate")),
    Setting("control", bool, True, "optimization", "also run the null control, whose distributions never move, to "
            "show what the optimization is worth", label="Null Control", panel="advanced"),
    Setting("compare", bool, True, "optimization", "at the end compare start and learned distributions by fresh "
            "networks"),
    Setting("judges", int, 3, "optimization", "networks trained from nothing that judge each of the two, and "
            "in evaluate: the more, the better a gain can be told from chance", 1, 100, label="Judges",
            panel="advanced", soft_high=10, formerly="fresh_networks"),

    Setting("width", int, 128, "images", "render width (demo: 64)", 8, 8192, metavar="PX",
            label="Render Width", panel="optimize", soft_high=640, subtype="PIXEL"),
    Setting("height", int, 96, "images", "render height; without it from the width and the scene's shape", 8, 8192,
            metavar="PX", label="Render Height", panel="optimize", soft_high=480, subtype="PIXEL"),
    Setting("samples", int, None, "images", "Cycles samples a pixel (automatic: the scene's)", 1, 1 << 20),
    Setting("count", int, None, "images", "generate: images to write; preview: images on the sheet; evaluate and the "
            "final comparison: images a fresh network is trained on", 1, 10_000_000),

    Setting("task", str, "auto", "network", "what is learned of the images: the class of every pixel, or a box around "
            "every object (auto: detection where the validation data have boxes and no masks)", choices=TASKS,
            label="Task", panel="validation"),
    Setting("least_side", float, 3.0, "network", "detection: pixels of the shorter side of the box around what is "
            "visible of a rendered object, below which it is background", 1.0, 1000.0, metavar="PX", label="Least Side",
            panel="network", soft_high=32.0, only=("task", "auto", "detection")),
    Setting("learner", str, "auto", "network", "what is trained on the renders, and judges them in the comparison",
            choices=LEARNERS, label="Learner", panel="network"),
    Setting("network", str, "unet", "network", "network to train", choices=NETWORKS, label="Network", panel="network"),
    Setting("network_width", int, None, "network", "channels of the network's first layer", 1, 4096, label="Width",
            panel="network", soft_high=64, start=8, only=("network", "unet")),
    Setting("network_module", str, "", "network", "your own Python file with build(num_classes) that returns a PyTorch "
            "network", metavar="FILE", label="Module", panel="network", subtype="FILE_PATH", preset=False,
            only=("network", "module")),
    Setting("frozen_layers", int, 0, "network", "first layers that are not trained", 0, 1000, label="Frozen Layers",
            panel="network", soft_high=8),
    Setting("encoder", str, "auto", "network", "frozen features by which renders and photographs are compared",
            choices=ENCODERS, label="Encoder", panel="network"),
    Setting("encoder_module", str, "", "network", "your own Python file with build_encoder() that returns a PyTorch "
            "module: images to features", metavar="FILE", label="Module", panel="network", subtype="FILE_PATH",
            preset=False, only=("encoder", "module")),
    Setting("learning_rate", float, None, "network", "step of the network's training", 1e-9, 10.0, metavar="X"),
    # It decides last digits, as a machine does: a run may go on where there is no graphics card.
    Setting("device", str, "auto", "network", "where the network runs", choices=DEVICES, label="Device",
            panel="network", preset=False, decides=False),

    Setting("workers", int, 1, "processes", "processes that render; with 1 it is the job itself; the result is the "
            "same with any number", 1, 1024, label="Render Processes", panel="advanced", soft_high=16, preset=False,
            decides=False),
    Setting("worker_devices", str, "", "processes", "graphics cards that the render processes take in turn, such as "
            "0,1: each sees one alone (CUDA_VISIBLE_DEVICES)", metavar="LIST", decides=False, preset=False),
    Setting("cluster", str, "", "processes", "render on the machines of a Ray cluster: auto for the one that this "
            "machine is in, or its address, such as 10.0.0.1:6379; without --workers one process a machine, or a "
            "graphics card", metavar="ADDRESS", decides=False, preset=False),
    Setting("cluster_program", str, "", "processes", "Blender, or a Python with its bpy module, on the cluster's "
            "machines (automatic: the path of the one that runs this)", metavar="FILE", decides=False, preset=False),
    Setting("overlap", bool, None, "processes", "render the next iteration's images while networks are trained; the "
            "result is the same (automatic: with several --workers or a --cluster)", decides=False, preset=False),
)

#: Those of ``generate`` alone, which belong to a data set and to no run: flags, and properties of the scene.
DATASET: tuple[Setting, ...] = (
    Setting("format", str, "", "images", "formats to write the data set in too, each in a folder of its own",
            choices=FORMATS, several=True, metavar="NAMES", label="Formats"),
    Setting("passes", str, "", "images", "what to render beside the image, depth and normals as numpy files, and in "
            "the formats that have a place for it", choices=PASSES, several=True, metavar="NAMES", label="Passes"),
    Setting("split", str, "", "images", "shares of train, val and test in these formats; where an image belongs "
            "depends on its own number alone (without: all train)", metavar="80/10/10", label="Split"),
)


def default(name: str) -> Any:
    """What a run has where nobody says otherwise."""
    return by_name()[name].default


def renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` by the settings' present names."""
    names = {setting.formerly: setting.name for setting in SETTINGS if setting.formerly}
    return {names.get(name, name): value for name, value in values.items()}


def flag_of(name: str) -> str:
    """A setting's name as the command line has it."""
    return f"--{name.replace('_', '-')}"


def by_name(settings: Sequence[Setting] = SETTINGS) -> dict[str, Setting]:
    """The rows by name."""
    return {setting.name: setting for setting in settings}
