"""From flags to the scene and the settings a command works with."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...protocol import InputError
from ..arguments import settings
from ..config import RunConfig, combine, load
from ..record.directory import RunDirectory
from ..scene import marked_scene


def of_run(options: argparse.Namespace) -> tuple[marked_scene.MarkedScene, RunConfig]:
    """Scene and settings for preview, generate and evaluate.

    ``--psi RUN`` stands for the whole run: its scene, marks and settings, as far as no flag says otherwise.
    """
    directory = run_directory(options.psi)
    if directory is None:
        marked = marked_scene.open_marked_scene(options.scene, options.marks)
        stored = {}
    else:
        scene = options.scene or (str(directory.scene) if directory.scene.exists() else None)
        marks = options.marks or (directory.marks if directory.marks.exists() else None)
        marked = marked_scene.open_marked_scene(scene, marks)
        config = load(directory.config)
        stored = {name: getattr(config, name) for name in (
            "width", "height", "samples", "validation", "test", "real", "task", "least_side", "learner",
            "network", "network_width", "network_module", "frozen_layers", "encoder", "encoder_module",
            "learning_rate", "device")}
    asked = settings(options)
    width = asked["width"] or stored.get("width") or marked.settings.get("width")
    sizes = marked_scene.default_size(marked.scene, width)
    given = {**asked, "scene": None}
    if asked["width"] is not None and asked["height"] is None:      # another width alone keeps the scene's shape
        given["height"] = sizes["height"]
    return marked, combine(given, stored, marked.settings, sizes)


def run_directory(psi: str | None) -> RunDirectory | None:
    """The run that ``--psi`` names; None where it names a psi.json outside of any. InputError where nothing is."""
    if psi is None:
        return None
    path = Path(psi).expanduser()
    if not path.exists():
        raise InputError(f"There is no psi.json at '{psi}'; give a run directory or the file itself.")
    directory = RunDirectory(path if path.is_dir() else path.parent)
    return directory if directory.config.exists() else None
