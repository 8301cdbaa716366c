"""Starts and finds the background jobs. Standard library only; nothing here knows bpy."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...run.record.directory import RunDirectory
from ...run.record.events import is_written

#: A job that has written nothing for this long, and of which nothing else tells, is taken for dead.
SILENCE_SECONDS = 900.0
NICENESS = 10


def blender_command(binary: str, scene: Path, scene_name: str, script: Path, arguments: list[str]) -> list[str]:
    """The command of a background Blender that runs the script on a file. The exit-code flag must precede -P."""
    command = [binary, "-b", str(scene), "--python-exit-code", "1"]
    if scene_name:
        command += ["-S", scene_name]
    return [*command, "-P", str(script), "--", *arguments]


def python_command(python: str, scene: Path, script: Path, arguments: list[str]) -> list[str]:
    """The same job where there is no Blender program: the bpy module, in the Python that is running."""
    command, *rest = arguments
    return [python, str(script), command, "--scene", str(scene), *rest]


def flags(values: Mapping[str, Any]) -> list[str]:
    """Command-line flags: None and "" are left out, True is a bare flag, False its --no- form."""
    result = []
    for name, value in values.items():
        if value is None or value == "":
            continue
        flag = "--" + name.replace("_", "-")
        if value is True:
            result.append(flag)
        elif value is False:
            result.append("--no-" + flag[2:])
        else:
            result += [flag, str(value)]
    return result


def start(command: list[str], log: Path) -> subprocess.Popen:
    """Starts a job that outlives this process, at a lower priority: it uses every core, and the window comes first.

    Raises OSError when it cannot be started or logged.
    """
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    with open(log, "ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=os.name == "posix", creationflags=flags)
    if os.name == "posix":
        with contextlib.suppress(OSError):              # it may have ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    return process


def alive(pid: int) -> bool:
    """Whether a process with this number runs (which, after a restart of the machine, may be another one)."""
    if pid <= 0:
        return False
    if os.name != "posix":
        listed = subprocess.run(["tasklist", "/FI", f"PID eq {pid}", "/NH"], capture_output=True, text=True,
                                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0), check=False)
        return re.search(rf"\b{pid}\b", listed.stdout) is not None
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    try:                                                # a zombie answers, but does no more work
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state != "Z"


def looks_alive(events: Path, pid: int, heartbeat: float) -> bool:
    """Whether the job that writes ``events``, of the process ``pid``, is still at work; ``heartbeat``: its last event.

    It has them locked as long as it lives, where the file system knows locks. A number that is in use says little when
    the last sign of life is old: after a restart it belongs to somebody else.
    """
    return is_written(events) or (alive(pid) and time.time() - heartbeat < SILENCE_SECONDS)


def last_words(log: Path, code: int | None = None) -> str:
    """One sentence about why a job ended that left no error event, from the end of its log."""
    try:
        with open(log, "rb") as file:
            file.seek(max(os.path.getsize(log) - 8192, 0))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    # the last line that says what went wrong; Blender itself ends with lines of its own
    telling = [line.strip() for line in lines
               if re.match(r"\s*(error|Error|[A-Za-z_.]*(Error|Exception)\b)", line)]
    ended = "The job ended" if code is None else f"The job ended (exit code {code})"
    return f"{ended}: {telling[-1]}" if telling else f"{ended} without saying why; its log may tell"


class Registry:
    """The runs started from this computer, newest first, so that closing Blender loses none. One small JSON file."""

    KEEP = 50

    def __init__(self, path: Path):
        self.path = path

    def entries(self) -> list[dict[str, Any]]:
        try:
            entries = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return []
        return [entry for entry in entries if isinstance(entry, dict) and "directory" in entry]

    def add(self, directory: Path, blend: str, scene: str) -> None:
        """Remembers a run; quietly does without when the file cannot be written."""
        entry = {"directory": str(directory), "blend": blend, "scene": scene, "time": time.time()}
        entries = [entry, *(old for old in self.entries() if old["directory"] != str(directory))][:self.KEEP]
        temporary = self.path.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(entries, indent=1), "utf-8")
            os.replace(temporary, self.path)
        except OSError:
            return

    def find(self, blend: str, scene: str) -> list[Path]:
        """The directories of runs of this file and scene that still exist, newest first."""
        return [Path(entry["directory"]) for entry in self.entries()
                if entry.get("blend") == blend and entry.get("scene") == scene
                and RunDirectory(entry["directory"]).events.exists()]
