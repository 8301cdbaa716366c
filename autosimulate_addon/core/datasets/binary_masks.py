"""Masks of 0 and 255, as many programs write them for a single class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...protocol import InputError
from .class_ids import Said, given_ids
from .class_table import is_background, listed
from .pictures import read_indices
from .problems import FileProblem
from .source import Sample, Source

#: What such masks have where the object is.
OBJECT = 255


def understand(source: Source, samples: list[Sample], classes: tuple[str, ...],
               ids: Mapping[str, Said] | None) -> None:
    """Where ``samples`` have masks of only 0 and 255: takes 255, which else is not counted, as the one class there
    is. Changes ``source``. Raises InputError where there are several classes, which such masks cannot tell apart."""
    if source.ignore != OBJECT or OBJECT in source.table or given_ids(source, classes, ids) \
            or not _are_binary(samples):
        return
    names = [name for name in source.table.values() if not is_background(name)] or list(classes[1:])
    if len(names) != 1:
        raise InputError(f"The masks of the validation data ({source.description}) have only the values 0 and 255, "
                         f"which do not tell {listed(names)} apart: save the class index of each pixel, or give one "
                         f"class the id 255.")
    source.ignore = None
    source.table = {0: "background", OBJECT: names[0]}
    source.notes.append(f"The masks have only the values 0 and 255; 255 is taken as '{names[0]}', the only class.")


def _are_binary(samples: list[Sample]) -> bool:
    values: set[int] = set()
    for sample in samples:
        if sample.mask is None:
            return False
        try:
            values.update(np.unique(read_indices(sample.mask)).tolist())
        except FileProblem:         # told of where all files are read
            continue
        if not values <= {0, OBJECT}:
            return False
    return OBJECT in values
