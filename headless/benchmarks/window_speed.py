"""What the add-on costs in Blender's window: redraws with and without a job and our tab, our panels, our overlay.

    xvfb-run -a -s "-screen 0 1600x1000x24" blender --factory-startup --gpu-backend opengl
        --window-geometry 0 0 1600 1000
        --python headless/benchmarks/window_speed.py -- [--site-packages DIR] [--redraws 60]

(One line; a desktop needs no xvfb-run.) ``--site-packages`` names what Blender's own Python lacks of what a job needs.
Everything runs in one window on the built-in demo scene:

* a redraw of the whole window (swap included) and of the 3D viewport alone, medians, with our tab closed and open,
  first idle and then beside a real optimization. Under software OpenGL the rasteriser dominates.
* Python's time in our panels, lists and menus per redraw of the sidebar, and in our timers per second of a run.
* the overlay's draw callback with 50 learned locations and 50 learned light energies, before and after: its own time,
  and by how much it lengthens a redraw of the viewport.

``GALLIUM_NOOP=true`` before the command lets Mesa draw nothing at all: what is left is the processor's share (Python,
Blender, the driver's front), which is what a machine with a graphics card spends, too.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bpy

ROOT = Path(__file__).resolve().parents[2]


def _package() -> str:
    """The add-on's package, imported from this checkout whatever ``sys.path`` says."""
    name = "autosimulate_addon"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / name / "__init__.py",
                                                      submodule_search_locations=[str(ROOT / name)])
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return name


PACKAGE = _package()


def ours(name: str):
    return importlib.import_module(f"{PACKAGE}.{name}")


class Stopwatch:
    """Seconds spent inside the functions it was put around; what they call is counted once."""

    def __init__(self) -> None:
        self.seconds, self.calls, self._depth = 0.0, 0, 0

    def around(self, function):
        def timed(*args, **kwargs):
            self._depth += 1
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - began
                    self.calls += 1
        return timed

    def reset(self) -> None:
        self.seconds, self.calls = 0.0, 0


PANELS, OVERLAY = Stopwatch(), Stopwatch()
TIMERS: dict[str, Stopwatch] = {"events of the job": Stopwatch(), "texts and pictures": Stopwatch()}


def register() -> None:
    """Enables the add-on with stopwatches around everything that draws or runs on a timer."""
    ours("ui")
    for base in (bpy.types.Panel, bpy.types.UIList):
        for cls in base.__subclasses__():
            if cls.__module__.startswith(f"{PACKAGE}.ui"):
                for name in ("draw", "draw_item", "draw_header_preset"):
                    if name in cls.__dict__:
                        setattr(cls, name, _as_method(PANELS.around(cls.__dict__[name]), cls.__dict__[name]))
                if "poll" in cls.__dict__:
                    poll = cls.__dict__["poll"].__func__
                    cls.poll = classmethod(_as_method(PANELS.around(poll), poll))
    overlay, monitor, data = ours("ui.overlay.draw"), ours("ui.monitor"), ours("ui.panel_data")
    overlay.draw = OVERLAY.around(overlay.draw)
    monitor._on_timer = TIMERS["events of the job"].around(monitor._on_timer)
    data._on_timer = TIMERS["texts and pictures"].around(data._on_timer)
    sys.modules[PACKAGE].register()


def _as_method(timed, original):
    """Blender counts the arguments of a draw function: they must stay as they are."""
    if original.__code__.co_argcount == 2:              # draw, draw_header_preset, poll
        return lambda self, context: timed(self, context)
    if original.__code__.co_argcount == 10:             # draw_item of a list
        return lambda self, context, layout, data, item, icon, active_data, active_property, index=0, flag=0: timed(
            self, context, layout, data, item, icon, active_data, active_property, index, flag)
    raise TypeError(f"{original.__qualname__} takes other arguments than Blender's draw functions do")


def viewport() -> tuple:
    """(window, area, its regions by type) of the largest 3D viewport."""
    window = bpy.context.window_manager.windows[0]
    areas = [area for area in window.screen.areas if area.type == "VIEW_3D"]
    area = max(areas, key=lambda area: area.width * area.height)
    return window, area, {region.type: region for region in area.regions}


@contextlib.contextmanager
def silent():
    """Blender reports every redraw that is timed, on both standard streams."""
    quiet = ours("blender.render.quiet").quiet
    with quiet(), quiet(2):
        yield


