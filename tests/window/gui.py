"""Drives the real Blender window under Xvfb from outside: real mouse and keys (xdotool), Python inside (a timer).

    with Gui("/usr/local/bin/blender", ["scene.blend"], env={"BLENDER_USER_RESOURCES": folder}) as gui:
        gui.tab("AutoSimulate")
        gui.click_button("bpy.ops.autosimulate.optimize")      # a real click on the button that runs this operator
        gui.wait("bpy.context.scene.autosimulate.run_dir")
        gui.shot("running.png")
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

#: Programs of the machine that this needs beside Blender.
TOOLS = ("Xvfb", "xdotool", "import")

#: Runs inside Blender: takes commands from a folder, answers with what they print.
_INSIDE = r'''
import bpy, os, io, contextlib, traceback
D = os.environ["GUI_COMMANDS"]; ENV = {"bpy": bpy}
def find_area(kind="VIEW_3D"):
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == kind:
                return window, area, {region.type: region for region in area.regions}
def under_mouse(area, kind):
    window, area, regions = find_area(area)
    manager = bpy.context.window_manager
    old, manager.clipboard = manager.clipboard, ""
    with bpy.context.temp_override(window=window, area=area, region=regions[kind]):
        if bpy.ops.ui.copy_python_command_button.poll(): bpy.ops.ui.copy_python_command_button()
        elif bpy.ops.ui.copy_data_path_button.poll(): bpy.ops.ui.copy_data_path_button(full_path=True)
    found, manager.clipboard = manager.clipboard, old
    return found
def sweep(text, area, kind, column, rows):
    """A coroutine: the pointer goes down a column, a row a few turns of the event loop, until it is over ``text``.

    What is under the pointer is known late where the machine is busy: what was found is looked at again, then the row
    before it.
    """
    window, before = find_area(area)[0], rows[0] + 3
    for turns, y in [(5, before), *((3, row) for row in rows)]:
        window.cursor_warp(column, y)
        for _ in range(turns):                          # the motion arrives, one button goes, the next is active
            yield
        if text in under_mouse(area, kind):
            for again in (y, before):
                window.cursor_warp(column, again)
                for _ in range(25):
                    yield
                if text in under_mouse(area, kind):
                    print(again)
                    return
        before = y
ENV.update(find_area=find_area, under_mouse=under_mouse, sweep=sweep)
running = {}                                            # file of a command -> its coroutine, what it printed
def tick():
    for name in sorted(os.listdir(D)):
        if name.endswith(".py"):
            path = os.path.join(D, name)
            with open(path, encoding="utf-8") as file:
                source = file.read()
            os.remove(path)
            ENV["going"] = None
            running[path] = [lambda source=source, name=name: exec(compile(source, name, "exec"), ENV), io.StringIO()]
    for path, (work, out) in list(running.items()):
        verdict = "OK"
        try:
            with contextlib.redirect_stdout(out):
                if callable(work):
                    work()
                    running[path][0] = work = ENV["going"]
                if work is not None:
                    next(work)
                    continue
        except StopIteration:
            pass
        except Exception:
            verdict = "ERR"; out.write(traceback.format_exc())
        del running[path]
        with open(path + ".tmp", "w", encoding="utf-8") as file:
            file.write(verdict + "\n" + out.getvalue())
        os.replace(path + ".tmp", path[:-3] + ".out")
    return 0.004 if running else 0.02
bpy.context.preferences.view.show_splash = False
bpy.context.preferences.use_preferences_save = False
bpy.context.preferences.system.viewport_aa = 'OFF'          # a software renderer has better things to do
bpy.app.timers.register(tick, first_interval=0.3, persistent=True)
'''


class Gui:
    """One Blender in a window of its own, on a virtual screen of the same size."""

    #: Pixels by which one turn of the mouse wheel scrolls a region.
    PER_CLICK = 40

    def __init__(self, blender: str, arguments: list[str], size: tuple[int, int] = (1300, 1050),
                 env: dict[str, str] | None = None) -> None:
        self.size = size
        self._found: tuple = ()                             # the page and the row of what was found last
        self.folder = Path(tempfile.mkdtemp(prefix="window-"))
        (self.folder / "commands").mkdir()
        inside = self.folder / "inside.py"
        inside.write_text(_INSIDE)
        read, write = os.pipe()                             # Xvfb picks a free display and tells which
        self.screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp"],
            pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as pipe:
            display = ":" + pipe.readline().strip()         # to the newline: closed earlier, Xvfb dies of SIGPIPE
        self.env = {**os.environ, "DISPLAY": display, "GUI_COMMANDS": str(self.folder / "commands"),
                    "TMPDIR": str(self.folder),
                    # where Blender looks while the folder that BLENDER_USER_RESOURCES names is not there yet
                    "XDG_CONFIG_HOME": str(self.folder / "config"), **(env or {})}
        self.log = self.folder / "blender.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [blender, "--gpu-backend", "opengl", "-setaudio", "None", "--window-geometry", "0", "0",
                 *map(str, size), *arguments, "--python", str(inside)],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            self.py("print(1)", timeout=120)                # waits until the event loop runs
        except BaseException:
            self.quit()
            raise

    def __enter__(self) -> Gui:
        return self

    def __exit__(self, *_: object) -> None:
        self.quit()

    # Python inside

    def py(self, code: str, timeout: float = 60) -> str:
        """Runs code inside Blender; returns what it printed. Raises RuntimeError with the traceback of an error."""
        name = self.folder / "commands" / f"{time.monotonic_ns():020d}-{uuid.uuid4().hex[:6]}"
        name.with_suffix(".w").write_text(code, encoding="utf-8")
        name.with_suffix(".w").rename(name.with_suffix(".py"))
        answer, end = name.with_suffix(".out"), time.monotonic() + timeout
        while not answer.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"Blender ended ({self.process.returncode}): {self.log.read_text()[-2000:]}")
            if time.monotonic() > end:
                raise TimeoutError(code)
            time.sleep(0.01)
        verdict, _, output = answer.read_text(encoding="utf-8").partition("\n")
        answer.unlink()
        if verdict != "OK":
            raise RuntimeError(output)
        return output.rstrip("\n")

    def value(self, expression: str) -> str:
        return self.py(f"print({expression})")

    def wait(self, expression: str, timeout: float = 60) -> None:
        """Until a Python expression inside Blender is true."""
        end = time.monotonic() + timeout
        while self.value(f"bool({expression})") != "True":
            if time.monotonic() > end:
                raise TimeoutError(expression)
            time.sleep(0.15)

    # Mouse, keys, pictures

    def x(self, *arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], env=self.env, check=True)

    def move(self, x: int, y: int) -> None:
        """Two motions: the first enters the region, the second makes the button under the mouse active."""
        self.x("mousemove", x - 3, y - 1, "sleep", 0.05, "mousemove", x, y, "sleep", 0.05)
        self.py("pass")
        time.sleep(0.1)

    def click(self, x: int, y: int, button: int = 1) -> None:
        self.move(x, y)
        self.press(button)

    def press(self, button: int = 1) -> None:
        self.x("mousedown", button)
        time.sleep(0.06)
        self.x("mouseup", button)
        time.sleep(0.2)
        self.py("pass")

    def key(self, *keys: str) -> None:
        self.x("key", *keys)
        time.sleep(0.25)
        self.py("pass")

    def type(self, text: str) -> None:
        self.x("type", "--delay", "15", text)
        time.sleep(0.3)

    def scroll(self, clicks: int, area: str = "VIEW_3D", kind: str = "UI", down: float = 0.5) -> None:
        """Turns the mouse wheel over a region, ``down`` which share of its height: down, or up when negative."""
        x, y, width, height = self.region(area, kind)
        self.move(x + width // 2, y + int(height * down))
        self.x("click", "--repeat", abs(clicks), "--delay", "8", 5 if clicks > 0 else 4)
        time.sleep(0.3)
        self.py("pass")

    def shot(self, path: Path) -> None:
        subprocess.run(["import", "-window", "root", str(path)], env=self.env, check=True)

    # Finding things

    def tab(self, name: str, timeout: float = 20) -> None:
        """The sidebar open, on that tab."""
        self.py("w,a,r=find_area(); a.spaces.active.show_region_ui=True; a.tag_redraw()")
        end = time.monotonic() + timeout
        while True:
            try:
                self.py(f"w,a,r=find_area(); r['UI'].active_panel_category={name!r}; a.tag_redraw()\n"
                        "assert r['UI'].width > 1")
                break
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.3)
        time.sleep(1.0)
        self.py("pass")

    def region(self, area: str = "VIEW_3D", kind: str = "UI") -> tuple[int, int, int, int]:
        """x, top y, width, height on the screen."""
        x, y, width, height = map(int, self.value(
            f"' '.join(str(v) for g in [find_area({area!r})[2][{kind!r}]] for v in (g.x, g.y, g.width, g.height))"
        ).split())
        return x, self.size[1] - y - height, width, height

    def find(self, text: str, *, step: int = 18, across: float = 0.5, area: str = "VIEW_3D",
             kind: str = "UI") -> tuple[int, int]:
        """Sweeps the mouse down a region until it hovers ``text``: what is seen, on to the end, then from the top.

        ``step``: less than a button is high. Raises LookupError.
        """
        began = self._scrolled(area, kind)
        for first in (True, False):
            while True:
                found = self._sweep(text, step, across, area, kind)
                if found:
                    return found
                before = self._scrolled(area, kind)
                for down in (0.5, 0.2):                     # a list under the mouse keeps the wheel for itself
                    if self._scrolled(area, kind) == before:
                        self.scroll((self.region(area, kind)[3] - 60) // self.PER_CLICK, area, kind, down)
                if self._scrolled(area, kind) == before or (not first and before >= began):
                    break
            if first:
                self.scroll(-(self._scrolled(area, kind) // self.PER_CLICK + 2), area, kind, 0.2)
        raise LookupError(f"{text} was not found under the mouse")

    def _scrolled(self, area: str, kind: str) -> int:
        """Pixels by which a region is scrolled down."""
        return -round(float(self.value(f"find_area({area!r})[2][{kind!r}].view2d.region_to_view(0, 0)[1]")))

    def _sweep(self, text: str, step: int, across: float, area: str, kind: str) -> tuple[int, int] | None:
        """Where ``text`` is among what is seen. Begins where the last was found: what comes next is often near."""
        x, y, width, height = self.region(area, kind)
        column = x + int((width - 24) * across)
        rows = [self.size[1] - row for row in range(y + 6, y + height - 4, step)]       # Blender counts from below
        rows = rows[::2] + rows[1::2]                       # many buttons are as high as two rows
        page = (area, kind, height, self._scrolled(area, kind))
        if self._found[:-1] == page:
            rows.sort(key=lambda row: (row > self._found[-1], -row))
        found = self.py(f"going = sweep({text!r}, {area!r}, {kind!r}, {column}, {rows})", timeout=300)
        if not found:
            return None
        self._found = (*page, int(found))
        return column, self.size[1] - int(found)

    def click_button(self, text: str, *, area: str = "VIEW_3D", kind: str = "UI", **where) -> None:
        """Panels grow while they are looked through: only what is still under the mouse is pressed.

        Raises LookupError.
        """
        for _ in range(5):
            self.move(*self.find(text, area=area, kind=kind, **where))
            if self.value(f"{text!r} in under_mouse({area!r}, {kind!r})") == "True":
                self.press()
                return
        raise LookupError(f"{text} moved away each time that it was found")

    def quit(self) -> None:
        try:
            self.py("bpy.app.timers.register(lambda: (bpy.ops.wm.quit_blender(), None)[1], first_interval=0.1)")
            self.process.wait(20)
        except Exception:
            self.process.kill()
            self.process.wait()
        self.screen.terminate()
        self.screen.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
