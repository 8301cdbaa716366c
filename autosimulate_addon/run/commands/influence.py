"""``preview --influence``: which pixels of a run's renders helped, as of its last checkpoint."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from ...core.loop import State
from ...core.psi import Psi
from ...protocol import InputError
from .. import config
from ..images.sheets import check_sheet, sheet_path
from ..loop_config import loop_config
from ..optimization import influence_sheet
from ..process.threads import use_threads
from ..record import checkpoint
from ..record.directory import INFLUENCE_FILE, RunDirectory, check_writable
from ..report.record import why_no_influence
from ..scene import marked_scene
from ..scene.simulator import open_simulator
from .options import run_directory


def of_checkpoint(options: argparse.Namespace) -> Mapping[str, Any]:
    """``preview --influence``: the sheet of a run as its last checkpoint has it; the run itself stays as it is.

    Raises InputError when there is no run, no checkpoint in it, or no v in its method.
    """
    directory = _run(options)
    stored = config.load(directory.config)
    if sentence := why_no_influence(stored.method, stored.approximation):
        raise InputError(sentence)
    count = influence_sheet.COUNT if options.count is None else options.count
    if not 1 <= count <= 200:
        raise InputError(f"--count must be a whole number from 1 to 200 with --influence, not {count}.")
    output = sheet_path(options.output, INFLUENCE_FILE)
    check_sheet(output)
    check_writable(output.parent)
    saved = checkpoint.load(directory.checkpoints)
    if saved is None:
        raise InputError(f"The run in '{directory.root}' has no checkpoint: none of its iterations was completed.")
    loaded = config.combine({"device": options.device}, {name: getattr(stored, name) for name in config.FIELDS})
    marked = marked_scene.open_marked_scene(str(directory.scene), directory.marks if directory.marks.exists() else None)
    marked_scene.check_network(loaded, marked.classes.names)
    start = marked_scene.stored_start(marked, directory)
    marked = marked.starting_at(start)
    folder = loaded.validation or str(directory.validation)        # the demo's own lie in the run
    validation = marked_scene.labelled_images(folder, marked.classes, loaded)
    loaded, _ = marked_scene.decided(loaded, validation)
    use_threads(loaded.width, loaded.height)
    with open_simulator(marked, loaded) as simulator:
        state = State(loop_config(loaded), simulator, validation, Psi.from_plain(simulator.factors, start),
                      renders_dir=directory.renders)
        state.load_state_dict(saved["loop"])
        shown = influence_sheet.write(output, state, count)
    return {"images": shown, "iterations": state.iteration, "output": str(output)}


def _run(options: argparse.Namespace) -> RunDirectory:
    if options.psi is None:
        raise InputError("preview --influence needs --psi RUN, the directory of a run.")
    directory = run_directory(options.psi)
    if directory is None:
        raise InputError(f"There is no run in '{options.psi}': --influence needs the directory of one, not psi alone.")
    return directory
