"""``preview``: a sheet of samples with their masks, drawn from the current distributions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..core.film import develop_uint8
from ..core.psi import Psi
from ..protocol import InputError, SampleKey
from . import pictures, prepare
from .blender_simulator import BlenderSimulator
from .directory import check_writable
from .log import Log
from .options import of_run
from .progress import Progress
from .sample_iterations import PREVIEW
from .signals import StopRequest
from .streams import say


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    if options.influence:
        raise InputError("--influence is not available in this version; leave it out.")
    marked, config = of_run(options)
    count = options.count or 12
    output = sheet_path(options.output)
    prepare.check_scene(marked)
    marked = marked.starting_at(prepare.starting_psi(marked, options.psi))
    check_writable(output.parent)
    progress = Progress({"render": 1.0})
    images, labels = [], []
    with StopRequest() as stop, BlenderSimulator(marked.bridge(config), stop=stop) as simulator:
        psi = Psi.from_plain(simulator.factors, {factor.key: factor.start for factor in simulator.factors})
        keys = [SampleKey(config.seed, PREVIEW, index) for index in range(count)]
        for render in simulator.render([psi.sample(key) for key in keys], keys):
            images.append(develop_uint8(render, None, simulator.layers))
            labels.append(render.labels)
            progress.update("render", len(images) / count, images=len(images))
    progress.close()
    pictures.write_image(output, pictures.sample_sheet(images, labels))
    say(f"{count} samples are in '{output}'.")
    return {"images": count, "output": str(output)}


def sheet_path(given: str | None) -> Path:
    """The PNG to write: the one named, or preview.png in the folder named (default: the present one)."""
    path = Path(given or ".").expanduser().absolute()
    return path if path.suffix.lower() == ".png" else path / "preview.png"
