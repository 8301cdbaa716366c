"""Enabling and disabling in the real window, where there are keys, timers and draw callbacks: nothing stays."""

from __future__ import annotations

import json
import time

from tests.window.story import MODULE, install, no_errors, over_viewport

_COUNT = """
import json
def everything():
    handlers = {name: len(getattr(bpy.app.handlers, name)) for name in dir(bpy.app.handlers)
                if isinstance(getattr(bpy.app.handlers, name), list)}
    keymaps = bpy.context.window_manager.keyconfigs.addon.keymaps
    keys = {keymap.name: len(keymap.keymap_items) for keymap in keymaps if len(keymap.keymap_items)}
    classes = sorted(name for name in dir(bpy.types) if name.startswith("AUTOSIMULATE_"))
    return {"handlers": handlers, "keys": keys, "classes": classes, "menu":
            len(bpy.types.UI_MT_button_context_menu._dyn_ui_initialize())}
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
"""
_LEFT = f"""
import sys
left = []
for name, module in list(sys.modules.items()):
    if name.startswith("{MODULE}.autosimulate_addon"):
        for function in list(vars(module).values()):
            if callable(function) and getattr(function, "__module__", "") == name:
                try:
                    if bpy.app.timers.is_registered(function): left.append(name + "." + function.__name__)
                except (TypeError, ValueError): pass
print(left)
"""


def test_twenty_times_on_and_off(window, extension):
    story = window("blender", "registration")
    gui = story.gui
    gui.py(_COUNT)
    install(story, extension)
    gui.py("bpy.ops.autosimulate.mark_common(what='LIGHTS')")   # something for the overlay and the timers to do
    time.sleep(1)
    for _ in range(5):
        off_and_on(gui)
    enabled, memory = json.loads(gui.value("json.dumps(everything())")), int(gui.value("resident()"))
    gui.py(f"overlay = __import__('{MODULE}.autosimulate_addon.ui.overlay.draw', fromlist=['x'])\n"
           "calls, visible = [], overlay._visible\n"
           "overlay._visible = lambda context: calls.append(1) or visible(context)")
    for _ in range(20):
        off_and_on(gui)
    assert json.loads(gui.value("json.dumps(everything())")) == enabled
    grown = int(gui.value("resident()")) - memory
    assert grown < 8 * 1024 ** 2, f"the process grew by {grown / 1024:.0f} KB in 20 rounds"
    assert redrawn(gui) == 1, "one draw callback, however often the add-on was enabled"

    gui.py(f"bpy.ops.preferences.addon_disable(module={MODULE!r})")
    disabled = json.loads(gui.value("json.dumps(everything())"))
    assert disabled["classes"] == [] and disabled["keys"] != enabled["keys"]
    assert sum(disabled["handlers"].values()) < sum(enabled["handlers"].values())
    assert disabled["menu"] == enabled["menu"] - 1
    assert gui.py(_LEFT) == "[]", "timers that run on"
    assert redrawn(gui) == 0
    no_errors(gui)


def off_and_on(gui) -> None:
    gui.py(f"bpy.ops.preferences.addon_disable(module={MODULE!r})\nbpy.ops.preferences.addon_enable(module={MODULE!r})")


def redrawn(gui) -> int:
    """How often the overlay's callback is called in one redraw of the 3D viewport."""
    over_viewport(gui)
    time.sleep(1)
    gui.py("calls.clear(); w,a,r=find_area()\n"
           "with bpy.context.temp_override(window=w, area=a, region=r['WINDOW']): "
           "bpy.ops.wm.redraw_timer(type='DRAW', iterations=1)\n"
           "drawn = len(calls)")
    return int(gui.value("drawn"))
