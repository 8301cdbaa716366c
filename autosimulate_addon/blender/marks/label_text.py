"""The labels of a class as one text, as the window's field holds them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable


def split_labels(text: str) -> tuple[str, ...]:
    """The labels between the commas, each once; one that has a comma itself stands in double quotes."""
    row = next(csv.reader([" ".join(text.split())], skipinitialspace=True), [])
    return tuple(dict.fromkeys(label.strip() for label in row if label.strip()))


def join_labels(labels: Iterable[str]) -> str:
    """The text that ``split_labels`` reads as these labels."""
    return ", ".join(map(_quoted, labels))


def _quoted(label: str) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([label])
    return written.getvalue()
