"""Renders of the demo, ours and bare Cycles': the part of the benchmark ``overhead`` that needs bpy."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np

from autosimulate_addon.blender.marks import mark_scene
from autosimulate_addon.blender.render import session
from autosimulate_addon.blender.render.quiet import quiet
from autosimulate_addon.blender.scenes import demo as demo_scene
from autosimulate_addon.protocol import SampleKey

#: Seconds since some moment.
Clock = Callable[[], float]


def demo():
    """The demo with its marks, but for those on sampling, which would change the work from draw to draw."""
    scene = demo_scene.build()
    marks, classes = mark_scene.read(scene)
    return scene, [mark for mark in marks if mark.kind != "PROPERTY" or mark.targets[0].collection != "scenes"], classes


def draw_from(factors, generator) -> dict[str, np.ndarray]:
    """Values around the start; exact distributions do not matter here."""
    draw = {}
    for factor in factors:
        if factor.continuous:
            values = generator.normal(factor.start["mean"], factor.start["std"] * 0.3, (factor.count, factor.size))
            low = -np.inf if factor.low is None else factor.low
            high = np.inf if factor.high is None else factor.high
            draw[factor.key] = np.clip(values, low, high)
        else:
            draw[factor.key] = generator.integers(0, len(factor.items), (factor.count, 1))
    return draw


def bare_copy(scene: bpy.types.Scene) -> bpy.types.Scene:
    """A scene that shows the same objects with the session's settings, and nothing of ours."""
    copy = scene.copy()
    for layer in copy.view_layers:
        for prop in layer.bl_rna.properties:
            if prop.identifier.startswith("use_pass_") and not layer.is_property_readonly(prop.identifier):
                setattr(layer, prop.identifier, prop.identifier == "use_pass_combined")
        while len(layer.lightgroups):
            layer.active_lightgroup_index = 0
            with bpy.context.temp_override(scene=copy, view_layer=layer):
                bpy.ops.scene.view_layer_remove_lightgroup()
    return copy


def render_bare(scene: bpy.types.Scene, seed: int, clock: Clock) -> float:
    """Seconds of one bare render."""
    scene.cycles.seed = seed
    began = clock()
    with quiet():
        bpy.ops.render.render(scene=scene.name)
    return clock() - began


def compare(width: int, height: int, samples: int, renders: int, relight: bool, clock: Clock
            ) -> tuple[float, float, float]:
    """(seconds ours, seconds bare, the ratio of the two): medians.

    The ratio is the median over neighbours, two of each, one of which was first: how fast a busy machine is changes
    more between the first render and the last than from one to the next.
    """
    scene, marks, classes = demo()
    generator = np.random.default_rng(0)
    ours, bare = [], []
    settings = session.RenderSettings(width, height, samples, relight)
    with session.RenderSession(scene, marks, classes, settings) as rendering:
        plain = bare_copy(rendering.stage)
        for number in range(renders + 3):
            draw, key = draw_from(rendering.factors, generator), SampleKey(0, 0, number)
            if number % 2:      # take turns at being first: the first to see a draw also updates the dependency graph
                began = clock()
                rendering.render(draw, key)
                ours.append(clock() - began)
                bare.append(render_bare(plain, session.seed_of(key), clock))
            else:
                rendering._put(rendering._groups.floored(draw))
                bare.append(render_bare(plain, session.seed_of(key), clock))
                began = clock()
                rendering.render(draw, key)
                ours.append(clock() - began)
    bpy.data.scenes.remove(plain)
    ours, bare = ours[3:], bare[3:]     # the first ones load kernels and build everything
    ratios = _by_two(ours) / _by_two(bare)
    return np.median(ours), np.median(bare), np.median(ratios)


def _by_two(seconds: list[float]) -> np.ndarray:
    return np.asarray(seconds[:len(seconds) // 2 * 2]).reshape(-1, 2).sum(1)


def persistent(renders: int, clock: Clock) -> None:
    """Seconds a render with and without persistent data, early and late."""
    print(f"{'persistent data':>16} {'first 20 %':>12} {'last 20 %':>12}   (median ms, 64x48x8, {renders} renders)")
    for on in (False, True):
        scene, marks, classes = demo()
        generator, seconds = np.random.default_rng(0), []
        with session.RenderSession(scene, marks, classes, session.RenderSettings(64, 48, 8)) as rendering:
            rendering.stage.render.use_persistent_data = on
            for number in range(renders + 3):
                began = clock()
                rendering.render(draw_from(rendering.factors, generator), SampleKey(0, 0, number))
                seconds.append(clock() - began)
        seconds, part = seconds[3:], max(renders // 5, 1)
        early, late = (1e3 * np.median(each) for each in (seconds[:part], seconds[-part:]))
        print(f"{'on' if on else 'off':>16} {early:12.1f} {late:12.1f}", flush=True)
