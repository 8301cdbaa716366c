"""What is in the validation folder, looked at when asked and kept for the panel."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import bpy
import numpy as np

from ..blender.marks.classes import CLASS_COLORS, read_classes
from ..blender.marks.mark import ClassTable
from ..protocol import AutoSimulateError
from ..protocol.photographs import crop_box
from ..run.process.names import FOLDER_SUMMARY
from ..run.process.script import RUN_SCRIPT
from ..run.scene.validation_ids import validation_ids
from . import redraw
from .pictures import icons, raster
from .torch import status as torch_status
from .torch.python import PythonError, python_command

#: How many images are looked into; enough to find a systematic fault, and quick in a folder of thousands.
LIMIT = 64
_INTERVAL_SECONDS = 0.2
#: A photograph of which so much is left is not called cut.
_WHOLE = 0.98


@dataclass(frozen=True)
class Found:
    """A folder as the panel shows it. ``problems`` are reasons why a run could not start."""

    folder: str
    description: str = ""
    n_images: int = 0
    examined: int = 0
    images: tuple[tuple[str, int], ...] = ()    # class name, how many of the examined images show it
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    size: tuple[int, int] | None = None         # (width, height) that most of the examined images have


#: By folder and task.
_found: dict[tuple[str, str], Found] = {}
_process: subprocess.Popen | None = None
#: What it prints: a file, for a pipe that nobody reads while it runs would stop it where there is much to say.
_printed: IO[bytes] | None = None
_folder, _task = "", "auto"
#: What the classes are asked by, where no process can be.
_names: tuple[str, ...] = ()
_ids: dict | None = None
#: Folders that were looked into, or will be, without anybody asking.
_wanted: set[tuple[str, str]] = set()


def found(folder: str, task: str) -> Found | None:
    """What the last look into this folder found for this task."""
    return _found.get((folder, task))


def classes_of(scene: bpy.types.Scene) -> ClassTable:
    """The scene's classes; none where the Labels panel says what is wrong with them."""
    try:
        return read_classes(scene)
    except AutoSimulateError:
        return ClassTable()


def want(folder: str, task: str, classes: Callable[[], ClassTable]) -> None:
    """Looks into a folder that is shown and was not looked into yet, soon: a panel that is drawn must not wait."""
    if not folder or (folder, task) in _wanted or bpy.app.background:
        return
    _wanted.add((folder, task))

    def now() -> None:
        try:
            look(folder, task, classes())
        except OSError as error:
            _found[folder, task] = Found(folder, problems=(f"The folder cannot be read ({error.strerror})",))
            redraw.sidebars()

    bpy.app.timers.register(now, first_interval=_INTERVAL_SECONDS)


def cut(found: Found, width: int, height: int) -> tuple[int, int] | None:
    """(width, height) of what is left of the photographs at the size of the renders; None where next to nothing goes.
    """
    if found.size is None:
        return None
    left, top, right, bottom = crop_box(found.size, width, height)
    share = (right - left) * (bottom - top) / (found.size[0] * found.size[1])
    return (round(right - left), round(bottom - top)) if share < _WHOLE else None


def looking() -> bool:
    return _process is not None


def thumbnail() -> tuple[int, ...]:
    """An example image beside its mask, () where there is none."""
    return icons.wide("validation")


def look(folder: str, task: str, classes: ClassTable) -> None:
    """Looks into a folder in a background process; where none can be started, counts its files here.

    Raises OSError when the folder cannot be read.
    """
    global _process, _printed, _folder, _task, _names, _ids
    os.listdir(folder)
    cancel()
    icons.forget("validation")
    _found.pop((folder, task), None)
    _folder, _task = folder, task
    _names, _ids = classes.names if len(classes.names) > 1 else (), validation_ids(folder, classes)
    request = json.dumps([torch_status.current().site_packages, folder, _names, _ids, LIMIT, task])
    try:        # in a Python that has Pillow, where the window's own has not
        _printed = tempfile.TemporaryFile()  # noqa: SIM115 - poll closes it
        _process = subprocess.Popen([python_command(), str(RUN_SCRIPT), FOLDER_SUMMARY, request],
                                    stdin=subprocess.DEVNULL, stdout=_printed, stderr=subprocess.DEVNULL,
                                    start_new_session=os.name == "posix")
    except (OSError, PythonError):
        _look_here()
        return
    if bpy.app.background:
        _process.wait()
        poll()
    else:
        bpy.app.timers.register(poll, first_interval=_INTERVAL_SECONDS)


