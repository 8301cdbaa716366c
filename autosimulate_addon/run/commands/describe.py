"""``describe``: what is learnable in a scene and what could be, in a table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ...blender.marks import describe as rows_of
from ...blender.marks import mark_scene
from ...blender.marks.describe import Row
from ...core.datasets import inspect
from ..images.folder_summary import task_notes
from ..process.log import Log
from ..process.notes import tell
from ..process.streams import say
from ..scene import marked_scene
from ..scene.validation_ids import validation_ids

#: Names of data-blocks that are spelled out before "and N more".
_NAMED = 2


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    marked = marked_scene.open_marked_scene(options.scene, options.marks)
    tell(marked.problems)
    marks = mark_scene.read(marked.scene, disabled=True)[0] if options.marks is None else marked.marks
    learnable, suggested = rows_of.marked_rows(marks), rows_of.suggested_rows(marked.scene, marks)
    say(f"Scene '{marked.scene.name}'"
        + ("" if marked.scene.camera else ", which has NO CAMERA: add one before anything can be rendered"))
    if learnable:
        say()
        say("Learnable")
        _table(learnable)
    else:
        say()
        say("Nothing is marked as learnable.")
    if suggested:
        say()
        say("Could be learnable (mark them in Blender's window, or name data and path in a file for --marks)")
        _table(suggested)
    names = marked.classes.names[1:]
    say()
    say("Classes: " + ("; ".join(f"{name} ({_members(marked, name)})" for name in names) if names else "none yet"))
    result = {"scene": marked.scene.name, "camera": marked.scene.camera is not None, "classes": list(names),
              "learnable": [asdict(row) for row in learnable], "could_be": [asdict(row) for row in suggested]}
    if options.validation is not None:
        result["validation"] = _validation(options.validation, marked)
    return result


def _members(marked: marked_scene.MarkedScene, name: str) -> str:
    return _shortened([str(block) for block in marked.classes.members.get(name, ())])


def _shortened(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _validation(folder: str, marked: marked_scene.MarkedScene) -> dict[str, Any]:
    names = marked.classes.names if len(marked.classes.names) > 1 else None
    summary = inspect(folder, names, validation_ids(folder, marked.classes), need_masks=False)
    counted, notes = "pixels" if summary.has_masks else "boxes", [*summary.notes, *task_notes(summary)]
    say()
    say(f"Validation images: {summary.n_images} ({summary.description or 'not readable'})")
    for name, pixels in (summary.pixels or {}).items():
        say(f"  {name:20s} in {summary.images[name]} images, {pixels} {counted}")
    for text in (*notes, *summary.problems):
        say(f"  {text}")
    return {"images": summary.n_images, "format": summary.format, counted: dict(summary.pixels or {}),
            "notes": notes, "problems": list(summary.problems)}


def _table(rows: Sequence[Row]) -> None:
    head = ("", "name", "distribution", "unit", "data", "path")
    cells = [(row.status if row.status != "could be" else "", row.name, row.problem or f"{row.family}: {row.start}",
              row.unit, _shortened(row.data), row.path) for row in rows]
    widths = [max(len(line[column]) for line in (head, *cells)) for column in range(len(head))]
    for line in (head, *cells):
        say("  " + "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip())
