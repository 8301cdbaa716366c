"""``optimize``: learn the distributions, from the command line to the delivered result."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

from ...protocol import Cancelled
from ...protocol.events import Done, Failed, Stopped
from ..optimization import checked_run, deliver
from ..optimization.stages import optimize
from ..process.log import Log
from ..process.signals import StopRequest
from ..process.streams import say
from ..record.events import EventLog, read_events
from ..record.tensorboard import Scalars


def run(options: argparse.Namespace, log: Log) -> dict[str, Any]:
    """Runs or resumes; returns the final numbers. Raises Cancelled when stopped, with everything kept for --resume."""
    job = checked_run.resumed(options) if options.resume is not None else checked_run.new(options)
    finished = next((event for event in read_events(job.directory.events) if isinstance(event, Done)), None)
    if finished is not None:
        log.write_to(job.directory.log)
        with contextlib.closing(EventLog(job.directory.events)) as events:
            deliver.complete(job, finished, events)
        say(f"The run in '{job.directory.root}' is complete; nothing is left to do.")
        return finished.numbers.to_json() if finished.numbers else {}
    log.write_to(job.directory.log)
    events = EventLog(job.directory.events, Scalars(job.directory.tensorboard) if job.config.tensorboard else None)
    if options.resume is not None:          # the one that stopped it the last time; not another process's, now locked
        job.directory.cancel.unlink(missing_ok=True)
    try:
        with StopRequest(lambda: job.directory.cancel_requested, _announce_stop) as stop:
            return optimize(job, events, stop).to_json()
    except Cancelled:
        events.write(Stopped())
        raise Cancelled(f"Stopped; go on with --resume '{job.directory.root}'.") from None
    except BaseException as error:
        events.write(Failed(str(error) or type(error).__name__))
        raise
    finally:
        events.close()


def _announce_stop() -> None:
    say("Stopping after the current image (once more: at once).")
