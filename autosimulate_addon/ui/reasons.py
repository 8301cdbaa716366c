"""Why a button is grey: one check each, giving a sentence, or "" when all is well. None of them computes or raises."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from ..blender.marks import properties
from ..run.process.script import RUN_SCRIPT
from .jobs import table
from .torch import status as torch_status

Check = Callable[[bpy.types.Context], str]


def allowed(operator: type[bpy.types.Operator], context: bpy.types.Context, *checks: Check) -> bool:
    """For ``poll``: whether every check passes; the first that does not is what the tooltip says.

    A poll that raises lets Blender 4.2 run the operator, so anything unforeseen counts as "not now".
    """
    try:
        for check in checks:
            reason = check(context)
            if reason:
                operator.poll_message_set(reason)
                return False
    except (AttributeError, ReferenceError, RuntimeError, KeyError, TypeError, ValueError):
        operator.poll_message_set("Not available here")
        return False
    return True


def settings(context: bpy.types.Context):
    """The scene's AutoSimulate settings."""
    return context.scene.autosimulate


def scene_editable(context: bpy.types.Context) -> str:
    if context.scene is None or not properties.registered():
        return "There is no scene"
    if context.scene.library is not None:
        return "This scene is linked from another file and cannot change; make it local first"
    return ""


def has_marks(context: bpy.types.Context) -> str:
    return "" if len(settings(context).marks) else \
        "Nothing is learnable yet: right-click a property and choose Mark as Learnable"


def has_active_mark(context: bpy.types.Context) -> str:
    group = settings(context)
    return "" if 0 <= group.active_mark < len(group.marks) else "Select a learnable property in the list first"


def has_classes(context: bpy.types.Context) -> str:
    return "" if len(settings(context).classes) else "Add at least one class under Labels first"


def has_active_class(context: bpy.types.Context) -> str:
    group = settings(context)
    return "" if 0 <= group.active_class < len(group.classes) else "Select a class in the list first"


def has_selection(context: bpy.types.Context) -> str:
    return "" if context.selected_objects else "Select one or more objects first"


def has_camera(context: bpy.types.Context) -> str:
    return "" if context.scene.camera else "The scene has no camera to render with"


def has_validation(context: bpy.types.Context) -> str:
    return "" if settings(context).validation else "Choose a folder under Validation Data first"


def has_torch(_context: bpy.types.Context) -> str:
    state = torch_status.current()
    if torch_status.installing():
        return "PyTorch is being installed"
    return "" if state.usable else f"{state.line}: see the add-on's preferences"


def not_installing(_context: bpy.types.Context) -> str:
    return "PyTorch is being installed already" if torch_status.installing() else ""


def can_run(_context: bpy.types.Context) -> str:
    return "" if RUN_SCRIPT.is_file() else "The add-on is incomplete (headless/run.py): install it again"


def no_optimization(_context: bpy.types.Context) -> str:
    return "An optimization is running already" if table.running("OPTIMIZE") else ""


def no_job(kind: str) -> Check:
    return lambda _context: "This is running already" if table.running(kind) else ""


def not_rendering(_context: bpy.types.Context) -> str:
    return "Wait until the render has finished" if bpy.app.is_job_running("RENDER") else ""
