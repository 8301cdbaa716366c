"""``evaluate``: how good are fresh networks that are trained on images from given distributions?"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.datasets import Dataset
from ...core.evaluation import Evaluation, evaluate_from_scratch
from ...core.psi import Psi
from ...core.tasks import make_task
from ...core.watch import Watch
from ...protocol import InputError, Moments
from ...protocol.events import Rendered, Trained
from ..config import RunConfig
from ..loop_config import loop_config
from ..process import requirements
from ..process.log import Log
from ..process.notes import tell
from ..process.progress import Progress
from ..process.signals import StopRequest
from ..process.streams import say
from ..process.threads import use_threads
from ..record.directory import RunDirectory, check_no_run, check_writable, write_json
from ..scene import marked_scene as prepare
from ..scene.simulator import open_simulator
from .options import of_run


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    marked, config = of_run(options)
    if not config.test:
        raise InputError("evaluate needs --test DIR, a folder of labelled images to score on.")
    prepare.check_scene(marked)
    prepare.check_network(config, marked.classes.names)
    start = prepare.starting_psi(marked, options.psi)
    marked = marked.starting_at(start)
    test = prepare.labelled_images(config.test, marked.classes, config)
    config, chosen = prepare.decided(config, test)
    tell(chosen)
    if config.learner == "head" and not config.validation:
        tell(["Without --validation the head's l2 is chosen on the test images themselves, which flatters it."])
    requirements.check("evaluate", task=config.task)
    prepare.check_network(config, marked.classes.names)
    evaluation = _evaluation(config, options.count or config.fresh_count, marked, test)
    output = None if options.output is None else Path(options.output).expanduser().absolute()
    if output is not None:
        check_no_run(output, "--output")
        check_writable(output)
    scores, metric = _scores(marked, config, start, evaluation)
    kept = {"loss", "metric", "per_class", "also", "losses", "metrics", "steps"}
    # A rule chosen on the images that it is scored on would say too much; and not every task has one.
    if evaluation.test is not None and not all(math.isnan(row["decided_metric"]) for row in scores.values()):
        kept |= {"decided_metric", "decided_metrics"}
    rows = {name: {key: value for key, value in row.items() if key in kept} for name, row in scores.items()}
    scored = len(evaluation.test or evaluation.validation)
    numbers = {"images": evaluation.images, "split": "test", "split_images": scored, "seed": config.seed,
               "metric_name": metric, **next(iter(rows.values())), **({"rows": rows} if len(rows) > 1 else {})}
    for name, row in rows.items():
        _say(name, row, numbers, config.judges)
    if output is not None:
        write_json(RunDirectory(output).numbers, numbers)
    return numbers


def _evaluation(config: RunConfig, count: int, marked: prepare.MarkedScene, test: Dataset) -> Evaluation:
    """What is trained on and scored on. Of one folder for --real and --validation each half has one use."""
    validation = real = None
    if config.validation:
        validation = prepare.labelled_images(config.validation, marked.classes, config)
    if config.real and validation is not None:
        validation, real, notes = prepare.real_images(config, marked.classes, validation)
        tell(notes)
    elif config.real:
        real = prepare.labelled_images(config.real, marked.classes, config)
    return Evaluation(count, config.seed, test if validation is None else validation,
                      None if validation is None else test, config.judges, real=real)


def _scores(marked: prepare.MarkedScene, config: RunConfig, start: Mapping[str, Moments], evaluation: Evaluation
            ) -> tuple[dict[str, dict[str, Any]], str]:
    """(what networks trained in each way come to, by its name; what the metric is called)."""
    ways = {"synthetic": evaluation}
    if evaluation.real is not None:
        ways = {"both": evaluation, "synthetic only": replace(evaluation, real=None),
                "real only": replace(evaluation, real_share=1.0)}
    progress = Progress({"render": 1.0, "train": float(config.judges * len(ways))})
    images, scores = 0, {}

    def report(event: Rendered | Trained) -> None:
        nonlocal images
        if isinstance(event, Rendered):
            images = event.done
            progress.update("render", event.fraction, images=images)
        else:
            progress.update("train", (len(scores) + event.fraction) / len(ways), images=images)

    use_threads(config.width, config.height)
    with (StopRequest() as stop, open_simulator(marked, config, stop=stop) as simulator,
          tempfile.TemporaryDirectory(prefix="autosimulate-") as renders):      # which all ways share
        tell((*marked.problems, *simulator.notes))
        psi = Psi.from_plain(simulator.factors, start)
        watch = Watch(report, stop, "Stopped before the networks were trained: nothing was scored.")
        for name, way in ways.items():
            scores[name] = evaluate_from_scratch(loop_config(config), simulator, psi, way, watch=watch,
                                                 renders_dir=Path(renders) if len(ways) > 1 else None)
        metric = make_task(loop_config(config).task, simulator.classes).metric
    progress.close()
    return scores, metric


def _say(name: str, row: dict[str, Any], numbers: dict[str, Any], judges: int) -> None:
    images = f"{numbers['images']} images"
    what = {"real only": "the images of --real alone", "both": f"{images} and those of --real"}.get(name, images)
    metric = numbers["metric_name"]
    say(f"{_of_networks(judges)} trained on {what}: "
        f"loss {_with_spread(row, 'loss', 'losses')}, "
        f"{metric} {_with_spread(row, 'metric', 'metrics')} on {numbers['split_images']} test images.")
    if "decided_metric" in row:
        say(f"  With one bias for each class, chosen on the validation images: {metric} "
            f"{_with_spread(row, 'decided_metric', 'decided_metrics')}.")
    for each, value in row["per_class"].items() if name in ("synthetic", "both") else ():
        say(f"  {each:24s} {metric.removeprefix('m')} {value:.3f}")
    for each, value in row.get("also", {}).items():
        say(f"  {each} {value:.3f}.")


def _of_networks(count: int) -> str:
    return "A fresh network" if count == 1 else f"{count} fresh networks"


def _with_spread(scores: dict[str, Any], name: str, each: str) -> str:
    """The mean over the networks, and their standard deviation where there are several."""
    spread = f" ± {statistics.stdev(scores[each]):.3f}" if len(scores[each]) > 1 else ""
    return f"{scores[name]:.3f}{spread}"
