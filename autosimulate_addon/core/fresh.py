"""The final claim: a fresh network, trained on images from psi, scored on images that the optimisation never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ..protocol import Cancelled, SampleKey, Simulator
from .config import LoopConfig
from .datasets.dataset import Dataset
from .learner import Learner
from .loop import as_validation
from .psi import Psi
from .randomness import derive_seed
from .render_cache import RenderCache
from .renders import RenderStore
from .tasks import make_task

#: Training batches per image, times the batch size: how often each image is seen.
FRESH_EPOCHS = 12
#: A network that starts from nothing and ends with a falling learning rate can take larger steps at first.
FRESH_RATE = 4 / 3


def evaluate_fresh(
    config: LoopConfig,
    simulator: Simulator,
    psi: Psi,
    n_images: int,
    seed: int,
    validation: Dataset,
    test: Dataset | None = None,
    report: Callable[[str, dict], None] = lambda event, data: None,
    *,
    n_steps: int | None = None,
    networks: int = 1,
    stop: Callable[[], bool] = lambda: False,
    renders_dir: Path | None = None,
) -> dict[str, Any]:
    """Trains a FRESH network on ``n_images`` images from ``psi`` and scores it.

    Returns {"loss", "miou", "per_class"} on ``test`` (on ``validation`` where there is none), {"val_loss",
    "val_miou", "val_per_class"} on ``validation``, and the budget: "images", "steps". ``n_steps`` defaults to
    FRESH_EPOCHS visits an image, the learning rate falls to zero along a cosine. Losses and IoUs are means over
    ``networks`` networks trained on the same images; "losses" and "mious" are those of each of them, in an order that
    the same ``seed`` repeats for another psi. Events: "render" and "train" with a "fraction".
    """
    steps = n_steps or max(1, round(FRESH_EPOCHS * n_images / config.batch_size))
    device = config.torch_device()
    task = make_task(config.task, simulator.classes)
    store = RenderStore(simulator.factors, simulator.layers, device)
    base = derive_seed(seed, "fresh") % 2**31           # samples that no optimisation of the same seed has drawn
    keys = [SampleKey(base, 0, sample) for sample in range(n_images)]
    renders = []
    for render in RenderCache(simulator, renders_dir, "fresh_").render([psi.sample(key) for key in keys], keys):
        renders.append(render)
        report("render", {"done": len(renders), "total": n_images, "fraction": len(renders) / n_images})
        if stop():
            raise Cancelled("Stopped while rendering for a fresh network.")
    store.add(renders, psi)

    def progress(fraction: float) -> None:
        report("train", {"fraction": (len(found) + fraction) / networks})
        if stop():
            raise Cancelled("Stopped while training a fresh network.")

    found: list[dict[str, Any]] = []
    for repeat in range(networks):
        training_seed = derive_seed(base, "training", repeat)
        learner = Learner(config, task, store, training_seed)
        learner.start_afresh(training_seed, FRESH_RATE * config.rate)
        learner.train(psi, steps, training_seed, cosine=True, progress=progress)
        on_validation = learner.evaluate(as_validation(task, validation, device))
        on_test = learner.evaluate(as_validation(task, test, device)) if test is not None else on_validation
        found.append({"loss": on_test.loss, "miou": on_test.metric, "per_class": on_test.per_class,
                      "val_loss": on_validation.loss, "val_miou": on_validation.metric,
                      "val_per_class": on_validation.per_class})
    return {**_mean(found), "losses": [each["loss"] for each in found], "mious": [each["miou"] for each in found],
            "images": n_images, "steps": steps}


def _mean(results: list[dict[str, Any]]) -> dict[str, Any]:
    first = results[0]
    return {name: {key: _average([r[name][key] for r in results]) for key in value} if isinstance(value, dict)
            else _average([r[name] for r in results]) for name, value in first.items()}


def _average(values: list[float]) -> float:
    return torch.tensor(values, dtype=torch.float64).mean().item()
