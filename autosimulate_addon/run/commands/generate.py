"""``generate``: a labelled data set drawn from learned distributions."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...core.psi import Psi
from ...protocol import Cancelled, InputError
from ...protocol.events import Event, Start
from ..images import formats
from ..images.dataset_writer import write_dataset
from ..images.sample_iterations import GENERATE
from ..process.log import Log
from ..process.notes import tell
from ..process.progress import Progress
from ..process.signals import StopRequest
from ..process.streams import say
from ..record.directory import RunDirectory, check_count, check_not_data, check_space, check_writable
from ..record.events import cancel_requested, followed
from ..scene import marked_scene
from ..scene.simulator import open_simulator
from .options import of_run


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    count = options.count or 100
    with followed(options.events, Start(command=options.command, images=count)) as event:
        return _generate(options, count, event, log)


def _generate(options: argparse.Namespace, count: int, event: Callable[[Event], None], log: Log
              ) -> dict[str, Any]:
    marked_scene.only_given(options, "output")
    marked, config = of_run(options)
    output = Path(options.output).expanduser().absolute()
    marked_scene.check_scene(marked)
    start = marked_scene.starting_psi(marked, options.psi)
    marked = marked.starting_at(start)
    names = formats.chosen(options.format or "")
    keypoints = marked_scene.keypoints(marked)
    extras = formats.extras_of(names, options.passes or "")
    if "keypoints" in extras and not keypoints:
        raise InputError("The format yolo-pose is one of keypoints, and the scene has none: mark empties as such below "
                         "Labels in Blender's window, or as [keypoints] in the file given with --marks.")
    extras = tuple(sorted({*extras, *(("keypoints",) if keypoints else ())}))
    split = formats.Split.parse(options.split) if options.split else formats.Split()
    check_writable(output)
    check_not_data(output, validation=config.validation, test=config.test)
    check_count(output, count)
    check_space(output, count * config.width * config.height * 8)
    progress = Progress({"render": 1.0}, event)
    there = 0

    def done(finished: int) -> None:
        nonlocal there
        there = finished
        progress.update("render", finished / count, images=finished, force=finished == count)

    asked = StopRequest(lambda: cancel_requested(options.events))
    with asked as stop, open_simulator(marked, config, stop=stop, extras=extras) as simulator:
        notes = (*marked.problems, *simulator.notes)
        tell(notes, event)
        psi = Psi.from_plain(simulator.factors, start)
        info = {**marked_scene.image_info(config), **({"extras": extras} if extras else {}),
                **({"keypoints": keypoints} if keypoints else {})}
        try:
            problems = write_dataset(output, simulator, psi, count=count, seed=config.seed, iteration=GENERATE,
                                     info=info, done=done)
        except Cancelled:
            progress.update("render", there / count, images=there, force=True)
            raise Cancelled(f"Stopped: {there} of {count} images are in '{output}', as a data set of its own; the same "
                            f"again goes on with the rest.") from None
        finally:
            progress.close()
            if notes and output.is_dir():       # what the data set shows is not the whole scene: it says so itself
                log.write_to(RunDirectory(output).log)
        formats.write_formats(output, names, split)
        tell(problems, event)
        also = f"; as {', '.join(names)} in the folders of these names" if names else ""
        say(f"{count} images are in '{output}' ({simulator.images} rendered now){also}.")
        return {"images": count, "rendered": simulator.images, "output": str(output), "formats": list(names)}
