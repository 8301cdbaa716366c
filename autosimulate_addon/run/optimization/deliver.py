"""What a finished run leaves for people: the scene with psi written in, the numbers, the report, the last table."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...protocol import Moments
from ...protocol.events import Done
from ...protocol.numbers import Numbers, Row
from ...protocol.words import duration
from ..process.streams import say
from ..record.directory import write_json
from ..record.events import EventLog
from ..report import agreement, matching
from ..report.record import read_run
from ..report.verdict import judge, opening, row_name
from ..report.write import write_report
from . import taken_home
from .checked_run import CheckedRun
from .optimized_file import write_optimized
from .part import attempt


def deliver(job: CheckedRun, plain: Mapping[str, Moments], numbers: Numbers, events: EventLog) -> None:
    """numbers.json, optimized.blend with ``plain`` in it, the event "done" and the report.

    The result of hours is in psi.json already: a part that fails costs only itself, and is told in one note.
    """
    attempt(job.directory.numbers.name, lambda: write_json(job.directory.numbers, numbers.to_json()), events)
    attempt(job.directory.optimized.name, lambda: write_optimized(job.directory.optimized, job.marked, plain), events)
    events.write(Done(numbers, {key: dict(moments) for key, moments in plain.items()}))
    _report(job, events)                # reads the events, the last one too


def complete(job: CheckedRun, finished: Done, events: EventLog) -> None:
    """Makes what is missing of a run that has ``finished``."""
    directory = job.directory
    if not directory.numbers.exists() and finished.numbers:
        attempt(directory.numbers.name, lambda: write_json(directory.numbers, finished.numbers.to_json()), events)
    if not directory.optimized.exists() and finished.psi:
        attempt(directory.optimized.name, lambda: write_optimized(directory.optimized, job.marked, finished.psi),
                events)
    taken_home.complete(directory.network, job.config, events)
    if not directory.report.exists():
        _report(job, events)


def _report(job: CheckedRun, events: EventLog) -> None:
    attempt("The report", lambda: write_report(job.directory.root), events)


def say_result(job: CheckedRun, numbers: Numbers) -> None:
    """The last table, and in plain words whether the run was worth it."""
    say()
    if numbers.rows:
        _say_rows(numbers)
    record = read_run(job.directory)
    verdict = judge(record)                         # the report's own, so that the two never disagree
    for line in (opening(numbers, record.photographs), f"{verdict.headline} {verdict.detail}",
                 *((agreement.told(numbers.agreement), agreement.cosines(numbers.agreement))
                   if numbers.agreement else ()),
                 matching.needed(numbers.match.unheard) if numbers.match and numbers.match.unheard else ""):
        if line.strip():
            say(line.strip())
    there = [f"{what}: {path}" for what, path in (
        ("Report", job.directory.report), ("Scene with the learned distributions", job.directory.optimized),
        ("Learned distributions", job.directory.psi)) if path.exists()]
    if job.directory.network.description.exists():
        there.insert(0, f"Network: {job.directory.network.root}")
    elif not job.config.compare:
        say("There is no network to take home: --no-compare trains none on images from the learned distributions.")
    say(f"{numbers.rendered} images, {duration(numbers.seconds)}. {'. '.join(there[:-1] or there)}")


def _say_rows(numbers: Numbers) -> None:
    say(f"Fresh networks, {numbers.judges} of each, trained on {numbers.images} images, on the {numbers.split} images "
        f"({numbers.split_images}); ± is their standard deviation:")
    also = list(next(iter(numbers.rows.values())).also)
    decided = any(not math.isnan(row.decided_metric) for row in numbers.rows.values())
    say(f"  {'':34s}{'loss':>15s}{numbers.metric_name:>15s}" + (f"{'decided':>15s}" if decided else "")
        + "".join(f"{name:>15s}" for name in also))
    for name, row in numbers.rows.items():
        say(f"  {row_name(name, numbers.rows):34s}{_number(row.loss, row.losses)}{_number(row.metric, row.metrics)}"
            + (_number(row.decided_metric, row.decided_metrics) if decided else "")
            + "".join(_number(row.also.get(each, math.nan), []) for each in also))
    if decided:
        say(f"  (decided: {numbers.metric_name} with one bias for each class, chosen on the validation images.)")


def _number(value: float, each: list[float]) -> str:
    spread = Row.spread(each)
    return f"{'-' if value != value else f'{value:.3f}' + ('' if spread != spread else f' ± {spread:.3f}'):>15s}"
