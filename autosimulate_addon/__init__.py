"""AutoSimulate: learns what to render.

``core`` is the method (torch, never bpy), ``blender`` the scene and its renders (bpy, never torch), ``run`` joins the
two into jobs, ``ui`` is what the window shows. Importing this package loads none of them.
"""


def register() -> None:
    from . import ui

    ui.register()


def unregister() -> None:
    from . import ui

    ui.unregister()