def poll() -> float | None:
    """Takes in the result once the process has ended."""
    global _process
    if _process is None:
        return None
    if _process.poll() is None:
        return _INTERVAL_SECONDS
    _process = None
    with _printed:
        _printed.seek(0)
        output = _printed.read().decode(errors="replace")
    try:
        content = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        _look_here()
    else:
        _take(content)
    redraw.sidebars()
    return None


def _look_here() -> None:
    """In this process, which may lack Pillow: then the files are counted and not looked into."""
    from ..run.images.folder_summary import folder_summary

    _take(folder_summary(_folder, _names, _ids, LIMIT, _task))


def _take(content: dict) -> None:
    _found[_folder, _task] = Found(_folder, content["description"], content["n_images"], content["examined"],
                            tuple(content["images"].items()), tuple(content["notes"]), tuple(content["problems"]),
                            tuple(content["size"]) if content["size"] else None)
    try:
        _show_example([Path(path) for path in content["example"] if path], content["boxes"])
    except (OSError, RuntimeError):
        return                                          # no picture is no reason to say less


def _show_example(paths: list[Path], boxes: list[list[float]]) -> None:
    if not paths or bpy.app.is_job_running("RENDER"):
        return
    canvas = raster.Canvas(480, 240)
    if boxes:
        picture = raster.fit(icons.read_image(paths[0]), 238, 240)
        canvas.paste(raster.boxed(picture, 238, 240), 0, 0)
        canvas.paste(raster.boxed(outlined(picture, boxes), 238, 240), 242, 0)
        paths = []
    for i, path in enumerate(paths[:2]):
        pixels = icons.read_image(path)
        if i == 1:
            pixels = spread_indices(pixels)
        canvas.paste(raster.boxed(pixels, 238, 240), i * 242, 0)
    used = np.flatnonzero(canvas.pixels[..., 3].any(axis=1))            # no empty space above and below wide pictures
    icons.show_wide("validation", np.ascontiguousarray(canvas.pixels[used[0]:used[-1] + 1]), 2)


def outlined(picture: np.ndarray, boxes: list[list[float]]) -> np.ndarray:
    """A picture with boxes, class index and corners as shares from the top left, in the colors of their classes."""
    canvas = raster.Canvas(picture.shape[1], picture.shape[0])
    canvas.paste(picture, 0, 0)
    for index, x0, y0, x1, y1 in boxes:
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])
        canvas.line((corners * [1, -1] + [0, 1]) * [canvas.width, canvas.height],
                    CLASS_COLORS[(int(index) - 1) % len(CLASS_COLORS)])
    return canvas.pixels


def spread_indices(mask: np.ndarray) -> np.ndarray:
    """A mask of class indices made visible: indices 1, 2, 3 in a grey picture are all black to the eye."""
    values = mask[..., :3]
    if np.ptp(values) == 0 or not np.allclose(values[..., 0], values[..., 1]):
        return mask                                     # already coloured
    levels, index = np.unique(np.round(values[..., 0] * 255).astype(int), return_inverse=True)
    table = np.zeros((len(levels), 3), np.float32)
    for i, level in enumerate(levels):
        if level:
            table[i] = CLASS_COLORS[(i - (levels[0] == 0)) % len(CLASS_COLORS)]
    result = np.ones_like(mask)
    result[..., :3] = table[index.reshape(values.shape[:2])]
    return result


def cancel() -> None:
    global _process
    if _process is not None:
        _process.kill()
        _process.wait()
        _process = None
        _printed.close()


def unregister() -> None:
    cancel()
    if bpy.app.timers.is_registered(poll):
        bpy.app.timers.unregister(poll)
    _found.clear()
    _wanted.clear()
