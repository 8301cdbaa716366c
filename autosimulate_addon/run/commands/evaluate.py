"""``evaluate``: how good are fresh networks that are trained on images from given distributions?"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

from ...core.evaluation import Evaluation, evaluate_from_scratch
from ...core.psi import Psi
from ...core.tasks import make_task
from ...core.watch import Watch
from ...protocol import InputError
from ..loop_config import loop_config
from ..process.log import Log
from ..process.notes import tell
from ..process.progress import Progress
from ..process.signals import StopRequest
from ..process.streams import say
from ..process.threads import use_threads
from ..record.directory import check_writable, write_json
from ..scene import marked_scene as prepare
from ..scene.simulator import open_simulator
from .options import of_run


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    marked, config = of_run(options)
    if not config.test:
        raise InputError("evaluate needs --test DIR, a folder of labelled images to score on.")
    count = options.count or config.fresh_count
    prepare.check_scene(marked)
    prepare.check_network(config, len(marked.classes.names))
    start = prepare.starting_psi(marked, options.psi)
    marked = marked.starting_at(start)
    test = prepare.labelled_images(config.test, marked.classes, config)
    validation = prepare.labelled_images(config.validation, marked.classes, config) if config.validation else None
    output = None if options.output is None else Path(options.output).expanduser().absolute()
    if output is not None:
        check_writable(output)
    progress = Progress({"render": 1.0, "train": float(config.judges)})
    images = 0

    def report(event: str, data: dict[str, Any]) -> None:
        nonlocal images
        if event == "render":
            images = data["done"]
        progress.update(event, data["fraction"], images=images)

    use_threads(config.width, config.height)
    with StopRequest() as stop, open_simulator(marked, config, stop=stop) as simulator:
        tell((*marked.problems, *simulator.notes))
        psi = Psi.from_plain(simulator.factors, start)
        scores = evaluate_from_scratch(
            loop_config(config), simulator, psi,
            Evaluation(count, config.seed, validation or test, test if validation else None, config.judges),
            watch=Watch(report, stop, "Stopped before the networks were trained: nothing was scored."))
        metric = make_task(loop_config(config).task, simulator.classes).metric
    progress.close()
    numbers = {"images": count, "split": "test", "split_images": len(test), "seed": config.seed, "metric_name": metric,
               **{name: scores[name] for name in ("loss", "metric", "per_class", "losses", "metrics", "steps")},
               # A rule chosen on the images that it is scored on would say too much.
               **({name: scores[name] for name in ("decided_metric", "decided_metrics")} if validation else {})}
    say(f"{_of_networks(config.judges)} trained on {count} images: "
        f"loss {_with_spread(scores, 'loss', 'losses')}, "
        f"{metric} {_with_spread(scores, 'metric', 'metrics')} on {len(test)} test images.")
    if validation:
        say(f"With one bias for each class, chosen on the validation images: {metric} "
            f"{_with_spread(scores, 'decided_metric', 'decided_metrics')}.")
    for name, value in scores["per_class"].items():
        say(f"  {name:24s} IoU {value:.3f}")
    if output is not None:
        write_json(output / "numbers.json", numbers)
    return numbers


def _of_networks(count: int) -> str:
    return "A fresh network" if count == 1 else f"{count} fresh networks"


def _with_spread(scores: dict[str, Any], name: str, each: str) -> str:
    """The mean over the networks, and their standard deviation where there are several."""
    spread = f" ± {statistics.stdev(scores[each]):.3f}" if len(scores[each]) > 1 else ""
    return f"{scores[name]:.3f}{spread}"
