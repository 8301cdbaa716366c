"""AutoSimulate: learns what to render.

``core`` is the method (torch, never bpy), ``blender`` the scene and its renders (bpy, never torch), ``run`` joins the
two into jobs, ``ui`` is what the window shows. Importing this package loads none of them.
"""

import atexit


def register() -> None:
    import bpy

    from . import ui

    ui.register()
    # The bpy module has no program. With 4.5.15, a Python that ends while operators or panels are registered hangs.
    if not bpy.app.binary_path:
        atexit.register(unregister)


def unregister() -> None:
    from . import ui

    atexit.unregister(unregister)
    ui.unregister()
