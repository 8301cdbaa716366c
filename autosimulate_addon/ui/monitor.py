"""Follows the background jobs on a timer: reads their events, writes psi into the scene, redraws the panels.

A timer and not a modal operator: while any modal operator runs, Blender saves no auto-save file, and it ends with the
window it was started in. Esc is a key of the sidebar instead (``keymap``).
"""

from __future__ import annotations

import time
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..blender.marks import properties
from . import panel_data, redraw
from .jobs import results, run_process, table
from .jobs.job import BackgroundJob
from .pictures import curve, icons

INTERVAL_SECONDS = 0.25
#: How often a job that this window did not start is asked whether it still lives.
_ALIVE_SECONDS = 3.0


def follow(new: BackgroundJob) -> None:
    """Watches a job from now on."""
    table.put(new)
    for prefix in ("curve:", "sheet:"):
        icons.forget(prefix + new.kind)
    if not bpy.app.timers.is_registered(_on_timer):
        bpy.app.timers.register(_on_timer, first_interval=INTERVAL_SECONDS, persistent=True)


def _on_timer() -> float | None:
    active = False
    for found in table.all_jobs():
        if not found.state.ended or _psi_waits(found):
            active |= step(found)
    if active:
        return INTERVAL_SECONDS
    return None


def step(found: BackgroundJob) -> bool:
    """Takes in what a job did since the last call; returns whether it goes on."""
    news = found.follower.read()
    if not news:
        news = _check_alive(found)
    scene = bpy.data.scenes.get(found.scene)
    state = found.state
    if scene is not None and found.kind == "OPTIMIZE" and properties.registered() and _take_psi(found, scene):
        panel_data.schedule()
    if news:
        if not found.start:
            found.start = results.psi_file(found.directory, "start")
            panel_data.schedule()
        _pictures(found)
    if state.ended and found.on_end:
        on_end, found.on_end = found.on_end, None
        on_end(found)
    if news:
        redraw.sidebars()
    return not state.ended or _psi_waits(found)


def show(found: BackgroundJob) -> None:
    """Shows a job that was just attached to. A finished one changes nothing in the scene until "Keep"."""
    found.start = results.psi_file(found.directory, "start")
    if found.state.ended:
        found.psi_written = found.state.version
    _pictures(found)


def _psi_waits(found: BackgroundJob) -> bool:
    """Whether the last psi could not be written yet, because a render is under way."""
    return (found.kind == "OPTIMIZE" and found.psi_written != found.state.version
            and bpy.app.is_job_running("RENDER") and found.scene in bpy.data.scenes)


def _take_psi(found: BackgroundJob, scene: bpy.types.Scene) -> bool:
    """Writes psi where it is new, unless a render is under way: changing data then can crash Blender.

    Returns whether it was new.
    """
    if found.psi_written == found.state.version or bpy.app.is_job_running("RENDER"):
        return False
    found.psi_written = found.state.version
    psi = results.result_psi(found) if found.state.ended else found.state.psi
    if psi == found.psi_now and not found.state.ended:
        return False
    found.psi_now = psi
    for sentence in results.write_psi(scene, psi) if psi else ():
        if sentence not in found.state.problems:
            found.state.problems.append(sentence)
    return True


def _pictures(found: BackgroundJob) -> None:
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


def _check_alive(found: BackgroundJob) -> bool:
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
    found = table.job(kind)
    found.cancelled_at = time.monotonic()
    run_process.request_cancel(found.directory)
    if found.state.status in ("starting", "running"):
        found.state.status = "cancelling"
    found.state.version += 1


@persistent
def _on_load(*_: Any) -> None:
    """Another file is open: its jobs go on by themselves, and "Attach to Run" finds them again."""
    table.clear()
    icons.forget("curve:")
    icons.forget("sheet:")


def register() -> None:
    bpy.app.handlers.load_post.append(_on_load)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_on_load)
    if bpy.app.timers.is_registered(_on_timer):
        bpy.app.timers.unregister(_on_timer)
    table.clear()
