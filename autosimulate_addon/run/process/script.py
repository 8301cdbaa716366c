"""The script that every process of ours runs, and how this one was started."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

from .names import RENDER_WORKER

#: headless/run.py, beside the package.
RUN_SCRIPT = Path(__file__).resolve().parents[3] / "headless" / "run.py"


def render_worker_command() -> list[str]:
    """Starts a render process like this one: by the same Blender, or by the same Python with its bpy module."""
    if not bpy.app.binary_path:
        return [sys.executable, str(RUN_SCRIPT), RENDER_WORKER]
    own = sys.argv[:sys.argv.index("--")] if "--" in sys.argv else sys.argv
    kept = [flag for flag in ("--factory-startup", "--offline-mode") if flag in own]
    return [bpy.app.binary_path, "-b", *kept, "--disable-autoexec", "-noaudio", "--python-exit-code", "1",
            "-P", str(RUN_SCRIPT), "--", RENDER_WORKER]