def redraws(count: int, kind: str, region: str = "WINDOW") -> float:
    """Median milliseconds of one redraw: kind DRAW_WIN_SWAP for the whole window, DRAW for one region."""
    window, area, regions = viewport()
    seconds = []
    with silent(), bpy.context.temp_override(window=window, area=area, region=regions[region]):
        for number in range(count + 3):
            began = time.perf_counter()
            bpy.ops.wm.redraw_timer(type=kind, iterations=1)
            if number >= 3:
                seconds.append(time.perf_counter() - began)
    return 1e3 * statistics.median(seconds)


def tab(opened: bool):
    """Our tab open in the sidebar, or the sidebar on another; yields until Blender has drawn it."""
    viewport()[1].spaces.active.show_region_ui = True
    for attempt in range(20):
        try:
            viewport()[2]["UI"].active_panel_category = "AutoSimulate" if opened else "View"
            break
        except AttributeError:                          # read-only until the sidebar was drawn once
            if attempt == 19:
                raise
            viewport()[1].tag_redraw()
            yield 0.3
    yield 1.0


def say(text: str, *figures: object) -> None:
    print(text, *figures, flush=True)


def measure_redraws(count: int, what: str):
    """Prints a row for the tab closed and one for it open; yields to let Blender take in each change."""
    for opened in (False, True):
        yield from tab(opened)
        redraws(3, "DRAW_WIN_SWAP")
        yield 0.5
        PANELS.reset()
        whole = redraws(count, "DRAW_WIN_SWAP")
        python = 1e3 * PANELS.seconds / (count + 3)
        alone = redraws(count, "DRAW")
        say(f"{what:>14} {'open' if opened else 'closed':>8} {whole:12.1f} {1e3 / whole:10.0f} {alone:12.1f}"
            f" {python:14.2f}")


