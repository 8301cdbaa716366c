"""``predict``: a network that was taken home, on a folder of photographs. It needs no Blender."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ...core.datasets.image_files import pictures_in, twins, unread
from ...core.datasets.pictures import read_photograph
from ...core.datasets.problems import FileProblem
from ...core.delivered.photographs import windows_of
from ...protocol import Cancelled, InputError
from ...protocol.events import Start
from ..images import pictures
from ..images.predicted import Predictions, predictions_of
from ..process.log import Log
from ..process.notes import tell
from ..process.progress import Progress
from ..process.signals import StopRequest
from ..process.streams import say
from ..record import network_file
from ..record.directory import check_no_run, check_not_data, check_writable, write_json
from ..record.events import cancel_requested, followed

#: An overlay is for people: its longer side has at most so many pixels.
LARGEST_OVERLAY = 2048
COCO_IMAGES = "coco_images.json"


def _check_no_labels(output: Path) -> None:
    """Raises InputError where what is predicted would take the place of labels that somebody has made."""
    if (output / "masks").is_dir() and any((output / "masks").iterdir()) and not (output / COCO_IMAGES).exists():
        raise InputError(f"'{output}' has masks that no 'predict' has made, and that would be written over: choose "
                         f"another folder (--output).")


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    """Masks, overlays, coco_results.json and coco_images.json; returns their number and what could not be read."""
    for flag in ("network", "images", "output"):
        if getattr(options, flag) is None:
            raise InputError(f"predict needs --{flag}; see 'predict --help'.")
    output = Path(options.output).expanduser().absolute()
    directory = network_file.find(options.network)
    description, network = network_file.read(directory, options.network_module, options.encoder_module)
    drawn = predictions_of(description.settings.task, description.classes)
    paths = _photographs(options.images)
    check_no_run(output, "--output")
    check_writable(output)
    check_not_data(output, images=options.images)
    _check_no_labels(output)
    names = _names(paths)
    results: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    failed: list[str] = []
    with followed(options.events, Start(command=options.command, images=len(paths))) as event, \
            StopRequest(lambda: cancel_requested(options.events)) as stop:
        progress = Progress({"predict": 1.0}, event)
        try:
            for done, path in enumerate(paths):
                if stop():
                    raise Cancelled(f"Stopped: {done} of {len(paths)} photographs are done, in '{output}'.")
                progress.update("predict", done / len(paths), images=done)
                try:
                    size, found = _one(path, names[path], network, description.size, drawn, output)
                except (FileProblem, InputError) as problem:
                    failed.append(path.name)
                    tell([f"{path.name} is left out: {str(problem).rstrip('.')}."], event, progress.say)
                    continue
                images.append({"id": done + 1, "file_name": path.name, "width": size[0], "height": size[1]})
                results += [{"image_id": done + 1, **each} for each in found]
            progress.update("predict", 1.0, images=len(paths), force=True)
        finally:
            progress.close()
            if images:
                _write_coco(output, description.classes, images, results)
    if not images:
        raise InputError(f"None of the {len(paths)} photographs in '{options.images}' could be read.")
    left = f" ({len(failed)} of {len(paths)} left out)" if failed else ""
    say(f"{len(images)} photographs are done{left}: {drawn.files} and coco_results.json are in '{output}'.")
    return {"images": len(images), "failed": failed, "results": len(results), "output": str(output)}


def _photographs(given: str) -> list[Path]:
    folder = Path(given).expanduser().absolute()
    if not folder.is_dir():
        raise InputError(f"--images '{given}' is not a folder of photographs.")
    if found := pictures_in(folder):
        return found
    inside = next((name for name in ("images", "rgb", "JPEGImages") if pictures_in(folder / name)), None)
    hint = f" (did you mean '{os.path.join(given, inside)}'?)" if inside else ""
    if not hint and (others := unread(folder)):
        hint = f", but {others}"
    raise InputError(f"There are no photographs in '{given}'{hint}.")


def _names(paths: list[Path]) -> dict[Path, str]:
    """What the files of each photograph are called: as it is itself, with its ending where another differs in that."""
    same = twins(paths)
    return {path: path.name if path in same else path.stem for path in paths}


def _one(path: Path, name: str, network: nn.Module, size: tuple[int, int], drawn: Predictions, output: Path
         ) -> tuple[tuple[int, int], list[dict[str, Any]]]:
    """Writes what is seen in one photograph; returns its (width, height) and its COCO results."""
    photograph = read_photograph(path)
    width, height = photograph.size
    seen = drawn.seen(windows_of(network, photograph, size))
    prediction = drawn.decide(seen, height, width)
    drawn.write(output, name, prediction)
    scale = min(1.0, LARGEST_OVERLAY / max(width, height))
    shown = (max(1, round(width * scale)), max(1, round(height * scale)))
    overlay = drawn.overlay(np.asarray(photograph.resize(shown)), drawn.decide(seen, shown[1], shown[0]))
    pictures.write_image(output / "overlays" / f"{name}.jpg", overlay)
    return (width, height), drawn.coco(prediction)


def _write_coco(output: Path, classes: tuple[str, ...], images: list[dict[str, Any]], results: list[dict[str, Any]]
                ) -> None:
    """The results, and the document that says what their image and category ids are: ``COCO(images).loadRes(results)``.
    """
    write_json(output / "coco_results.json", results)
    write_json(output / COCO_IMAGES, {
        "images": images, "annotations": [],
        "categories": [{"id": index, "name": name} for index, name in enumerate(classes) if index]})
