"""Blender renders draws: one image split by light source, with labels and instances, from one render call each."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from ...protocol import AutoSimulateError, Draw, Factor, Layer, Render, SampleKey
from .. import compat, paths
from ..identity import Key
from ..marks.factors import factor_of
from ..marks.mark import ClassTable, Mark
from ..paths import PropertyRef
from . import cryptomatte, display, exr, extras, inexact, instances, keypoints, scratch, sharp
from . import stage as staging
from .drawing import Drawer, drawn_properties
from .instances import Instances
from .labels import Labels, indices
from .light_groups import LightGroups
from .quiet import quiet
from .snapshot import Restorer
from .stage import RenderSettings
from .visibility import Sightings

_LARGEST = float(np.finfo(np.float16).max)


class RenderSession:
    """A session of renders of one scene. A context manager: leaving it puts everything back exactly, errors or not.

    ``factors``, ``layers`` (see ``protocol.Layer``) and ``classes`` are known from the start; nothing is changed before
    the context is entered. ``notes`` holds what the user should know of this session, one sentence each.

    Raises InputError for a scene, marks or classes that cannot be rendered.
    """

    def __init__(self, scene: bpy.types.Scene, marks: Sequence[Mark], classes: ClassTable,
                 settings: RenderSettings) -> None:
        staging.check(scene, settings)
        self.scene = scene
        self.marks = tuple(mark for mark in marks if mark.enabled)
        self._labels = Labels(scene, classes)
        if settings.engine == "EEVEE":
            self._labels.check_names()
        self.class_table = classes
        self.classes: tuple[str, ...] = classes.names
        factors = tuple(factor_of(mark) for mark in self.marks)
        self.factors: tuple[Factor, ...] = tuple(self._with_owners(mark, factor)
                                                 for mark, factor in zip(self.marks, factors, strict=True))
        self._drawer = Drawer(scene, self.marks)
        drawn = [ref for mark in self._drawer.marks for ref in drawn_properties(mark)]
        relight = settings.relight and settings.engine == "CYCLES" and not display.bends(drawn)
        self._negative = inexact.negative_light(scene, self.marks, factors) if relight else ""
        relight = relight and not self._negative
        self._groups = LightGroups(scene, self.marks if relight else (), self.factors)
        self.layers: tuple[Layer, ...] = self._groups.layers
        self.settings = replace(settings, relight=bool(self._groups.sources))
        self.notes: tuple[str, ...] = tuple(self._notes(drawn))
        self._restorer = Restorer()
        self._sightings = Sightings(self.classes)
        self._instances = Instances()
        self._may_have_instances = instances.may_exist(scene)
        self._geometry: dict[str, np.ndarray] = {}
        #: What is asked of the render's graph, by the name of the extra.
        self._asked = {name: ask for name, ask in extras.GEOMETRY.items() if name in settings.extras}
        if "keypoints" in settings.extras:
            self._asked["keypoints"] = keypoints.Keypoints(classes, self._labels).place
        #: The copy of the scene that is rendered, while the context is entered.
        self.stage: bpy.types.Scene | None = None
        self._empty: bpy.types.Scene | None = None
        self._mirrored = [ref for ref in drawn if ref.block == paths.ref_to(scene)]

    def _with_owners(self, mark: Mark, factor: Factor) -> Factor:
        """With the instance that shows each value, where each is a property of one object that stands for itself.

        A camera's, a light's or a parent's place is seen elsewhere, and gets the credit of the whole image.
        """
        numbers = [self._labels.numbers.get(ref.key) for ref in mark.targets if ref.collection == "objects"]
        if not numbers or len(numbers) < len(mark.targets) or None in numbers or not instances.stand_alone(
                {paths.data_block(ref) for ref in mark.targets}):
            return factor
        return replace(factor, owners=tuple(numbers))

    def _notes(self, drawn: Sequence[PropertyRef]) -> Iterator[str]:
        for ref in display.without_effect(drawn):
            yield f"{ref} changes only how Blender displays images, not the images that are learned from."
        if self.settings.relight and self.scene.cycles.use_denoising:
            yield "Denoising is off, because the images are split by light source to be mixed again."
        if self.scene.render.use_motion_blur:
            yield "Motion blur is off: labels of a blurred edge are undefined."
        if self._negative:
            yield (f"{self._negative} takes light away, so the images are not split by light source: every draw of a "
                   f"light is rendered.")
        yield from inexact.notes(self.scene, self.marks)

    def __enter__(self) -> RenderSession:
        restorer = self._restorer
        try:
            folder = scratch.make()
            restorer.defer(lambda: shutil.rmtree(folder, ignore_errors=True))
            _forget_new_images(restorer)
            self.stage = staging.make(
                self.scene, self.settings, material_index=self._labels.uses_materials,
                position=self._may_have_instances, path=os.path.join(folder, "render.exr"))
            restorer.defer(self._remove_stage)
            self._empty = staging.empty_scene()
            view_layer = staging.rendered_view_layer(self.stage)
            self._labels.apply(restorer, view_layer)
            self._groups.apply(restorer, self.stage, view_layer)
            self._drawer.__enter__()
        except BaseException:
            restorer.restore()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            self._drawer.__exit__(*error)
        finally:
            self._restorer.restore()

    def _remove_stage(self) -> None:
        for scene in (self.stage, self._empty):
            if scene is not None:
                staging.remove(scene)
        self.stage = self._empty = None

    def _put(self, draw: Draw) -> None:
        """Draws into the scene, and what are settings of the scene itself into its copy as well."""
        self._drawer.put(draw)
        for ref in self._mirrored:
            paths.set(replace(ref, name=self.stage.name, library=None), paths.get(ref))

    def render(self, draw: Draw, key: SampleKey) -> Render:
        """Puts the draw into the scene and renders it once.

        The same key and draw give the same image, bit for bit, whatever was rendered before. Raises InputError for a
        draw that does not fit the marks, AutoSimulateError when Blender fails to render.
        """
        began = time.perf_counter()
        rendered = self._groups.floored(draw)
        self._put(rendered)
        if self.settings.engine == "CYCLES":
            self.stage.cycles.seed = seed_of(key)
        image = self._render_image()
        layers = self._split(image)
        sharp_image = self._sharp(image)
        labels, numbers = self._label(sharp_image)
        self._sightings.see(labels)
        return Render(key, {name: np.asarray(value) for name, value in draw.items()}, layers,
                      self._groups.reference(rendered), labels, numbers, time.perf_counter() - began,
                      self._told(sharp_image))

    def _told(self, image: exr.ExrImage) -> dict[str, np.ndarray]:
        """``Render.extras``: what the sharp image has, and what the graph had."""
        maps, geometry = extras.maps(image, self.settings.extras), dict(self._geometry)
        if "keypoints" in self._asked:
            places = {name: geometry.pop(name) for name in ("keypointed", "keypoint_places")}
            geometry |= keypoints.told(places, extras.maps(image, ("depth",))["depth"])
        return {**maps, **geometry}

    def missing_classes(self) -> list[str]:
        """Classes in the frame by projection, at least once, but in none of the images rendered so far."""
        return self._sightings.missing()

    def expected_classes(self) -> list[str]:
        """Classes in the frame by projection, at least once."""
        return self._sightings.expected()

    def rendered_elsewhere(self, render: Render, expected: Sequence[str]) -> None:
        """Takes note of what another session of the same scene rendered, and expected so far."""
        self._sightings.expect_too(expected)
        self._sightings.see(render.labels)

    def _sharp(self, image: exr.ExrImage) -> exr.ExrImage:
        """The image to read labels from: another one, sharp and of one sample, where depth of field blurs this one."""
        blurred = sharp.blurred_cameras(self.stage)
        if not blurred:
            return image
        with sharp.sharp(self.stage, blurred):
            return self._render_image()

    def _render_image(self) -> exr.ExrImage:
        path = self.stage.render.filepath
        try:
            aside = bpy.context.temp_override(scene=self._empty, view_layer=self._empty.view_layers[0])
            with quiet(), self._watching(), aside:
                bpy.ops.render.render(write_still=True, scene=self.stage.name)
            image = exr.read(path)
        except (RuntimeError, OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0].removeprefix("Error: ")
            raise AutoSimulateError(f"Blender could not render the image: {reason}") from error
        os.unlink(path)         # nothing is left behind on the RAM disk if the process is killed
        return image

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Looks at the dependency graph of the render, which is only there during the render."""
        if not self._may_have_instances and self._sightings.complete and not self._asked:
            yield
            return
        problems: list[Exception] = []

        def look(scene: bpy.types.Scene, graph: bpy.types.Depsgraph | None = None) -> None:
            if graph is None or graph.mode != "RENDER":
                return
            try:
                if self._may_have_instances:
                    self._instances.collect(graph)
                self._geometry = {name: value for ask in self._asked.values()
                                  for name, value in ask(graph, self.stage).items()}
                if not self._sightings.complete:
                    self._sightings.expect(graph, self.stage.camera, (self.settings.width, self.settings.height),
                                           self._labels.class_of_object)
            except Exception as error:      # Blender would print it and go on
                problems.append(error)

        # A handler that is still there when the process ends crashes 4.2 and hangs 4.5.
        bpy.app.handlers.frame_change_post.append(look)
        try:
            yield
        finally:
            bpy.app.handlers.frame_change_post.remove(look)
        if problems:
            raise problems[0]

    def _split(self, image: exr.ExrImage) -> np.ndarray:
        """(L, H, W, 3) float16: one layer per source, and what is left."""
        layers = np.empty((len(self.layers), self.settings.height, self.settings.width, 3), dtype=np.float32)
        passes = [f"Combined_{source.group}" for source in self._groups.sources] + ["Combined"]
        for layer, name in zip(layers, passes, strict=True):
            if not image.copy_into(layer, name, "RGB"):
                raise AutoSimulateError(f"Blender's image lacks the pass {name!r}; render without relighting.")
        for layer in layers[:-1]:
            layers[-1] -= layer
        display.apply(self.stage, layers)
        if not np.isfinite(layers.sum()):
            np.nan_to_num(layers, copy=False, nan=0.0, posinf=_LARGEST, neginf=0.0)
        return np.clip(layers, 0.0, _LARGEST, out=layers).astype(np.float16)

    def _label(self, image: exr.ExrImage) -> tuple[np.ndarray, np.ndarray]:
        classes = self._labels.class_of_object
        objects = self._indices(image, compat.OBJECT_INDEX_PASSES, "CryptoObject", self._labels.rendered_numbers,
                                len(classes))
        if objects is None:
            raise AutoSimulateError("Blender's image does not say which object is where.")
        if self._instances.by_index:
            numbers, meaning = self._instances.number(
                objects, image.find("Position", components="XYZ"), len(classes))
            classes = _with_instances(classes, meaning, self._labels.numbers)
        else:
            numbers = objects.astype(np.uint16)
        materials = None
        if self._labels.uses_materials:
            materials = self._indices(image, compat.MATERIAL_INDEX_PASSES, "CryptoMaterial",
                                      self._labels.material_numbers, len(self._labels.class_of_material))
        return self._labels.decode(numbers, classes, materials), numbers

    def _indices(self, image: exr.ExrImage, passes: Sequence[str], crypto: str, numbers: Mapping[Key, int], count: int
                 ) -> np.ndarray | None:
        """(H, W) integers from Cycles' index pass, or from EEVEE's Cryptomatte."""
        if self.settings.engine == "EEVEE":
            return cryptomatte.decode(image, crypto, {name: number for (name, _), number in numbers.items()})
        channels = image.find(*passes)
        return None if channels is None else indices(channels[..., 0], count)


def _with_instances(class_of_object: np.ndarray, meaning: dict[int, instances.Instance], numbers: dict[Key, int]
                    ) -> np.ndarray:
    """Classes by instance number: that of its object, or else that of what instances it."""
    classes = np.zeros(max([len(class_of_object), *(number + 1 for number in meaning)]), dtype=np.uint8)
    classes[:len(class_of_object)] = class_of_object
    for number, instance in meaning.items():
        classes[number] = class_of_object[instance.index] or class_of_object[
            numbers.get(instance.parent, 0) if instance.parent else 0]
    return classes


def seed_of(key: SampleKey) -> int:
    """Cycles' seed for a key: 31 bits, the same on every platform."""
    text = "cycles/" + "/".join(str(int(part)) for part in key)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little") >> 1


def _forget_new_images(restorer: Restorer) -> None:
    """The first render adds the image "Render Result" to the file."""
    before = {image.name_full for image in bpy.data.images}

    def forget() -> None:
        for image in list(bpy.data.images):
            if image.name_full not in before and image.type == "RENDER_RESULT":
                bpy.data.images.remove(image)

    restorer.defer(forget)
