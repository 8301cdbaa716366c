"""What image + masks in numpy cost over bare Cycles for the same picture.

    python headless/benchmarks/overhead.py [--renders 40] [--persistent] [--no-relight] [--cpu]

One process, one scene, both ways in turn, medians. "Bare" is ``bpy.ops.render.render`` of a copy of the scene that
shares all objects, so that it shows the very same draw, with the same settings, but no passes, no light groups and
nothing written or read. Ours is everything from the draw to a ``Render``. ``--persistent`` measures instead what
Cycles' persistent data gain, and whether they slow down over many renders.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import time
from pathlib import Path

import bpy
import numpy as np

#: Seconds; ``--cpu`` counts processor time of all threads instead, for a machine that is busy with other things.
clock = time.perf_counter
#: (width, height, samples, target ratio)
CASES = ((64, 48, 8, 1.10), (128, 96, 16, 1.05), (320, 240, 64, 1.02))


def _package() -> str:
    name = "autosimulate_addon"
    if name not in sys.modules:
        folder = Path(__file__).resolve().parents[2] / name
        spec = importlib.util.spec_from_file_location(name, folder / "__init__.py",
                                                      submodule_search_locations=[str(folder)])
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return name


PACKAGE = _package()
bridge_module = importlib.import_module(f"{PACKAGE}.blender.render.session")
demo_scene = importlib.import_module(f"{PACKAGE}.blender.scenes.demo")
marks_scene = importlib.import_module(f"{PACKAGE}.blender.marks.mark_scene")
protocol = importlib.import_module(f"{PACKAGE}.protocol")
quiet = importlib.import_module(f"{PACKAGE}.blender.render.quiet").quiet


def demo():
    """The demo with its marks, but for those on sampling, which would change the work from draw to draw."""
    scene = demo_scene.build()
    marks, classes = marks_scene.read(scene)
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


def render_bare(scene: bpy.types.Scene, seed: int) -> float:
    """Seconds of one bare render."""
    scene.cycles.seed = seed
    began = clock()
    with quiet():
        bpy.ops.render.render(scene=scene.name)
    return clock() - began


def compare(width: int, height: int, samples: int, renders: int, relight: bool) -> tuple[float, float, float]:
    """(seconds ours, seconds bare, median of the ratios of neighbouring renders)."""
    scene, marks, classes = demo()
    generator = np.random.default_rng(0)
    ours, bare = [], []
    with bridge_module.RenderBridge(scene, marks, classes, width=width, height=height, samples=samples,
                                    relight=relight) as bridge:
        plain = bare_copy(bridge.stage)
        for number in range(renders + 3):
            draw, key = draw_from(bridge.factors, generator), protocol.SampleKey(0, 0, number)
            if number % 2:      # take turns at being first: the first to see a draw also updates the dependency graph
                began = clock()
                bridge.render(draw, key)
                ours.append(clock() - began)
                bare.append(render_bare(plain, bridge_module.seed_of(key)))
            else:
                bridge._put(bridge._groups.floored(draw))
                bare.append(render_bare(plain, bridge_module.seed_of(key)))
                began = clock()
                bridge.render(draw, key)
                ours.append(clock() - began)
    bpy.data.scenes.remove(plain)
    ours, bare = ours[3:], bare[3:]     # the first ones load kernels and build everything
    return np.median(ours), np.median(bare), np.median(ours) / np.median(bare)


def persistent(renders: int) -> None:
    """Seconds a render with and without persistent data, early and late."""
    print(f"{'persistent data':>16} {'first 20 %':>12} {'last 20 %':>12}   (median ms, 64x48x8, {renders} renders)")
    for on in (False, True):
        scene, marks, classes = demo()
        generator, seconds = np.random.default_rng(0), []
        with bridge_module.RenderBridge(scene, marks, classes, width=64, height=48, samples=8) as bridge:
            bridge.stage.render.use_persistent_data = on
            for number in range(renders + 3):
                began = clock()
                bridge.render(draw_from(bridge.factors, generator), protocol.SampleKey(0, 0, number))
                seconds.append(clock() - began)
        seconds, part = seconds[3:], max(renders // 5, 1)
        early, late = (1e3 * np.median(each) for each in (seconds[:part], seconds[-part:]))
        print(f"{'on' if on else 'off':>16} {early:12.1f} {late:12.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renders", type=int, default=40, help="renders of each kind and size (default 40)")
    parser.add_argument("--persistent", action="store_true", help="measure persistent data instead")
    parser.add_argument("--no-relight", action="store_true", help="without light groups")
    parser.add_argument("--cases", type=int, nargs="*", default=range(len(CASES)), help="which sizes: 0 1 2")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall time")
    options = parser.parse_args(sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else sys.argv[1:])
    global clock
    if options.cpu:
        clock = time.process_time
    print(f"Blender {bpy.app.version_string}")
    if options.persistent:
        persistent(options.renders)
        return
    print(f"{'size':>14} {'ours ms':>9} {'bare ms':>9} {'ratio':>7} {'target':>7}")
    for case in options.cases:
        width, height, samples, target = CASES[case]
        ours, bare, ratio = compare(width, height, samples, options.renders, not options.no_relight)
        print(f"{f'{width}x{height}x{samples}':>14} {1e3 * ours:9.1f} {1e3 * bare:9.1f} {ratio:7.3f} {target:7.2f}",
              flush=True)


if __name__ == "__main__":
    main()
