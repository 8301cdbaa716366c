"""``generate``: a labelled data set drawn from learned distributions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..core.psi import Psi
from . import prepare
from .blender_simulator import BlenderSimulator
from .dataset_writer import write_dataset
from .directory import check_space, check_writable
from .log import Log
from .options import of_run
from .progress import Progress
from .sample_iterations import GENERATE
from .signals import StopRequest
from .streams import say


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    prepare.only_given(options, "output")
    marked, config = of_run(options)
    count = options.count or 100
    output = Path(options.output).expanduser().absolute()
    prepare.check_scene(marked)
    marked = marked.starting_at(prepare.starting_psi(marked, options.psi))
    check_writable(output)
    check_space(output, count * config.width * config.height * 8)
    progress = Progress({"render": 1.0})
    with StopRequest() as stop, BlenderSimulator(marked.bridge(config), stop=stop) as simulator:
        psi = Psi.from_plain(simulator.factors, {factor.key: factor.start for factor in simulator.factors})
        problems = write_dataset(output, simulator, psi, count=count, seed=config.seed, iteration=GENERATE,
                                 info=prepare.image_info(config),
                                 done=lambda finished: progress.update("render", finished / count, images=finished))
        progress.close()
        for problem in problems:
            say(f"Note: {problem}")
        say(f"{count} images are in '{output}' ({simulator.images} rendered now).")
        return {"images": count, "rendered": simulator.images, "output": str(output)}
