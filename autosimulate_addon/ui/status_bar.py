"""The status bar says what runs in the background, how long it still takes and that Esc stops it, on whatever tab."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..protocol.events import PHASES
from ..protocol.words import duration
from .jobs import table
from .jobs.job import KINDS, BackgroundJob
from .jobs.run_follower import Status
from .operators.cancel import next_to_stop

#: Widget units of the bar.
_WIDTH = 16.0


def text_of(job: BackgroundJob) -> str:
    """"Optimization: Rendering 34 %, 2 min left"."""
    state = job.state
    name = iface_(next(label for kind, label, _ in KINDS if kind == job.kind))
    if state.status == Status.CANCELLING:
        return f"{name}: {iface_('Stopping after this image')}"
    phase = "Starting" if state.status == Status.STARTING else PHASES.get(state.phase, state.phase)
    text = f"{name}: {iface_(phase)} {100 * state.fraction:.0f} %"
    return text if state.eta is None else f"{text}, {iface_('{:s} left').format(duration(state.eta))}"


def draw(self, _context: bpy.types.Context) -> None:
    """Appended to the status bar; nothing while nothing runs."""
    running = [job for job in table.all_jobs() if not job.state.ended]
    if not running:
        return
    kind = next_to_stop()
    job = table.job(kind) if kind else running[0]
    row = self.layout.row(align=True)
    bar = row.row()
    bar.ui_units_x = _WIDTH
    bar.progress(factor=job.state.fraction, text=text_of(job))
    if len(running) > 1:
        row.label(text=f"+{len(running) - 1}")
    if kind:
        row.label(text=iface_("Stop"), icon="EVENT_ESC")
        row.operator("autosimulate.cancel", text="", icon="X", emboss=False).kind = kind


def register() -> None:
    bpy.types.STATUSBAR_HT_header.append(draw)


def unregister() -> None:
    bpy.types.STATUSBAR_HT_header.remove(draw)
