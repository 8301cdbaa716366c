"""psi.json: every distribution at the start, now, at its best and as delivered, in plain units."""

# Without "from __future__ import annotations": see ``Typed``.
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...protocol import FAMILIES, Factor, InputError, Moments, moment_names
from ...protocol.typed import Typed, number
from .directory import RunDirectory, read_json, write_json

FORMAT = "autosimulate-psi"
VERSION = 1

#: The columns of the file; those that a run can have learned, best first.
START, LATEST, BEST, FINAL = STAGES = ("start", "latest", "best", "final")
LEARNED = (FINAL, BEST, LATEST)


@dataclass(frozen=True)
class Entry(Typed):
    """What the file holds of one factor."""

    key: str
    family: str = ""
    unit: str = ""
    count: int = 1
    targets: list[Any] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    locked: bool = False
    low: list[float] = field(default_factory=list)      # NaN where there is no limit
    high: list[float] = field(default_factory=list)
    start: dict[str, Any] | None = None                 # STAGES, as far as they exist; not looked at
    latest: dict[str, Any] | None = None
    best: dict[str, Any] | None = None
    final: dict[str, Any] | None = None

    def at(self, *stages: str) -> dict[str, Any] | None:
        """The first of ``stages`` that is there."""
        return next((found for name in stages if (found := getattr(self, name))), None)

    def moments(self, *stages: str) -> dict[str, list[float]] | None:
        """The first of ``stages`` that is there, checked; None where none is. Raises InputError as ``check`` does."""
        values = self.at(*stages)
        if values is None:
            return None
        if self.family not in FAMILIES:
            raise InputError(f"The family '{self.family}' of '{self.key}' is not known.")
        size = len(values["mean"]) if isinstance(values.get("mean"), list) else 1
        return check(values, Factor(self.key, self.family, size=size, items=tuple(map(str, self.items))), "The file")


def write(path: Path, factors: Sequence[Factor], *, iteration: int, seed: int,
          stages: Mapping[str, Mapping[str, Moments]], targets: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """``stages``: by STAGES, as far as they exist, plain psi.

    ``targets``: by factor key, the properties that the distribution drives, as {"data", "path", "index"}.
    """
    write_json(path, {
        "format": FORMAT, "version": VERSION, "iteration": iteration, "seed": seed,
        "factors": [{
            "key": factor.key, "family": factor.family, "unit": factor.unit, "count": factor.count,
            "targets": list(targets.get(factor.key, ())), "items": list(factor.items), "locked": factor.locked,
            "low": factor.low, "high": factor.high,
            **{stage: plain[factor.key] for stage, plain in stages.items() if factor.key in plain},
        } for factor in factors]})


def find(given: str) -> Path:
    """The psi.json meant by a run directory or a file's path."""
    path = Path(given).expanduser().absolute()
    file = RunDirectory(path).psi if path.is_dir() else path
    if not file.exists():
        raise InputError(f"There is no psi.json at '{given}'; give a run directory or the file itself.")
    return file


def read(path: Path, factors: Sequence[Factor], stage: str | None = None) -> dict[str, Moments]:
    """Plain psi for ``factors`` as far as the file has them: of ``stage``, or else the final, best or latest one.

    Raises InputError when the file is broken, holds numbers that no distribution can have, or does not fit.
    """
    by_key = {factor.key: factor for factor in factors}
    plain: dict[str, Moments] = {}
    for entry in entries(path):
        if entry.key not in by_key:
            raise InputError(f"'{path}' has a distribution for '{entry.key}', which is not learnable in this scene; "
                             f"use the scene or the marks it was learned with.")
        values = entry.at(*((stage,) if stage else (*LEARNED, START)))
        if values is None:
            raise InputError(f"'{path}' has no {stage or 'values'} for '{entry.key}'.")
        plain[entry.key] = check(values, by_key[entry.key], f"'{path}'")
    return plain


def entries(path: Path) -> list[Entry]:
    """What the file holds of each factor. Raises InputError when it cannot be read; the numbers are not looked at."""
    found, broken = _entries(path)
    if broken:
        raise InputError(f"'{path}' holds an entry without a key.")
    return found


def readable(path: Path) -> list[Entry]:
    """As ``entries``, but what cannot be read is left out: for showing what a run has learned so far."""
    try:
        return _entries(path)[0]
    except InputError:
        return []


def _entries(path: Path) -> tuple[list[Entry], bool]:
    """The entries of the file, and whether it holds others that are none."""
    stored = read_json(path, path.name)
    if not isinstance(stored, dict) or stored.get("format") != FORMAT or not isinstance(stored.get("factors"), list):
        raise InputError(f"'{path}' is not a psi.json of this program.")
    found = [Entry.read(each) if isinstance(each, dict) else None for each in stored["factors"]]
    return [each for each in found if each is not None], None in found


def stage(path: Path, name: str) -> dict[str, dict[str, list[float]]]:
    """One of STAGES by factor key, as far as the file has it; ``read`` checks."""
    return {entry.key: values for entry in readable(path) if (values := entry.at(name)) is not None}


def check(values: Any, factor: Factor, where: str) -> dict[str, list[float]]:
    """``values`` as plain lists of floats; InputError (naming ``where``) unless they can be psi of ``factor``."""
    names = moment_names(factor.family)
    size = factor.size if factor.continuous else len(factor.items)
    if not isinstance(values, Mapping) or set(values) != set(names):
        raise InputError(f"{where}: '{factor.key}' is {factor.family} and needs {' and '.join(names)}.")
    result = {}
    for name in names:
        numbers = values[name]
        if not isinstance(numbers, list) or len(numbers) != size:
            raise InputError(f"{where}: {name} of '{factor.key}' must be a list of {size} "
                             f"number{'s' if size > 1 else ''}.")
        if any(math.isnan(number(n)) for n in numbers):
            raise InputError(f"{where}: {name} of '{factor.key}' holds a value that is not a finite number; "
                             f"mend it or take another psi.json.")
        result[name] = [float(n) for n in numbers]
    if "std" in result and min(result["std"]) < 0.0:
        raise InputError(f"{where}: std of '{factor.key}' is negative.")
    if factor.family == "lognormal" and min(result["mean"]) <= 0.0:
        raise InputError(f"{where}: mean of '{factor.key}' must be above zero, because its family is log-normal.")
    if "p" in result and (min(result["p"]) < 0.0 or not math.isclose(sum(result["p"]), 1.0, abs_tol=1e-3)):
        raise InputError(f"{where}: p of '{factor.key}' must be probabilities that sum to 1.")
    return result
