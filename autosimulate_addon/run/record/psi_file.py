"""psi.json: every distribution at the start, now, at its best and as delivered, in plain units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...protocol import Factor, InputError, Moments, moment_names
from .directory import RunDirectory, read_json, write_json

FORMAT = "autosimulate-psi"
VERSION = 1

#: The columns of the file; those that a run can have learned, best first.
START, LATEST, BEST, FINAL = STAGES = ("start", "latest", "best", "final")
LEARNED = (FINAL, BEST, LATEST)


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
        key = entry["key"]
        if key not in by_key:
            raise InputError(f"'{path}' has a distribution for '{key}', which is not learnable in this scene; "
                             f"use the scene or the marks it was learned with.")
        values = next((entry[name] for name in ((stage,) if stage else (*LEARNED, START))
                      if entry.get(name)), None)
        if values is None:
            raise InputError(f"'{path}' has no {stage or 'values'} for '{key}'.")
        plain[key] = check(values, by_key[key], f"'{path}'")
    return plain


def entries(path: Path) -> list[dict[str, Any]]:
    """What the file holds of each factor. Raises InputError when it cannot be read; the numbers are not looked at."""
    stored = read_json(path, path.name)
    if not isinstance(stored, dict) or stored.get("format") != FORMAT or not isinstance(stored.get("factors"), list):
        raise InputError(f"'{path}' is not a psi.json of this program.")
    found = stored["factors"]
    if not all(isinstance(entry, dict) and isinstance(entry.get("key"), str) for entry in found):
        raise InputError(f"'{path}' holds an entry without a key.")
    return found


def stage(path: Path, name: str) -> dict[str, dict[str, list[float]]]:
    """One of STAGES by factor key, as far as the file has it; {} where there is no such file, or none that is whole.

    For showing what a run has learned so far; ``read`` checks.
    """
    try:
        return {entry["key"]: entry[name] for entry in entries(path) if isinstance(entry.get(name), dict)}
    except InputError:
        return {}


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
        if any(isinstance(n, bool) or not isinstance(n, (int, float)) or not math.isfinite(n) for n in numbers):
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
