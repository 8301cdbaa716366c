"""A job's log in a text editor."""

from __future__ import annotations

import re

import bpy
from bpy.props import EnumProperty

from ...protocol import InputError
from .. import reasons
from ..jobs import table
from ..jobs.job import KINDS
from ..torch import status as torch_status
from .base import attempt

#: Lines that say what went wrong.
_WRONG = re.compile(r"\s*(error|[\w.]*(Error|Exception))\b", re.IGNORECASE)
#: Lines of a page: how much of the end is shown where nothing went wrong.
_PAGE = 25


class AUTOSIMULATE_OT_view_log(bpy.types.Operator):
    """Read the log of a job in a text editor of Blender"""

    bl_idname = "autosimulate.view_log"
    bl_label = "View Log"
    bl_options = {"INTERNAL"}

    kind: EnumProperty(name="Job", description="Whose log", items=(
        *KINDS, ("INSTALL", "Installation", "The installation of PyTorch")), options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable)

    def execute(self, context):
        def work():
            text = bpy.data.texts.get("AutoSimulate Log") or bpy.data.texts.new("AutoSimulate Log")
            text.clear()
            text.write(_log_text(self.kind))
            text.cursor_set(telling_line([line.body for line in text.lines]))
            if not bpy.app.background:
                _show_text(context, text)
            return f"The log is in the text {text.name}"

        return attempt(self, work)


def _log_text(kind: str) -> str:
    if kind == "INSTALL":
        paths = [torch_status.install.log] if torch_status.install else []
    else:
        job = table.job(kind)
        paths = [job.log, job.files.log] if job else []
    parts = []
    for path in dict.fromkeys(paths):
        try:
            parts.append(f"{path}\n\n{path.read_text('utf-8', 'replace')[-60_000:]}")
        except OSError:
            continue
    if not parts:
        raise InputError("There is no log")
    return "\n".join(parts)


def telling_line(lines: list[str]) -> int:
    """Where to begin to read: at what went wrong last, else at the last page."""
    wrong = [i for i, line in enumerate(lines) if _WRONG.match(line)]
    return wrong[-1] if wrong else max(len(lines) - _PAGE, 0)


def _show_text(context: bpy.types.Context, text: bpy.types.Text) -> None:
    """In a text editor that is open, else in a new window, scrolled to the cursor once it was drawn."""
    window = context.window
    area = next((area for area in context.screen.areas if area.type == "TEXT_EDITOR"), None)
    if area is None:
        bpy.ops.wm.window_new()
        window = context.window_manager.windows[-1]
        area = window.screen.areas[0]
        area.type = "TEXT_EDITOR"
    area.spaces.active.text = text
    area.spaces.active.show_word_wrap = True
    area.spaces.active.top = 0

    def scroll() -> None:
        if any(area == other for other in window.screen.areas):
            region = next(region for region in area.regions if region.type == "WINDOW")
            with bpy.context.temp_override(window=window, area=area, region=region):
                bpy.ops.text.jump(line=text.current_line_index + 1)
            area.tag_redraw()

    bpy.app.timers.register(scroll, first_interval=0.3)


CLASSES = (AUTOSIMULATE_OT_view_log,)
