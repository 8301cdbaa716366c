"""The add-on's preferences: where PyTorch comes from."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from . import package
from .layout.text import paragraph
from .torch import INSTALLS
from .torch import status as torch_status


def _changed(_self, _context) -> None:
    torch_status.refresh()


class AUTOSIMULATE_AP_preferences(bpy.types.AddonPreferences):
    """Shown under Edit, Preferences, Add-ons."""

    bl_idname = package.TOP

    if INSTALLS:
        torch_folder: StringProperty(
            name="Use PyTorch From", subtype="DIR_PATH", update=_changed,
            description="Folder of a Python environment that has PyTorch for this Blender's Python; empty for the "
                        "add-on's own or Blender's")
        package_source: StringProperty(
            name="Package Source",
            description="Folder with wheels to install from, without a network, or address of a package index beside "
                        "pip's usual one, for a build of PyTorch that the usual one lacks; empty for the usual one "
                        "alone")

    def draw(self, context):
        layout = self.layout
        state = torch_status.current()
        box = layout.box()
        row = box.row()
        paragraph(row.column(), context, state.line, icon="CHECKMARK" if state.usable else "ERROR")
        row.operator("autosimulate.check_torch", text="", icon="FILE_REFRESH")
        if INSTALLS:
            draw_install(box, context)
        layout.operator("wm.url_open", text="Documentation", icon="HELP").url = _manual()
        if INSTALLS:
            layout.use_property_split = True
            layout.prop(self, "torch_folder")
            layout.prop(self, "package_source")


def _manual() -> str:
    site = package.manual()
    return f"{site}/index.html" if site else package.README.as_uri()


def draw_install(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The installation's buttons, or its progress. Also shown in the sidebar while PyTorch is missing."""
    install, state = torch_status.install, torch_status.current()
    if torch_status.installing():
        row = layout.row(align=True)
        row.progress(factor=install.fraction, text=install.message)
        row.operator("autosimulate.cancel_install", text="", icon="X")
        return
    if install is not None and install.error and not state.usable:
        paragraph(layout, context, install.error, icon="ERROR")
        layout.operator("autosimulate.view_log", icon="TEXT").kind = "INSTALL"
    if not bpy.app.online_access and not bpy.app.online_access_override:
        layout.label(text="Installing needs online access", icon="INTERNET_OFFLINE")
        layout.operator("extensions.userpref_allow_online", text="Allow Online Access")
    column = layout.column(align=True)
    install_torch = "autosimulate.install_torch"
    if state.lacks_packages:
        column.operator(install_torch, text="Install Missing Packages", icon="IMPORT").build = "MISSING"
    else:
        column.operator(install_torch, text="Install PyTorch (CPU)", icon="IMPORT").build = "CPU"
        column.operator(install_torch, text="Install PyTorch (CUDA)", icon="IMPORT").build = "CUDA"
    if torch_status.own_folder().is_dir():
        column.operator("autosimulate.remove_torch", text="Remove What the Add-on Installed", icon="TRASH")


CLASSES = (AUTOSIMULATE_AP_preferences,)
