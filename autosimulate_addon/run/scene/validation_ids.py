"""What the user said of the classes in a folder of labelled images."""

from __future__ import annotations

from pathlib import Path

from ...blender.marks.mark import ClassTable
from ..record.directory import DATASET_FILE


def validation_ids(folder: str | Path, classes: ClassTable) -> dict[str, int | tuple[str, ...]]:
    """By class name, the labels in ``folder`` that it is, by name or id, or its one id. Left out are classes of which
    the folder's own table, or the class index, says it; in a data set that was generated here these are all."""
    if (Path(folder).expanduser() / DATASET_FILE).exists():
        return {}
    others = {name: classes.validation_id(name) for name in classes.names if name not in classes.labels}
    given = any(number != classes.names.index(name) for name, number in others.items())
    return {**classes.labels, **(others if given else {})}
