"""Choices of a property that points to one data-block or another: of this file, or copied from assets."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import bpy
from bpy.props import EnumProperty, StringProperty

from ...blender import assets, pointers
from ...blender.marks import choices_scene
from ...protocol import InputError
from .. import panel_data, reasons
from .base import attempt

#: Blender does not keep the texts of an EnumProperty's items itself.
_shown: list[tuple[str, str, str]] = []


def _active(context: bpy.types.Context):
    group = context.scene.autosimulate
    return group.marks[group.active_mark]


def _chooses(context: bpy.types.Context) -> str:
    group = reasons.settings(context)
    return "" if panel_data.row(context.scene, group.marks[group.active_mark].name).chooses else \
        "The selected learnable property does not choose among data-blocks"


def _kind(context: bpy.types.Context) -> str:
    """What the selected mark chooses among. Raises InputError where that is nothing of the kind."""
    return pointers.kind(choices_scene.required_target(_active(context)))


def _add(context: bpy.types.Context, blocks: list[bpy.types.ID]) -> str:
    """The sentence that says what became of it."""
    group = _active(context)
    added = choices_scene.add(group, blocks)
    return f"{group.name}: {added} added" if added else f"{group.name}: these are choices already"


def _left(_operator, context: bpy.types.Context) -> list[tuple[str, str, str]]:
    blocks = choices_scene.addable(_active(context)) if context is not None else []
    _shown[:] = [(block.name_full, block.name_full, "") for block in blocks]
    return _shown


class AUTOSIMULATE_OT_choice_add_block(bpy.types.Operator):
    """Add a data-block of this file to choose from"""

    bl_idname = "autosimulate.choice_add_block"
    bl_label = "Add Choice"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    bl_property = "block"

    block: EnumProperty(name="Data-Block", description="Data-block to choose from", items=_left)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_mark, _chooses, _has_left)

    def invoke(self, context, _event):
        context.window_manager.invoke_search_popup(self)
        return {"FINISHED"}

    def execute(self, context):
        def work():
            chosen = [block for block in choices_scene.addable(_active(context)) if block.name_full == self.block]
            return _add(context, chosen)

        return attempt(self, work)


def _has_left(context: bpy.types.Context) -> str:
    return "" if choices_scene.addable(_active(context)) else "All that this file has are choices already"


class AUTOSIMULATE_OT_choice_add_file(bpy.types.Operator):
    """Copy all fitting assets of a .blend file into this one, as further choices"""

    bl_idname = "autosimulate.choice_add_file"
    bl_label = "Add Assets of a File"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="File", description=".blend file with assets", subtype="FILE_PATH",
                             options={"SKIP_SAVE"})
    filter_glob: StringProperty(default="*.blend", options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_mark, _chooses)

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        def work():
            return _add(context, assets.append(Path(bpy.path.abspath(self.filepath)), _kind(context)))

        return attempt(self, work)


class AUTOSIMULATE_OT_choice_add_assets(bpy.types.Operator):
    """Copy the assets that are selected in the Asset Browser into this file, as further choices"""

    bl_idname = "autosimulate.choice_add_assets"
    bl_label = "Add Selected Assets"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_mark, _chooses, _has_selected)

    def execute(self, context):
        def work():
            kind = _kind(context)
            return _add(context, _copies(selected(context), kind))

        return attempt(self, work)


def selected(context: bpy.types.Context) -> list[bpy.types.AssetRepresentation]:
    """What is selected in the Asset Browser that this is called from, or else in one that is open."""
    here = getattr(context, "selected_assets", None)
    if here:
        return list(here)
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.ui_type == "ASSETS":
                region = next(each for each in area.regions if each.type == "WINDOW")
                with context.temp_override(window=window, area=area, region=region):
                    return list(getattr(bpy.context, "selected_assets", None) or ())
    return []


def _copies(chosen: list[bpy.types.AssetRepresentation], kind: str) -> list[bpy.types.ID]:
    """This file's own data-blocks of the assets. Raises InputError, with nothing copied, for one of another kind."""
    word = pointers.KINDS[kind]
    wrong = next((asset for asset in chosen if asset.id_type != word.upper()), None)
    if wrong is not None:
        raise InputError(f"{wrong.name!r} is no {word}: select only what the property can point to")
    names = defaultdict(list)
    for asset in chosen:
        if asset.local_id is None:
            names[asset.full_library_path].append(asset.name)
    return [asset.local_id for asset in chosen if asset.local_id is not None] + \
        [block for library, of_it in names.items() for block in assets.append(Path(library), kind, of_it)]


def _has_selected(context: bpy.types.Context) -> str:
    return "" if selected(context) else "Select assets in an Asset Browser first"


CLASSES = (AUTOSIMULATE_OT_choice_add_block, AUTOSIMULATE_OT_choice_add_file, AUTOSIMULATE_OT_choice_add_assets)
