"""Follows the background jobs on a timer: reads their events, writes psi into the scene, redraws the panels.

A timer and not a modal operator: while any modal operator runs, Blender saves no auto-save file, and it ends with the
window it was started in. Esc is a key of the sidebar instead (``keymap``).
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..blender.marks import mark_scene as marks_scene
from ..blender.marks import properties, psi_properties
from ..protocol import AutoSimulateError
from . import curve, icons, package, raster, run_process
from .run_follower import RunFollower, RunState

INTERVAL_SECONDS = 0.25
#: How often a job that this window did not start is asked whether it still lives.
_ALIVE_SECONDS = 3.0
#: Beside the run's own files: which scene of which file it belongs to, and the psi there before it.
WINDOW_FILE = "window.json"


@dataclass
class Job:
    """A background job as the window knows it. ``kind``: OPTIMIZE | GENERATE | PREVIEW."""

    kind: str
    directory: Path                     # where its events.jsonl is
    scene: str
    process: subprocess.Popen | None = None
    log: Path | None = None
    result: Path | None = None          # what it makes: a picture, a data set
    total: int = 0                      # how many images it makes, where that is known
    on_end: Callable[[Job], None] | None = None
    follower: RunFollower = field(init=False)
    cancelled_at: float = 0.0
    start: dict[str, dict] = field(default_factory=dict)    # psi before the run, once psi.json tells
    psi_written: int = 0                # version of the state whose psi is in the scene
    psi_now: dict[str, dict] = field(default_factory=dict)  # what was written then
    drawn: tuple = ()                   # the point that the curve's picture ends with
    _looked: float = 0.0
    curve_range: tuple[float, float] = (0.0, 1.0)
    sheet_stamp: float = 0.0

    def __post_init__(self) -> None:
        self.follower = RunFollower(self.directory)
        self.log = self.log or self.directory / "log.txt"

    @property
    def state(self) -> RunState:
        return self.follower.state

    @property
    def curve_icons(self) -> tuple[int, ...]:
        return icons.wide(f"curve:{self.kind}")

    @property
    def sheet_icons(self) -> tuple[int, ...]:
        return icons.wide(f"sheet:{self.kind}")

    def show_sheet(self, path: Path) -> None:
        """Takes in a picture of samples. Raises RuntimeError when it cannot be read."""
        pixels = icons.read_image(path)
        tiles = 2 if pixels.shape[1] >= 1.5 * pixels.shape[0] else 1
        icons.forget(f"sheet:{self.kind}")
        icons.show_wide(f"sheet:{self.kind}", raster.boxed(pixels, 320 * tiles, 320), tiles)


_jobs: dict[str, Job] = {}


def job(kind: str = "OPTIMIZE") -> Job | None:
    """The job of this kind that runs, or ran last in this file."""
    return _jobs.get(kind)


def running(kind: str = "OPTIMIZE") -> bool:
    found = _jobs.get(kind)
    return found is not None and not found.state.ended


def follow(new: Job) -> None:
    """Watches a job from now on."""
    _jobs[new.kind] = new
    for prefix in ("curve:", "sheet:"):
        icons.forget(prefix + new.kind)
    if not bpy.app.timers.is_registered(_on_timer):
        bpy.app.timers.register(_on_timer, first_interval=INTERVAL_SECONDS, persistent=True)


def forget(kind: str) -> None:
    _jobs.pop(kind, None)


def write_window_file(directory: Path, scene: bpy.types.Scene, before: dict[str, Any], arguments: list[str]) -> None:
    """``arguments``: those of headless/run.py, with which anybody can repeat the run."""
    text = json.dumps({"blend": bpy.data.filepath, "scene": scene.name, "before": before, "arguments": arguments})
    (directory / WINDOW_FILE).write_text(text, encoding="utf-8")


def read_window_file(directory: Path) -> dict[str, Any]:
    """What ``write_window_file`` wrote; empty for runs from the command line."""
    try:
        content = json.loads((directory / WINDOW_FILE).read_text("utf-8"))
        return content if isinstance(content, dict) else {}
    except (OSError, ValueError):
        return {}


def psi_before(scene: bpy.types.Scene) -> dict[str, Any]:
    """psi before the last run: its start, by mark name; {} when there was no run."""
    found = _jobs.get("OPTIMIZE")
    if found is None or found.scene != scene.name:
        return {}
    return found.start


def psi_file(directory: Path, which: str) -> dict[str, dict]:
    """One column of psi.json ("start", "latest", "best", "final") by mark name; {} where there is none."""
    try:
        content = json.loads((directory / "psi.json").read_text("utf-8"))
        return {entry["key"]: entry[which] for entry in content["factors"] if entry.get(which)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def decide(scene: bpy.types.Scene, found: Job, decision: str) -> None:
    """Remembers that a run's result was KEPT or DISCARDED; "" forgets it."""
    scene.autosimulate.decision = f"{decision} {found.directory.name}" if decision else ""


def decision(scene: bpy.types.Scene, found: Job) -> str:
    """KEPT or DISCARDED, once the user has said so of this run and not undone it; else ""."""
    what, _, which = scene.autosimulate.decision.partition(" ")
    return what if which == found.directory.name else ""


def result_psi(found: Job) -> dict[str, dict]:
    """What a run has to give: the final psi when it is done, the best so far when it was stopped."""
    wanted = ("final", "best", "latest") if found.state.status == "done" else ("best", "final", "latest")
    for which in wanted:
        psi = psi_file(found.directory, which)
        if psi:
            return psi
    return found.state.psi


