"""``build``: the example scenes as .blend files, ready for ``optimize``, with the settings that are given."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ...blender.marks import properties, settings
from ...blender.scenes import clevr, demo, dice, lmo, lmo_places, parts, solids
from ...protocol import InputError
from ..arguments import settings as settings_of
from ..config import combine
from ..examples import OF_ASSETS, STARTS
from ..process.log import Log
from ..process.streams import say
from ..record.directory import check_writable

#: What builds each of ``examples.STARTS`` from the folder with its assets, where it has some, and the start.
BUILDERS: dict[str, Callable[[Path, str], object]] = {
    "demo": lambda data, start: demo.build(start=start),
    "clevr": lambda data, start: clevr.build(data, start=start),
    "lmo": lambda data, start: lmo.build(data, start=start),
    "lmo-places": lambda data, start: lmo_places.build(data),
    "solids": lambda data, start: solids.build(data),
    "dice": lambda data, start: dice.build()}


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    if options.what not in STARTS:
        raise InputError(f"build needs the name of a scene: {', '.join(STARTS)}.")
    starts = STARTS[options.what]
    start = options.start or options.demo_start or starts[0]
    if start not in starts:
        raise InputError(f"build {options.what} has no start {start!r}: --start is one of {', '.join(starts)}.")
    output = Path(options.output or f"{options.what}.blend").expanduser().absolute()
    if output.suffix != ".blend":
        output = output / f"{options.what}.blend"
    if output.exists():
        raise InputError(f"'{output}' already exists; give another --output.")
    check_writable(output.parent)
    given = settings_of(options)
    combine(given)                      # which says what none of them may be
    properties.ensure_registered()
    if options.what in OF_ASSETS:
        if options.data is None:
            raise InputError(f"build {options.what} needs --data DIR, the folder with its assets.")
        if not Path(options.data).is_dir():
            raise InputError(f"--data '{options.data}' is not a folder.")
    BUILDERS[options.what](Path(options.data or ""), start)
    settings.write(bpy.context.scene.autosimulate, given)
    parts.save(output)
    say(f"'{output}' is written.")
    return {"output": str(output)}
