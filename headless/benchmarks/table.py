"""Results as CSV: a row is written when its run is finished, and a finished run is never run again."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from autosimulate_addon.protocol import InputError

from . import provenance

Row = Mapping[str, Any]


class Table:
    """A CSV file with fixed ``columns``; the first ``keys`` of them say which run a row is of.

    Every row also has the columns of ``provenance``. All rows of a file are of one commit: numbers of different
    versions of the code are never compared unseen. Rows are appended by one write each, so that several processes may
    share the file.
    """

    def __init__(self, path: Path, columns: Sequence[str], keys: int) -> None:
        self.path, self.columns, self.keys = path, (*columns, *provenance.COLUMNS), tuple(columns[:keys])
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append(dict(zip(self.columns, self.columns, strict=True)))

    def require_one_version(self) -> None:
        """Raises InputError if the file holds rows of another commit than the present one. Call it before a run."""
        others = {row["commit"] for row in self.rows()} - {provenance.commit()}
        if others:
            raise InputError(f"{self.path} holds rows of {min(others)}, and this is {provenance.commit()}: give "
                             "--results another folder, or move the file away.")

    def rows(self) -> list[dict[str, str]]:
        return read_rows(self.path)

    def done(self) -> set[tuple[str, ...]]:
        return {self.key(row) for row in self.rows()}

    def key(self, row: Row) -> tuple[str, ...]:
        return tuple(_text(row[name]) for name in self.keys)

    def add(self, row: Row) -> None:
        unknown = set(row) - set(self.columns)
        if unknown:
            raise ValueError(f"{self.path.name} has no column {sorted(unknown)[0]!r}")
        self._append({**row, **provenance.stamp()})

    def _append(self, row: Row) -> None:
        text = StringIO()
        csv.writer(text, lineterminator="\n").writerow([_text(row.get(name, "")) for name in self.columns])
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())


def read_rows(*paths: Path) -> list[dict[str, str]]:
    """The rows of these CSVs, one after the other; none where there is no file."""
    rows: list[dict[str, str]] = []
    for path in filter(Path.exists, paths):
        with open(path, newline="", encoding="utf-8") as file:
            rows += csv.DictReader(file)
    return rows


def commits(rows: Iterable[Mapping[str, str]]) -> str:
    """Those that made the rows, in their order."""
    return ", ".join(dict.fromkeys(row["commit"] for row in rows))


def number(row: Mapping[str, str], name: str) -> float:
    """A cell as a number; NaN where it is empty."""
    text = row.get(name, "")
    return float(text) if text else float("nan")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
