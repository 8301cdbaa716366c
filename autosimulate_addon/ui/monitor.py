"""Follows the background jobs on a timer: reads their events and redraws the panels. The scene is changed by "Keep".

A timer and not a modal operator: while any modal operator runs, Blender saves no auto-save file, and it ends with the
window it was started in. Esc is a key of the sidebar instead (``keymap``).
"""

from __future__ import annotations

import time
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..run.record import psi_file
from . import panel_data, redraw
from .jobs import results, run_process, table
from .jobs.job import BackgroundJob
from .jobs.run_follower import Status
from .pictures import curve, icons

INTERVAL_SECONDS = 0.25
#: What a job's pictures are called: its curve, the latest samples, those before and after, what networks see.
_PICTURES = ("curve:", "sheet:", "start:", "end:", "predictions:")
#: How often a job that this window did not start is asked whether it still lives.
_ALIVE_SECONDS = 3.0


def follow(new: BackgroundJob) -> None:
    """Watches a job from now on."""
    table.put(new)
    redraw.status_bars()
    for prefix in _PICTURES:
        icons.forget(prefix + new.kind)
    if not bpy.app.timers.is_registered(_on_timer):
        bpy.app.timers.register(_on_timer, first_interval=INTERVAL_SECONDS, persistent=True)


def _on_timer() -> float | None:
    active = False
    for found in table.all_jobs():
        if not found.state.ended:
            active |= step(found)
    if active:
        return INTERVAL_SECONDS
    return None


def step(found: BackgroundJob) -> bool:
    """Takes in what a job did since the last call; returns whether it goes on."""
    news = found.follower.read()
    if not news:
        news = _check_alive(found)
    state = found.state
    if news:
        _take_psi(found)
        if not found.start:
            found.start = psi_file.stage(found.files.psi, psi_file.START)
            panel_data.schedule()
        _pictures(found)
    if state.ended and found.on_end:
        on_end, found.on_end = found.on_end, None
        on_end(found)
    if news:
        redraw.sidebars()
        redraw.status_bars()
    return not state.ended


def show(found: BackgroundJob) -> None:
    """Shows a job that was just attached to. A finished one changes nothing in the scene until "Keep"."""
    found.start = psi_file.stage(found.files.psi, psi_file.START)
    _take_psi(found)
    _pictures(found)


def _take_psi(found: BackgroundJob) -> None:
    """What the run has to give now, for the panels to show."""
    psi = results.result_psi(found) if found.state.ended else found.state.psi
    if found.kind == "OPTIMIZE" and psi != found.psi_now:
        found.psi_now = psi
        panel_data.schedule()


def _pictures(found: BackgroundJob) -> None:
    state = found.state
    last = (len(state.curve), state.curve[-1]) if state.metric is not None else ()
    if last and last != found.drawn:
        found.drawn = last
        pixels, found.curve_range = curve.learning_curve(state.curve)
        icons.show_wide(f"curve:{found.kind}", pixels, 1)
    newest = found.files.latest_samples
    try:
        stamp = newest.stat().st_mtime
        if stamp != found.sheet_stamp and not bpy.app.is_job_running("RENDER"):
            found.sheet_stamp = stamp
            found.show_sheet(newest)
        if state.ended and state.numbers.match:
            for which in ("start", "end"):
                found.show_sheet(found.files.sheet(which), which)
        if state.ended and found.files.sheet("predictions").is_file():
            found.show_sheet(found.files.sheet("predictions"), "predictions")
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
        if found.state.pid and found.follower.looks_alive():
            return False
    found.follower.read_all()                           # what it wrote between the last read and its end
    state = found.state
    if not state.ended:
        if code == 0:
            state.status, state.fraction = Status.DONE, 1.0
        elif code == 130 or found.cancelled_at:
            state.status = Status.CANCELLED
        else:
            state.status = Status.ERROR if found.process is not None else Status.LOST
            state.error = run_process.last_words(found.log, code)
    state.version += 1
    return True


def cancel(kind: str) -> None:
    """Asks a job to stop after the current image. Raises OSError when its folder cannot be written."""
    found = table.job(kind)
    found.cancelled_at = time.monotonic()
    found.files.cancel.touch()
    if found.state.status in (Status.STARTING, Status.RUNNING):
        found.state.status = Status.CANCELLING
    found.state.version += 1


@persistent
def _on_load(*_: Any) -> None:
    """Another file is open: its jobs go on by themselves, and "Attach to Run" finds them again."""
    table.clear()
    for prefix in _PICTURES:
        icons.forget(prefix)


def register() -> None:
    bpy.app.handlers.load_post.append(_on_load)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_on_load)
    if bpy.app.timers.is_registered(_on_timer):
        bpy.app.timers.unregister(_on_timer)
    table.clear()
