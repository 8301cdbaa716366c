"""Installing and removing PyTorch."""

from __future__ import annotations

import shutil

import bpy
from bpy.props import EnumProperty

from ...protocol import InputError
from .. import package, panel_data, reasons
from ..torch import install as torch_install
from ..torch import status as torch_status
from .base import attempt

_INTERVAL_SECONDS = 0.3


class AUTOSIMULATE_OT_install_torch(bpy.types.Operator):
    """Download PyTorch into the add-on's own folder; Blender itself is not changed"""

    bl_idname = "autosimulate.install_torch"
    bl_label = "Install PyTorch"
    bl_options = {"INTERNAL"}

    build: EnumProperty(name="Build", description="Which PyTorch", items=(
        ("CPU", "CPU", "Works everywhere"),
        ("CUDA", "CUDA", "For NVIDIA graphics cards; a large download"),
        ("MISSING", "Missing Packages", "What jobs need beside the PyTorch that is there"),
    ), options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.not_installing, _may_download)

    @classmethod
    def description(cls, _context, properties):
        if properties.build == "MISSING":
            return "Download what jobs need beside the PyTorch that is there; Blender itself is not changed"
        return cls.__doc__

    def invoke(self, context, _event):
        try:
            torch_install.check(self.build, _index())
        except torch_install.InstallError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return context.window_manager.invoke_props_dialog(self, width=380)

    def draw(self, _context):
        download, installed = torch_install.SIZES[self.build]
        column = self.layout.column()
        if _index():
            column.label(text=f"From {_index()}")
        else:
            column.label(text=f"About {_megabytes(download)} are downloaded, {_megabytes(installed)} on disk.")
        column.label(text=f"Into {torch_status.own_folder()}")

    def execute(self, _context):
        def work():
            free = shutil.disk_usage(package.user_folder()).free
            needed = 1.3e6 * sum(torch_install.SIZES[self.build])
            if free < needed and not _index():
                raise InputError(f"{needed / 1e9:.1f} GB of free disk space are needed, {free / 1e9:.1f} GB are there")
            torch_status.install = torch_install.TorchInstall(torch_status.own_folder(), self.build, _index(),
                                                              torch_install.NAMES)
            if torch_status.install.error:
                raise InputError(torch_status.install.error)
            bpy.app.timers.register(watch, first_interval=_INTERVAL_SECONDS, persistent=True)

        return attempt(self, work)


def _megabytes(size: int) -> str:
    return f"{size} MB" if size < 100 else f"{size / 1000:.1f} GB"


def _index() -> str:
    preferences = package.preferences()
    return preferences.package_source if preferences else ""


def _may_download(_context: bpy.types.Context) -> str:
    if bpy.app.online_access or (_index() and not _index().startswith("http")):
        return ""
    if bpy.app.online_access_override:
        return "Blender was started without online access: start it without --offline-mode"
    return "Allow Online Access in Preferences, System, Network first"


def watch() -> float | None:
    """Timer: moves the installation on and shows how far it is."""
    install = torch_status.install
    if install is None:
        return None
    install.poll()
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"PREFERENCES", "VIEW_3D"}:
                area.tag_redraw()
    if install.done:
        torch_status.refresh()
        panel_data.schedule()
        return None
    return _INTERVAL_SECONDS


class AUTOSIMULATE_OT_cancel_install(bpy.types.Operator):
    """Stop the installation and remove what it has downloaded"""

    bl_idname = "autosimulate.cancel_install"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context,
                               lambda _: "" if torch_status.installing() else "Nothing is being installed")

    def execute(self, _context):
        torch_status.install.cancel()
        torch_status.refresh()
        return {"FINISHED"}


class AUTOSIMULATE_OT_remove_torch(bpy.types.Operator):
    """Delete the PyTorch that the add-on has installed"""

    bl_idname = "autosimulate.remove_torch"
    bl_label = "Remove"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.not_installing, _is_installed)

    def invoke(self, context, event):
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context):
        def work():
            shutil.rmtree(torch_status.own_folder())
            torch_status.refresh()

        return attempt(self, work)


def _is_installed(_context: bpy.types.Context) -> str:
    return "" if torch_status.own_folder().is_dir() else "The add-on has installed no PyTorch of its own"


CLASSES = (AUTOSIMULATE_OT_install_torch, AUTOSIMULATE_OT_cancel_install, AUTOSIMULATE_OT_remove_torch)


def unregister() -> None:
    if bpy.app.timers.is_registered(watch):
        bpy.app.timers.unregister(watch)
