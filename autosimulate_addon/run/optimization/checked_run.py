"""A run of ``optimize``, checked before anything is rendered: a new one, or one that goes on."""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...core.datasets import Dataset
from ...core.psi import Psi
from ...core.search.autosimulate import StepOptions
from ...core.state import check_start
from ...protocol import InputError, Moments
from ...protocol.settings import SETTINGS
from ..arguments import settings
from ..config import FIELDS, RunConfig, combine, differences, load, save
from ..process import requirements
from ..record.directory import RunDirectory, check_space, read_json
from ..scene import load_problems, scene_file
from ..scene import marked_scene as prepare
from ..scene.cluster_farm import ClusterFarm
from ..scene.marked_scene import MarkedScene
from ..scene.simulator import open_simulator
from . import demo, optimized_file

#: Settings that name a file or a folder, kept as absolute paths.
_PATHS = tuple(row.name for row in SETTINGS if row.subtype.endswith("_PATH"))


@dataclass(frozen=True)
class CheckedRun:
    """A run that was checked and may begin (or go on)."""

    directory: RunDirectory
    config: RunConfig
    marked: MarkedScene
    start: dict[str, Moments]
    validation: Dataset | None      # None in the demo, which renders its own
    test: Dataset | None
    real: Dataset | None = None     # trained on beside the renders
    notes: tuple[str, ...] = ()     # what the user should know of the scene before anything is rendered


def new(options: argparse.Namespace) -> CheckedRun:
    """Checks everything, then makes the run directory: bad input leaves nothing behind."""
    if options.output == "":
        raise InputError("--output is empty: name a folder, or leave it out for one below runs/.")
    directory = RunDirectory(options.output or time.strftime("runs/%Y%m%d-%H%M%S"))
    directory.check_new()
    asked = settings(options)
    demo_scene = options.scene is None and scene_file.opened() is None
    if demo_scene:
        if any(given is not None for given in (options.marks, options.validation, options.real)):
            raise InputError("--marks, --validation and --real belong to a scene: add --scene FILE.blend (without a "
                             "scene the built-in demo runs, which brings its own).")
        requirements.check("generate")          # the demo renders its own validation images
        config = combine(asked, demo.SETTINGS)
        marked = demo.build(config.demo_start)
    else:
        marked = prepare.open_marked_scene(options.scene, options.marks)
        sizes = prepare.default_size(marked.scene, asked["width"] or marked.settings.get("width"))
        if asked["width"] is not None and asked["height"] is None:
            asked["height"] = sizes["height"]
        config = combine({**asked, "scene": str(scene_file.opened())}, marked.settings, sizes)
    config = _absolute(config)
    prepare.check_scene(marked)
    start = prepare.starting_psi(marked, options.psi)
    job = _checked(directory, config, marked.starting_at(start), start)
    there = directory.root.exists()
    # Work on the copy, as a resumed run does: a scene that was built in memory, or saved by another version, is not
    # in every bit the one that is read back from its file.
    try:
        _make(job, options)
        copy = _copy(directory)
        prepare.check_scene(copy)
    except BaseException:               # what could be neither started again nor resumed
        if not there:
            shutil.rmtree(directory.root, ignore_errors=True)
        raise
    copy = copy.starting_at(start)
    # A Blender that was started with scripts allowed did run the drivers of the file that it had open.
    refused = load_problems.refused_drivers(copy.scene)
    return replace(job, marked=copy, notes=tuple(dict.fromkeys((*job.notes, *refused))))


def resumed(options: argparse.Namespace) -> CheckedRun:
    directory = RunDirectory(options.resume)
    if options.output is not None and RunDirectory(options.output).root != directory.root:
        raise InputError("--resume goes on in the run's own directory; leave --output out.")
    if not directory.root.is_dir() or not directory.config.exists():
        raise InputError(f"There is no run to resume in '{directory.root}'.")
    for flag in ("marks", "psi"):
        if getattr(options, flag) is not None:
            raise InputError(f"--resume goes on with the run's own {flag}; leave --{flag} out or start a new run.")
    config = load(directory.config)
    asked = {name: _absolute_path(value) if name in _PATHS else value for name, value in settings(options).items()}
    changed = differences({name: value for name, value in asked.items()
                           if FIELDS[name].decides and name != "scene"}, config)
    if changed:
        raise InputError(f"A resumed run keeps its settings, but --{changed[0].replace('_', '-')} differs; leave it "
                         f"out or start a new run.")
    config = replace(config, **{name: value for name, value in asked.items()
                                if value is not None and not FIELDS[name].decides})
    marked = _copy(directory)
    prepare.check_scene(marked)
    start = prepare.stored_start(marked, directory)
    job = _checked(directory, config, marked.starting_at(start), start)
    _check_photographs(job)
    return job


