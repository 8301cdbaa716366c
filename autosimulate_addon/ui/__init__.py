"""What the window shows: preferences, menus, panels, operators, overlay. Thin: ``run`` and ``blender`` do the work.

Nothing here imports torch or ``core`` when it is loaded, and nothing happens before ``register``.
"""

from __future__ import annotations

import bpy

from ..blender.marks import properties
from . import (
    editor_menus,
    keymap,
    manual,
    menus,
    monitor,
    panel_data,
    preferences,
    reattach,
    status_bar,
    translations,
    validation,
)
from .operators import (
    cancel,
    choices,
    keypoints,
    log,
    mark,
    mark_list,
    mark_many,
    optimize,
    presets,
    produce,
    results,
    states,
    tab,
)
from .operators import labels as labels_operators
from .operators import torch as torch_operators
from .operators import validation as validation_operators
from .overlay import draw as overlay
from .overlay import tint
from .panels import found, labels, learnables, network, produced, status
from .panels import optimize as optimize_panels
from .panels import results as results_panels
from .panels import validation as validation_panels
from .pictures import icons
from .torch import INSTALLS
from .torch import status as torch_status

if INSTALLS:
    from .operators import install

    _INSTALL = (install,)
else:
    _INSTALL = ()

#: In the order in which they are registered; sub-panels after the panels they belong to.
_CLASSES = tuple(
    cls for module in (preferences, *_INSTALL, torch_operators, mark, mark_many, mark_list, choices, states,
                       labels_operators, keypoints, validation_operators, optimize, cancel, presets, produce, results,
                       log, tab, menus, editor_menus, status, learnables, labels, validation_panels, network,
                       optimize_panels, results_panels, produced, found)
    for cls in module.CLASSES)
#: With handlers, keys, timers or menu entries of their own, in the order in which they are registered.
_MODULES = (translations, manual, menus, editor_menus, keymap, cancel, monitor, status_bar, panel_data, overlay, tint,
            reattach)


def register() -> None:
    properties.ensure_registered()      # a script may have read marks before the add-on was enabled
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in (*reversed(_MODULES), *_INSTALL):
        module.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
    properties.unregister()
    for module in (torch_status, validation, icons):
        module.unregister()
