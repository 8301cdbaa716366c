"""What is made from the distributions: a data set, a sheet of samples."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...protocol.settings import DATASET
from .. import panel_data
from ..jobs import table
from ..jobs.run_follower import Status
from ..layout.job_row import job_row
from ..layout.text import paragraph, picture
from .base import Sidebar


class AUTOSIMULATE_PT_generate(Sidebar, bpy.types.Panel):
    """Labelled images drawn from the distributions."""

    bl_label = "Generate Dataset"
    bl_parent_id = "AUTOSIMULATE_PT_results"
    bl_order = 0

    def draw(self, context):
        layout = self.layout
        job = table.job("GENERATE")
        if job_row(layout, context, job):
            return
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        group = context.scene.autosimulate
        column.prop(group, "dataset_count")
        column.prop(group, "width")
        column.prop(group, "height")
        column.prop(group, "dataset_dir")
        layout.operator("autosimulate.generate", icon="RENDERLAYERS")
        status = job.state.status if job is not None else None
        if status == Status.DONE or (status == Status.CANCELLED and job.state.images):
            row = layout.row()
            if status == Status.DONE:
                row.label(text="Data set written", icon="CHECKMARK")
            else:
                row.label(text="Data set so far", icon="IMAGE_DATA")
            row.operator("autosimulate.open", text="", icon="FILE_FOLDER").what = "DATASET"


class AUTOSIMULATE_PT_formats(Sidebar, bpy.types.Panel):
    """The formats that people train with, passes beside the image, and train, val and test."""

    bl_label = "Formats and Split"
    bl_parent_id = "AUTOSIMULATE_PT_generate"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        group = context.scene.autosimulate
        for setting in DATASET:
            if setting.several:
                self.layout.label(text=iface_(setting.label))
                grid = self.layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
                for choice in group.bl_rna.properties[setting.name].enum_items:
                    grid.prop_enum(group, setting.name, choice.identifier)
            else:
                self.layout.prop(group, setting.name, placeholder=setting.metavar)


class AUTOSIMULATE_PT_samples(Sidebar, bpy.types.Panel):
    """The sheet of samples; its button is in Results, beside the others that show what the distributions mean."""

    bl_label = "Sample Sheet"
    bl_parent_id = "AUTOSIMULATE_PT_results"
    bl_order = 1

    @classmethod
    def poll(cls, context):
        job = table.job("PREVIEW")
        return super().poll(context) and job is not None and bool(job.sheet_icons)

    def draw(self, context):
        layout = self.layout
        job = table.job("PREVIEW")
        if job.state.ended and job.made_from and job.made_from != repr(panel_data.get(context.scene).psi):
            paragraph(layout, context, iface_("Of distributions that are others now"), icon="INFO")
        layout.operator("autosimulate.open_sheet", icon="IMAGE")
        picture(layout, context, job.sheet_icons)


CLASSES = (AUTOSIMULATE_PT_generate, AUTOSIMULATE_PT_formats, AUTOSIMULATE_PT_samples)