def _photographs(job: CheckedRun) -> dict[str, Any]:
    """What tells the labelled images of a run from others, for its config.json."""
    sets = {"validation": job.validation, "test": job.test, "real": job.real}
    return {name: {"count": len(images), "digest": images.digest()} for name, images in sets.items()
            if images is not None}


def _check_photographs(job: CheckedRun) -> None:
    """Raises InputError where images or labels are not those with which the run began: its losses would not compare."""
    stored = read_json(job.directory.config, "run's config.json").get("photographs", {})
    for name, now in _photographs(job).items():
        then = stored.get(name) if isinstance(stored, dict) else None
        if isinstance(then, dict) and then != now:
            raise InputError(f"The {name} images or their labels are not those with which the run began "
                             f"({then.get('count')} images then, {now['count']} now): put them back, or start a new "
                             f"run with --psi '{job.directory.root}'.")


def _copy(directory: RunDirectory) -> MarkedScene:
    return prepare.open_marked_scene(str(directory.scene), directory.marks if directory.marks.exists() else None)


def _checked(directory: RunDirectory, config: RunConfig, marked: MarkedScene, start: dict) -> CheckedRun:
    # Which the scene or the marks may have chosen.
    requirements.check("optimize", config.method, config.network, config.task, config.tensorboard)
    prepare.check_network(config, marked.classes.names)
    validation = test = real = None
    chosen: tuple[str, ...] = ()
    divided: tuple[str, ...] = ()
    if config.scene:
        if not config.validation:
            raise InputError("optimize needs --validation DIR, a folder of labelled images of what the network is to "
                             "see.")
        validation = prepare.labelled_images(config.validation, marked.classes, config)
        config, chosen = prepare.decided(config, validation)
        if chosen:
            requirements.check("optimize", task=config.task)
            prepare.check_network(config, marked.classes.names)
        if config.test:
            test = prepare.labelled_images(config.test, marked.classes, config)
            if Path(config.test).resolve() == Path(config.validation).resolve():
                chosen += ("--test and --validation are one folder: its score is of images that drove the "
                           "distributions, and says less of others.",)
        if config.real:
            validation, real, divided = prepare.real_images(config, marked.classes, validation)
    else:
        config, _ = prepare.decided(config, None)
    if config.cluster:
        ClusterFarm(marked.scene, config).close()                     # is it there, and large enough?
    with open_simulator(marked, config, alone=True) as simulator:      # what the session finds wrong is said now
        check_start(Psi.from_plain(simulator.factors, start), config.method)
        layers = len(simulator.layers)
        notes = (*marked.problems, *simulator.notes, *chosen, *_too_short(config), *divided)
    optimized_file.rehearse(marked, start)
    renders = config.iterations * config.images * (2 if config.control else 1) + 2 * config.fresh_count
    check_space(directory.root, renders * config.width * config.height * (6 * layers + 3) + 50_000_000)
    return CheckedRun(directory, config, marked, start, validation, test, real, notes)


def _too_short(config: RunConfig) -> tuple[str, ...]:
    warmup = StepOptions().warmup
    if config.method != "autosimulate" or config.match or config.iterations > warmup:
        return ()
    return (f"The first {warmup} iterations only train the networks: with {config.iterations} the distributions stay "
            f"where they start, so ask for more iterations.",)


def _absolute(config: RunConfig) -> RunConfig:
    return replace(config, **{name: _absolute_path(getattr(config, name)) or "" for name in _PATHS})


def _absolute_path(given: str | None) -> str | None:
    return str(Path(given).expanduser().absolute()) if given else given


def _make(job: CheckedRun, options: argparse.Namespace) -> None:
    job.directory.create()
    opened = scene_file.opened()
    if opened is None or not job.directory.scene.exists() or not opened.samefile(job.directory.scene):
        scene_file.save_copy(job.directory.scene)
    marks = job.marked.marks_file
    if marks is not None and not (job.directory.marks.exists() and job.directory.marks.samefile(marks)):
        shutil.copyfile(marks, job.directory.marks)
    save(job.config, job.directory.config, {
        "start": job.start, "psi": options.psi or "", "photographs": _photographs(job)})
