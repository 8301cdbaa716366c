"""The add-on's preferences: where PyTorch comes from."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from . import package
from .torch import status as torch_status


def _changed(_self, _context) -> None:
    torch_status.refresh()


class AUTOSIMULATE_AP_preferences(bpy.types.AddonPreferences):
    """Shown under Edit, Preferences, Add-ons."""

    bl_idname = package.TOP

    torch_folder: StringProperty(
        name="Use PyTorch From", subtype="DIR_PATH", update=_changed,
        description="Folder of a Python environment that has PyTorch for this Blender's Python; empty for the "
                    "add-on's own or Blender's")
    package_source: StringProperty(
        name="Package Source",
        description="Folder with wheels to install from, without a network, or address of a package index beside pip's "
                    "usual one, for a build of PyTorch that the usual one lacks; empty for the usual one alone")

    def draw(self, _context):
        layout = self.layout
        state = torch_status.current()
        box = layout.box()
        row = box.row()
        row.label(text=state.line, icon="CHECKMARK" if state.usable else "ERROR")
        row.operator("autosimulate.check_torch", text="", icon="FILE_REFRESH")
        draw_install(box)
        layout.use_property_split = True
        layout.prop(self, "torch_folder")
        layout.prop(self, "package_source")


def draw_install(layout: bpy.types.UILayout) -> None:
    """The installation's buttons, or its progress. Also shown in the sidebar while PyTorch is missing."""
    install = torch_status.install
    if torch_status.installing():
        row = layout.row(align=True)
        row.progress(factor=install.fraction, text=install.message)
        row.operator("autosimulate.cancel_install", text="", icon="X")
        return
    if install is not None and install.error:
        row = layout.row()
        row.label(text=install.error, icon="ERROR")
        row.operator("autosimulate.view_log", text="", icon="TEXT").kind = "INSTALL"
    if not bpy.app.online_access and not bpy.app.online_access_override:
        row = layout.row()
        row.label(text="Installing needs online access", icon="INTERNET_OFFLINE")
        row.operator("extensions.userpref_allow_online", text="Allow Online Access")
    row = layout.row(align=True)
    row.operator("autosimulate.install_torch", text="Install PyTorch (CPU)", icon="IMPORT").build = "CPU"
    row.operator("autosimulate.install_torch", text="Install PyTorch (CUDA)", icon="IMPORT").build = "CUDA"
    if torch_status.current().source == "installed by the add-on":
        row.operator("autosimulate.remove_torch", text="", icon="TRASH")


CLASSES = (AUTOSIMULATE_AP_preferences,)
