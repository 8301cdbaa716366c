"""The script that every process of ours runs, and how this one was started."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

from .names import RENDER_WORKER

#: headless/run.py, beside the package.
RUN_SCRIPT = Path(__file__).resolve().parents[3] / "headless" / "run.py"
#: What it runs, by paths below the folder that holds both.
PROGRAM = ("headless/run.py", "autosimulate_addon/**/*.py")


def render_worker_command() -> list[str]:
    """Starts a render process like this one."""
    return own_command(RENDER_WORKER)


def own_command(*words: str, program: str = "", script: str = str(RUN_SCRIPT)) -> list[str]:
    """Starts ``script`` with ``words`` by ``program``: a Blender, or a Python with its bpy module; else as this one."""
    program = program or bpy.app.binary_path or sys.executable
    if not Path(program).stem.lower().startswith("blender") and program != bpy.app.binary_path:
        return [program, script, *words]
    own = sys.argv[:sys.argv.index("--")] if "--" in sys.argv else sys.argv
    kept = [flag for flag in ("--factory-startup", "--offline-mode") if flag in own]
    return [program, "-b", *kept, "--disable-autoexec", "-noaudio", "--python-exit-code", "1", "-P", script, "--",
            *words]


def program_files() -> dict[str, bytes]:
    """The program itself, for a machine that does not have it."""
    root = RUN_SCRIPT.parents[1]
    return {path.relative_to(root).as_posix(): path.read_bytes() for pattern in PROGRAM for path in root.glob(pattern)}
