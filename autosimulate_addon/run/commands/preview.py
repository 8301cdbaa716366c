"""``preview``: a sheet of samples with their masks, drawn from the current distributions.

With ``--influence`` no samples, but which pixels of a run's renders helped.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ...core.film import develop_uint8
from ...core.psi import Psi
from ...core.tasks import make_task
from ...protocol import Cancelled, SampleKey
from ...protocol.events import Event, Start
from ..images import pictures
from ..images.sample_iterations import PREVIEW
from ..images.sheets import check_sheet, drawn, sheet_path
from ..loop_config import loop_config
from ..process import requirements
from ..process.log import Log
from ..process.notes import tell
from ..process.progress import Progress
from ..process.signals import StopRequest
from ..process.streams import say
from ..record.directory import PREVIEW_FILE, check_writable
from ..record.events import cancel_requested, followed
from ..scene import marked_scene
from ..scene.simulator import open_simulator
from . import influence
from .options import of_run


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    if options.influence:
        return _influence(options)
    count = options.count or 12
    with followed(options.events, Start(command=options.command, images=count)) as event:
        return _samples(options, count, event)


def _samples(options: argparse.Namespace, count: int, event: Callable[[Event], None]) -> dict[str, Any]:
    marked, config = of_run(options)
    output = sheet_path(options.output, PREVIEW_FILE)
    check_sheet(output)
    marked_scene.check_scene(marked)
    start = marked_scene.starting_psi(marked, options.psi)
    marked = marked.starting_at(start)
    check_writable(output.parent)
    progress = Progress({"render": 1.0}, event)
    settings = loop_config(config)
    task = make_task(settings.task, marked.classes.names, settings)
    images, labels, instances, stopped = [], [], [], False
    asked = StopRequest(lambda: cancel_requested(options.events))
    with asked as stop, open_simulator(marked, config, stop=stop) as simulator:
        tell((*marked.problems, *simulator.notes), event)
        psi = Psi.from_plain(simulator.factors, start)
        keys = [SampleKey(config.seed, PREVIEW, index) for index in range(count)]
        progress.update("render", 0.0, force=True)
        try:
            for render in simulator.render([psi.sample(key) for key in keys], keys):
                images.append(develop_uint8(render, None, simulator.layers))
                labels.append(render.labels)
                instances.append(render.instances)
                progress.update("render", len(images) / count, images=len(images))
        except Cancelled:
            stopped = True
        finally:
            progress.update("render", len(images) / count, images=len(images), force=True)
            progress.close()
    if images:
        pictures.write_image(output, drawn(task, images, labels, instances), own=True)
    if stopped:
        where = f"; the {len(images)} samples so far are in '{output}'" if images else " before the first sample"
        raise Cancelled(f"Stopped{where}.")
    say(f"{count} samples are in '{output}'.")
    return {"images": count, "output": str(output)}


def _influence(options: argparse.Namespace) -> dict[str, Any]:
    requirements.check("influence")
    numbers = influence.of_checkpoint(options)
    say(f"The influence of the last {numbers['images']} renders, as of iteration {numbers['iterations']}, is in "
        f"'{numbers['output']}'.")
    return numbers
