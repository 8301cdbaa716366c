"""What a finished run leaves for people: the scene with psi written in, the numbers, the report, the last table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ...protocol import AutoSimulateError, Moments
from ...protocol.events import Done
from ...protocol.numbers import Numbers, Row
from ...protocol.words import duration
from ..process.log import logger
from ..process.notes import tell
from ..process.streams import say
from ..record.directory import write_json
from ..record.events import EventLog
from ..report import agreement, matching
from ..report.record import read_run
from ..report.verdict import judge, opening, row_name
from ..report.write import write_report
from .checked_run import CheckedRun
from .optimized_file import write_optimized


def deliver(job: CheckedRun, plain: Mapping[str, Moments], numbers: Numbers, events: EventLog) -> None:
    """numbers.json, optimized.blend with ``plain`` in it, the event "done" and the report.

    The result of hours is in psi.json already: a part that fails costs only itself, and is told in one note.
    """
    _part(job.directory.numbers.name, lambda: write_json(job.directory.numbers, numbers.to_json()), events)
    _part(job.directory.optimized.name, lambda: write_optimized(job.directory.optimized, job.marked, plain), events)
    events.write(Done(numbers, {key: dict(moments) for key, moments in plain.items()}))
    _report(job, events)                # reads the events, the last one too


def complete(job: CheckedRun, finished: Done, events: EventLog) -> None:
    """Makes what is missing of a run that has ``finished``."""
    directory = job.directory
    if not directory.numbers.exists() and finished.numbers:
        _part(directory.numbers.name, lambda: write_json(directory.numbers, finished.numbers.to_json()), events)
    if not directory.optimized.exists() and finished.psi:
        _part(directory.optimized.name, lambda: write_optimized(directory.optimized, job.marked, finished.psi), events)
    if not directory.report.exists():
        _report(job, events)


def _report(job: CheckedRun, events: EventLog) -> None:
    _part("The report", lambda: write_report(job.directory.root), events)


def _part(what: str, make: Callable[[], None], events: EventLog) -> None:
    try:
        make()
    except Exception as error:
        logger.exception(what)
        reason = str(error) if isinstance(error, AutoSimulateError) else f"{type(error).__name__}: {error}"
        tell([f"{what} could not be written ({reason.rstrip('.')}); everything else is there, and --resume tries "
              f"again."], events.write)


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
    say(f"{numbers.rendered} images, {duration(numbers.seconds)}. {'. '.join(there[:2])}")


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
