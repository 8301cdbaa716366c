"""report.html and report.png: what a run did, for people.

Everything is read from the run directory, as far as it is there; a run that was cut short gets a report of what it has.

| file | what it gives |
|---|---|
| ``events.jsonl`` | ``start``: method, seed, size, factors. ``iteration``: the curves, solver status, seconds. ``problem``: shown as they are. ``done``: ``numbers`` where there is no numbers.json. |
| ``psi.json`` | every distribution: ``start`` against ``final`` (else ``best``, else ``latest``) |
| ``config.json`` | the settings, as a table |
| ``numbers.json`` | the final comparison by fresh networks, and how sure the run is |
| ``sheets/start.png``, ``sheets/end.png`` | samples with their masks from the first and from the last psi |
| ``sheets/predictions.png`` | validation images, their labels, what the networks of the start and of the end see |
| ``sheets/influence.png`` | the last renders with the heat map of which pixels helped |

What numbers.json (or ``numbers`` of the ``done`` event) holds is declared in ``protocol.numbers``.
"""  # noqa: E501

from __future__ import annotations

from pathlib import Path

from ..record.directory import RunDirectory, atomic_path, write_text
from .record import RunRecord, read_run


def write_report(run_dir: Path) -> None:
    """Writes report.png and report.html into ``run_dir`` from what is there.

    Raises InputError when there is no run. Needs matplotlib, and nothing else that draws.
    """
    from . import page, poster  # matplotlib: only whoever writes a report pays for loading it

    directory = RunDirectory(run_dir)
    record: RunRecord = read_run(directory)
    with atomic_path(directory.report_image) as temporary:
        poster.draw(record).savefig(temporary)
    write_text(directory.report, page.render(record))