def start_job(options, folder: Path):
    """A real optimization of the demo, long enough to measure beside it."""
    group = bpy.context.scene.autosimulate
    group.width, group.height, group.iterations, group.images = 64, 48, 500, 24
    scene_file = folder / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(scene_file))
    extra = ["--site-packages", options.site_packages] if options.site_packages else []
    subprocess.run([bpy.app.binary_path, "-b", str(scene_file), "--python-exit-code", "1", "-P",
                    str(ROOT / "headless" / "run.py"), "--", "generate", "--count", "6", "--width", "64",
                    "--height", "48", "--output", str(folder / "val"), *extra], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    group.validation = str(folder / "val")
    status = ours("ui.torch.status")
    if options.site_packages:
        found = ours("ui.torch.location").search(Path(options.site_packages), options.site_packages)
        status._state, status.refresh = found, lambda: found
    job = ours("ui.jobs.launch").start_optimization(bpy.context.scene)
    ours("ui.monitor").follow(job)
    return job


def fill_overlay(count: int) -> None:
    """``count`` learned locations and as many learned lights, with what a run began from."""
    marks_scene, paths, table = ours("blender.marks.mark_scene"), ours("blender.paths"), ours("ui.jobs.table")
    mark, scene = ours("blender.marks.mark").Mark, bpy.context.scene
    scene.autosimulate.marks.clear()
    before = {}
    for number in range(count):
        place = ((number % 10 - 5) * 1.5, (number // 10 - 2) * 1.5, 1.0)
        obj = bpy.data.objects.new(f"Learned {number}", None)
        light = bpy.data.objects.new(f"Learned Light {number}", bpy.data.lights.new(f"Learned {number}", "POINT"))
        for made in (obj, light):
            made.location = place
            scene.collection.objects.link(made)
        light.data.energy = 100.0
        for ref in (paths.ref_to(obj, "location"), paths.ref_to(light.data, "energy")):
            group = marks_scene.add_mark(scene, mark(targets=(ref,)))
            before[group.name] = {"mean": [value * 1.3 + 0.1 for value in group.mean[:group.size]],
                                  "std": [value * 0.6 + 0.05 for value in group.std[:group.size]]}
    found = table.job()
    if found is None:
        found = ours("ui.jobs.job").BackgroundJob("OPTIMIZE", Path(tempfile.gettempdir()), scene.name)
        found.state.status = "done"
        table.put(found)
    found.start = before


def measure_overlay(options):
    """The callback's own time, and what it adds to a redraw of the viewport."""
    overlay, data = ours("ui.overlay.draw"), ours("ui.panel_data")
    fill_overlay(options.shapes)
    yield from tab(True)
    bpy.context.view_layer.update()
    began = time.perf_counter()
    data.refresh(bpy.context.scene)
    first = time.perf_counter() - began
    began = time.perf_counter()
    data.refresh(bpy.context.scene)
    again = time.perf_counter() - began
    yield 1.5
    segments = sum(len(points) // 2 for points in overlay._lines[bpy.context.scene.session_uid].values())
    redraws(5, "DRAW")
    samples, with_it, without = [], [], []
    for _ in range(5):                                  # in turn: a machine is never equally busy
        OVERLAY.reset()
        with_it.append(redraws(options.redraws // 3, "DRAW"))
        samples.append(1e3 * OVERLAY.seconds / max(OVERLAY.calls, 1))
        kept = dict(overlay._lines)
        overlay._lines.clear()
        without.append(redraws(options.redraws // 3, "DRAW"))
        overlay._lines.update(kept)
    say(f"\noverlay: {options.shapes} locations and {options.shapes} lights, before and after: {segments} segments")
    say(f"  the draw callback itself     {statistics.median(samples):8.3f} ms a redraw ({OVERLAY.calls} calls)")
    say(f"  the viewport's redraw        {statistics.median(with_it):8.1f} ms with it, "
        f"{statistics.median(without):.1f} ms without (rasterising included)")
    say(f"  working the shapes out       {1e3 * first:8.1f} ms the first time, {1e3 * again:.1f} ms again, outside of "
        "any redraw")


def story(options):
    """The whole measurement; yields seconds to leave to Blender."""
    folder = Path(tempfile.mkdtemp(prefix="window-speed-"))
    register()
    ours("blender.scenes.demo").build()
    yield 1.0
    _, area, _ = viewport()
    area.spaces.active.shading.type = "SOLID"
    window = bpy.context.window_manager.windows[0]
    say(f"Blender {bpy.app.version_string}, window {window.width}x{window.height}, {os.cpu_count()} cores, "
        f"{__import__('gpu').platform.renderer_get()}\n")
    if options.overlay_only:
        yield from measure_overlay(options)
        return
    say(f"{'job':>14} {'our tab':>8} {'window, ms':>12} {'per second':>10} {'viewport, ms':>12} {'our Python, ms':>14}")
    yield 1.0
    yield from measure_redraws(options.redraws, "none")
    if not options.no_job:
        job = start_job(options, folder)
        while not job.state.curve:
            if job.state.ended:
                raise RuntimeError(f"the job ended: {job.state.error}")
            yield 0.5
        yield from measure_redraws(options.redraws, "optimizing")
        for watch in TIMERS.values():
            watch.reset()
        PANELS.reset()
        yield options.seconds
        if job.state.ended:
            raise RuntimeError(f"the job ended too early: {job.state.status} {job.state.error}")
        say(f"\ntimers during {options.seconds:.0f} s of the run")
        for name, watch in TIMERS.items():
            say(f"  {name:<22} {watch.calls:4d} calls, {1e3 * watch.seconds / max(watch.calls, 1):7.2f} ms each, "
                f"{1e3 * watch.seconds / options.seconds:6.2f} ms a second")
        ours("ui.monitor").cancel("OPTIMIZE")
        while not job.state.ended:
            yield 0.5
    yield from measure_overlay(options)
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site-packages", default="", help="folder with what Blender's own Python lacks")
    parser.add_argument("--redraws", type=int, default=60, help="redraws of each kind (default 60)")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long the timers are watched (default 15)")
    parser.add_argument("--shapes", type=int, default=50, help="learned locations, and as many lights (default 50)")
    parser.add_argument("--no-job", action="store_true", help="without a running optimization")
    parser.add_argument("--overlay-only", action="store_true", help="nothing but the overlay")
    options = parser.parse_args(sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else [])
    steps = story(options)

    def tick():
        try:
            return next(steps)
        except StopIteration:
            bpy.ops.wm.quit_blender()
        except Exception:
            import traceback
            traceback.print_exc()
            bpy.ops.wm.quit_blender()
        return None

    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.use_preferences_save = False
    bpy.app.timers.register(tick, first_interval=1.0, persistent=True)


if __name__ == "__main__":
    main()
