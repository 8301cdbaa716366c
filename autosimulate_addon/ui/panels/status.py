"""What is missing, at the top of the tab; not there when nothing is."""

from __future__ import annotations

import bpy

from ..layout.text import paragraph
from ..preferences import draw_install
from ..torch import INSTALLS
from ..torch import status as torch_status
from .base import Sidebar


class AUTOSIMULATE_PT_status(Sidebar, bpy.types.Panel):
    """Shown only while PyTorch cannot be used."""

    bl_label = "PyTorch"
    bl_order = 0

    @classmethod
    def poll(cls, context):
        return super().poll(context) and (torch_status.installing() or not torch_status.current().usable)

    def draw(self, context):
        layout = self.layout
        state = torch_status.current()
        if not torch_status.installing():
            paragraph(layout, context, f"{state.line.rstrip('.')}. Marking works; optimizing and generating need it.",
                      icon="ERROR")
        if not INSTALLS:
            return
        column = layout.column()
        draw_install(column, context)
        if not torch_status.installing():
            column.operator("autosimulate.open_preferences", text="Use PyTorch From...", icon="PREFERENCES")


CLASSES = (AUTOSIMULATE_PT_status,)
