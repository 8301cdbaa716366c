"""optimized.blend: the scene with its marks and the learned psi in it, and the rehearsal of writing it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...blender.marks import mark_scene, psi_properties
from ...protocol import InputError, Moments
from ..scene import scene_file
from ..scene.marked_scene import MarkedScene


def write_optimized(path: Path, marked: MarkedScene, plain: Mapping[str, Moments]) -> None:
    """A copy of the scene with its marks and ``plain`` psi in it; the scene in memory stays as it was."""
    with _written_in(marked, plain):
        scene_file.save_copy(path)


def rehearse(marked: MarkedScene, plain: Mapping[str, Moments]) -> None:
    """Writes marks, classes and ``plain`` into the scene in memory, reads them back, and takes them out again.

    Raises InputError for a scene that could not keep the result of a run, before anything is rendered for it.
    """
    with _written_in(marked, plain):
        marks, classes = mark_scene.read(marked.scene)
        kept = psi_properties.read(marked.scene, marks)
    lost = sorted(plain.keys() - kept.keys()) or sorted(set(marked.classes.names) - set(classes.names))
    if lost:
        raise InputError(f"The scene '{marked.scene.name}' does not keep what is learned of {', '.join(lost)}: give it "
                         f"another name.")


@contextlib.contextmanager
def _written_in(marked: MarkedScene, plain: Mapping[str, Moments]) -> Iterator[None]:
    scene, marks = marked.scene, list(marked.marks)
    psi_before = psi_properties.read(scene, marks)
    from_file, group = marked.marks_file is not None, scene.autosimulate
    names = [rna.identifier for rna in group.bl_rna.properties if not rna.is_readonly or rna.type == "COLLECTION"]
    unset = [name for name in names if not group.is_property_set(name)]
    marks_before = mark_scene.read(scene, disabled=True) if from_file and "marks" not in unset else None
    try:
        if from_file:
            mark_scene.write(scene, marks, marked.classes)
        psi_properties.write(scene, marks, plain)
        yield
    finally:
        psi_properties.remove(scene, marks)
        psi_properties.write(scene, [mark for mark in marks if mark.name in psi_before], psi_before)
        if marks_before is not None:
            mark_scene.write(scene, *marks_before)
        elif from_file:
            for name in unset:
                group.property_unset(name)