def write_psi(scene: bpy.types.Scene, psi: dict[str, dict]) -> list[str]:
    """Writes psi into the scene's custom properties, mark by mark; returns the sentences about those that refuse.

    A mark that was deleted, or whose object is gone, does not keep the others from getting theirs.
    """
    problems = []
    for group in scene.autosimulate.marks:
        if group.name not in psi:
            continue
        try:
            mark = marks_scene.mark_of(group)
            psi_properties.write(scene, [mark], {mark.name: psi[mark.name]})
        except AutoSimulateError as error:
            problems.append(str(error))
    return problems


def _on_timer() -> float | None:
    active = False
    for found in list(_jobs.values()):
        if not found.state.ended or _psi_waits(found):
            active |= step(found)
    if active:
        return INTERVAL_SECONDS
    return None


def step(found: Job) -> bool:
    """Takes in what a job did since the last call; returns whether it goes on."""
    from . import panel_data

    news = found.follower.read() or (found.kind != "OPTIMIZE" and _count_images(found))
    if not news:
        news = _check_alive(found)
    scene = bpy.data.scenes.get(found.scene)
    state = found.state
    if scene is not None and found.kind == "OPTIMIZE" and properties.registered() and _take_psi(found, scene):
        panel_data.schedule()
    if news:
        if not found.start:
            found.start = psi_file(found.directory, "start")
            panel_data.schedule()
        _pictures(found)
    if state.ended and found.on_end:
        on_end, found.on_end = found.on_end, None
        on_end(found)
    if news:
        panel_data.redraw()
    return not state.ended or _psi_waits(found)


def _count_images(found: Job) -> bool:
    """Progress of a job without events: the pictures it has written so far. True when there are more."""
    try:
        with os.scandir(found.result / "images") as entries:
            count = sum(entry.name.endswith(".png") for entry in entries)
    except OSError:
        return False
    state = found.state
    if count == state.images:
        return False
    state.status = "running" if state.status == "starting" else state.status
    state.images, state.fraction = count, min(count / max(found.total, 1), 1.0)
    state.version += 1
    return True


def show(found: Job) -> None:
    """Shows a job that was just attached to. A finished one changes nothing in the scene until "Keep"."""
    found.start = psi_file(found.directory, "start")
    if found.state.ended:
        found.psi_written = found.state.version
    _pictures(found)


def _psi_waits(found: Job) -> bool:
    """Whether the last psi could not be written yet, because a render is under way."""
    return (found.kind == "OPTIMIZE" and found.psi_written != found.state.version
            and bpy.app.is_job_running("RENDER") and found.scene in bpy.data.scenes)


def _take_psi(found: Job, scene: bpy.types.Scene) -> bool:
    """Writes psi where it is new, unless a render is under way: changing data then can crash Blender.

    Returns whether it was new.
    """
    if found.psi_written == found.state.version or bpy.app.is_job_running("RENDER"):
        return False
    found.psi_written = found.state.version
    psi = result_psi(found) if found.state.ended else found.state.psi
    if psi == found.psi_now and not found.state.ended:
        return False
    found.psi_now = psi
    for sentence in write_psi(scene, psi) if psi else ():
        if sentence not in found.state.problems:
            found.state.problems.append(sentence)
    return True


def _pictures(found: Job) -> None:
    state = found.state
    last = (len(state.curve), state.curve[-1]) if state.curve else ()
    if last and last != found.drawn:
        found.drawn = last
        pixels, found.curve_range = curve.learning_curve(state.curve)
        icons.show_wide(f"curve:{found.kind}", pixels, 1)
    newest = found.directory / "latest_samples.png"
    try:
        stamp = newest.stat().st_mtime
        if stamp != found.sheet_stamp and not bpy.app.is_job_running("RENDER"):
            found.sheet_stamp = stamp
            found.show_sheet(newest)
    except (OSError, RuntimeError):
        return                                          # not there yet, or half a file on a network drive


def _check_alive(found: Job) -> bool:
    """Notices a job that ended without an event; True when its state changed."""
    code: int | None = None
    if found.process is not None:
        code = found.process.poll()
        if code is None:
            return False
    else:
        now = time.monotonic()
        if now - found._looked < _ALIVE_SECONDS:
            return False
        found._looked = now
        if found.state.pid and run_process.looks_alive(found.state.pid, found.state.heartbeat):
            return False
    found.follower.read_all()                           # what it wrote between the last read and its end
    state = found.state
    if not state.ended:
        if code == 0:
            state.status, state.fraction = "done", 1.0
        elif code == 130 or found.cancelled_at:
            state.status = "cancelled"
        else:
            state.status = "error" if found.process is not None else "lost"
            state.error = run_process.last_words(found.log, code)
    state.version += 1
    return True


def cancel(kind: str) -> None:
    """Asks a job to stop after the current image. Raises OSError when its folder cannot be written."""
    found = _jobs[kind]
    found.cancelled_at = time.monotonic()
    if found.kind == "OPTIMIZE":
        run_process.request_cancel(found.directory)
    else:
        run_process.interrupt(found.process)
    if found.state.status in ("starting", "running"):
        found.state.status = "cancelling"
    found.state.version += 1


@persistent
def _on_load(*_: Any) -> None:
    """Another file is open: its jobs go on by themselves, and "Attach to Run" finds them again."""
    _jobs.clear()
    icons.forget("curve:")
    icons.forget("sheet:")


def registry() -> run_process.Registry:
    return run_process.Registry(package.user_folder() / "runs.json")


def register() -> None:
    bpy.app.handlers.load_post.append(_on_load)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_on_load)
    if bpy.app.timers.is_registered(_on_timer):
        bpy.app.timers.unregister(_on_timer)
    _jobs.clear()
