"""A run's iterations as TensorBoard scalars, beside events.jsonl: --tensorboard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from ...protocol.events import Done, Event, Iteration


class Scalars:
    """Writes event files into ``folder``, over the renders so far. What is NaN has no point.

    A resumed run begins another file, which TensorBoard joins to the first.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboardX import SummaryWriter  # only whoever asks for it needs it

        self._writer = SummaryWriter(str(folder))

    def write(self, event: Event) -> None:
        if isinstance(event, Iteration):
            for name, value in of_iteration(event):
                self._add(name, value, event.images, event.time)
            self._writer.flush()
        elif isinstance(event, Done) and event.numbers:
            for row, numbers in event.numbers.rows.items():
                for name in ("loss", "metric"):
                    self._add(f"comparison/{row}/{name}", getattr(numbers, name), numbers.images, event.time)

    def _add(self, name: str, value: float, step: int, time: float) -> None:
        if not math.isnan(value):
            self._writer.add_scalar(name, value, step, walltime=None if math.isnan(time) else time)

    def close(self) -> None:
        self._writer.close()


def of_iteration(event: Iteration) -> Iterator[tuple[str, float]]:
    """(name, value): losses and metrics with the null control's, psi by coordinate in plain units, seconds by phase."""
    for name in ("val_loss", "val_metric", "control_val_loss", "control_val_metric"):
        yield f"validation/{name}", getattr(event, name)
    for factor, parameters in event.psi.items():
        for parameter, values in parameters.items():
            for i, value in enumerate(values):
                yield f"psi/{factor}/{parameter}" + (f".{i}" if len(values) > 1 else ""), value
    for phase, seconds in event.seconds.items():
        yield f"seconds/{phase}", seconds
