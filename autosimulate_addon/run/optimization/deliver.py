"""What a finished run leaves for people: the scene with psi written in, the numbers, the report, the last table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...blender.marks import mark_scene as marks_scene
from ...blender.marks import psi_properties
from ..process.log import logger
from ..process.progress import duration
from ..process.streams import say
from ..record import psi_file
from ..record.directory import write_json
from ..report.record import read_run
from ..report.verdict import judge
from ..report.write import write_report
from ..scene import scene_file
from ..scene.marked_scene import MarkedScene
from .checked_run import Job


def write_results(job: Job, plain: psi_file.Plain, numbers: Mapping[str, Any]) -> None:
    """optimized.blend with ``plain`` in it, and numbers.json."""
    write_optimized(job.directory.optimized, job.marked, plain)
    write_json(job.directory.numbers, dict(numbers))


def write_report_of(job: Job) -> None:
    """report.html and report.png. The result of hours is not lost to a picture of it: problems are only told."""
    try:
        write_report(job.directory.root)
    except Exception as error:
        logger.exception("report")
        say(f"Note: the report could not be drawn ({type(error).__name__}: {error}).")


def write_optimized(path: Path, marked: MarkedScene, plain: psi_file.Plain) -> None:
    """A copy of the scene with its marks and ``plain`` psi in it; the scene in memory stays as it was."""
    with _written_in(marked, plain):
        scene_file.save_copy(path)


@contextlib.contextmanager
def _written_in(marked: MarkedScene, plain: psi_file.Plain) -> Iterator[None]:
    scene, marks = marked.scene, list(marked.marks)
    psi_before = psi_properties.read(scene, marks)
    from_file, group = marked.marks_file is not None, scene.autosimulate
    names = [rna.identifier for rna in group.bl_rna.properties if not rna.is_readonly or rna.type == "COLLECTION"]
    unset = [name for name in names if not group.is_property_set(name)]
    marks_before = marks_scene.read(scene, disabled=True) if from_file and "marks" not in unset else None
    try:
        if from_file:
            marks_scene.write(scene, marks, marked.classes)
        psi_properties.write(scene, marks, plain)
        yield
    finally:
        psi_properties.remove(scene, marks)
        psi_properties.write(scene, [mark for mark in marks if mark.name in psi_before], psi_before)
        if marks_before is not None:
            marks_scene.write(scene, *marks_before)
        elif from_file:
            for name in unset:
                group.property_unset(name)


def say_result(job: Job, numbers: Mapping[str, Any]) -> None:
    """The last table, and in plain words whether the run was worth it."""
    say()
    rows = numbers.get("rows", {})
    if rows:
        names = {"start": "start (distributions not moved)", "control": "null control", "learned": "learned"}
        say(f"Fresh networks, {numbers['fresh_networks']} of each, trained on {numbers['images']} images, on the "
            f"{numbers['split']} images ({numbers['split_images']}):")
        say(f"  {'':34s}{'loss':>8s}{'mIoU':>8s}")
        for name, row in rows.items():
            say(f"  {names.get(name, name):34s}{_number(row['loss'])}{_number(row['miou'])}")
    verdict = judge(read_run(job.directory))         # the report's own, so that the two never disagree
    say(f"{verdict.headline} {verdict.detail}".strip())
    say(f"{numbers['rendered']} images, {duration(numbers['seconds'])}. Report: {job.directory.report}, scene with the "
        f"learned distributions: {job.directory.optimized}")


def _number(value: float | None) -> str:
    return f"{'-' if value is None or value != value else format(value, '.3f'):>8s}"
