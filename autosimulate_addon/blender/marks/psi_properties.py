"""psi as custom properties on the data-blocks that own the learnable properties.

``light["psi.energy.mean"]``, ``light["psi.energy.std"]``, ``scene["psi.cycles.max_bounces.p"]``, with description,
limits and units as metadata: they show under Custom Properties, survive save, load and append, and any script can
read them. Members of a shared distribution all carry it. Materials: ``object["psi.material.p"]``; states and film:
``scene["psi.<name>.p"]``, ``scene["psi.film.exposure.mean"]``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import bpy
import numpy as np

from ...protocol import Factor, InputError, Moments, moment_names
from .. import compat, paths
from .factors import check_probabilities, factor_of
from .mark import Mark

#: Blender cuts longer keys (in bytes of UTF-8) silently.
MAX_KEY_BYTES = 63
_SUBTYPES = {"m": "DISTANCE", "W": "POWER", "rad": "ANGLE", "px": "PIXEL", "K": "TEMPERATURE"}


def property_key(path: str, parameter: str) -> str:
    """The custom property's key, at most 63 bytes; a longer one is cut and gets a hash of the whole."""
    # Quotes would have to be escaped in every path to the property: they say nothing here.
    path = path.replace('"', "").replace("\\", "")
    key = f"psi.{path}.{parameter}"
    if len(key.encode()) <= MAX_KEY_BYTES:
        return key
    tail = f"~{hashlib.sha256(path.encode()).hexdigest()[:8]}.{parameter}"
    head = f"psi.{path}".encode()[:MAX_KEY_BYTES - len(tail)].decode(errors="ignore")
    return head + tail


def places(scene: bpy.types.Scene, mark: Mark) -> list[tuple[bpy.types.ID, str]]:
    """(data-block, path) of every member that carries the mark's psi. Raises InputError when one is gone."""
    if mark.kind in ("STATE", "FILM"):
        return [(scene, mark.name.replace(":", "."))]
    members = []
    for ref in mark.targets:
        path = ref.path if mark.kind == "PROPERTY" else "material"
        members.append((paths.data_block(ref), f"{path}[{ref.index}]" if ref.index >= 0 else path))
    return members


def keys(scene: bpy.types.Scene, marks: Sequence[Mark]) -> Iterator[tuple[Mark, bpy.types.ID, str, str]]:
    """(mark, data-block, parameter, custom property key) of all psi of the marks, whether they exist or not."""
    for mark in marks:
        for block, path in places(scene, mark):
            for parameter in moment_names(mark.family):
                yield mark, block, parameter, property_key(path, parameter)


def write(scene: bpy.types.Scene, marks: Sequence[Mark], plain: Mapping[str, Moments]) -> None:
    """Writes psi (by mark name, plain units) for those of the marks that ``plain`` has.

    Raises InputError, before anything is written, for values that are no psi or data that cannot be written to.
    """
    chosen = [mark for mark in marks if mark.name in plain]
    all_factors: dict[str, Factor] = {}
    for mark in chosen:
        values = {name: np.atleast_1d(np.asarray(value, dtype=np.float64)) for name, value in plain[mark.name].items()}
        all_factors[mark.name] = _checked(mark, values)
        for block, _ in places(scene, mark):
            if not compat.is_editable(block):
                raise InputError(f"Mark {mark.name!r}: {block.name!r} is linked from a library and cannot keep psi; "
                                 "make it local or give it a library override.")
    for mark, block, parameter, key in keys(scene, chosen):
        factor = all_factors[mark.name]
        values = [float(value) for value in np.atleast_1d(plain[mark.name][parameter])]
        block[key] = values[0] if len(values) == 1 else values
        _annotate(block, key, parameter, factor)


def read(scene: bpy.types.Scene, marks: Sequence[Mark]) -> dict[str, Moments]:
    """psi found in the scene, by mark name, validated; marks that have none are left out.

    Raises InputError, naming the custom property and the mend, for text, wrong sizes, NaN, spreads that are not
    positive, means outside of the limits, probabilities that do not sum to 1, or members that disagree.
    """
    psi: dict[str, dict[str, list[float]]] = {}
    origin: dict[tuple[str, str], tuple[str, list[float]]] = {}
    for mark, block, parameter, key in keys(scene, marks):
        if key not in block:
            continue
        where = f"{paths.ref_to(block)}[{key!r}]"
        values = _numbers(block[key], where)
        if parameter == "std" and not all(value > 0.0 for value in values):
            raise InputError(f"{where} is {min(values):g}; a standard deviation must be above 0, so correct it or "
                             "delete the property.")
        known = origin.setdefault((mark.name, parameter), (where, values))
        if known[1] != values:
            raise InputError(f"{where} and {known[0]} differ, but they share one distribution; make them equal or "
                             "delete one of them.")
        psi.setdefault(mark.name, {})[parameter] = values
    for mark in marks:
        if mark.name in psi:
            _check_read(mark, psi[mark.name], origin)
    return psi


def remove(scene: bpy.types.Scene, marks: Sequence[Mark]) -> int:
    """Deletes the psi of the marks from their data-blocks; returns how many custom properties went."""
    removed = 0
    for _, block, _, key in keys(scene, marks):
        if key in block:
            del block[key]
            removed += 1
    return removed


def _check_read(mark: Mark, values: dict[str, list[float]], origin: dict) -> None:
    wanted = moment_names(mark.family)
    missing = [parameter for parameter in wanted if parameter not in values]
    where = origin[mark.name, next(iter(values))][0]
    if missing:
        raise InputError(f"{where} is there, but the {missing[0]} that belongs to it is not; add it or delete the "
                         "property.")
    if wanted == ("p",):
        choices = len(factor_of(mark).items)
        p = np.array(values["p"])
        if p.shape == (choices,) and abs(p.sum() - 1.0) <= 1e-3 and (p >= 0.0).all():
            return
        try:
            check_probabilities(where, p, choices)
        except InputError as error:
            raise InputError(f"{str(error).rstrip('.')}, or delete the property.") from None
    _checked(mark, values, where)


def _checked(mark: Mark, values: Mapping[str, Any], where: str | None = None) -> Factor:
    """The mark's factor with this start. Raises InputError that names ``where`` the values are from."""
    wanted = moment_names(mark.family)
    if set(values) != set(wanted):
        raise InputError(f"psi of mark {mark.name!r} has {', '.join(sorted(values)) or 'nothing'}; it needs "
                         f"{' and '.join(wanted)}.")
    try:
        return factor_of(mark, values)
    except InputError as error:
        if where is None:
            raise
        raise InputError(f"{where} cannot be used: {str(error).rstrip('.')}, or delete the property.") from None


def _numbers(value: Any, where: str) -> list[float]:
    values = value.to_list() if hasattr(value, "to_list") else [value]
    if not all(isinstance(number, (int, float)) for number in values):
        raise InputError(f"{where} is not a number; enter one or delete the property.")
    if not np.isfinite(values).all():
        bad = next(number for number in values if not np.isfinite(number))
        raise InputError(f"{where} is {bad}; enter a finite number or delete the property.")
    return [float(number) for number in values]


def _annotate(block: bpy.types.ID, key: str, parameter: str, factor: Factor) -> None:
    """Description, limits and unit, as shown under Custom Properties."""
    ui = block.id_properties_ui(key)
    unit = f" in {factor.unit}" if factor.unit else ""
    options: dict[str, Any] = {"precision": 4}
    if parameter == "p":
        options |= {"min": 0.0, "max": 1.0, "soft_min": 0.0, "soft_max": 1.0,
                    "description": f"Learned probabilities of {', '.join(factor.items)} ({factor.key})"}
    else:
        word = "Mean" if parameter == "mean" else "Standard deviation"
        options["description"] = f"{word}{unit} of the learned {factor.family} distribution ({factor.key})"
        if parameter == "std":
            options |= {"min": 0.0, "soft_min": 0.0}
        elif factor.low is not None:
            # One pair of limits serves all components of an array. A log-normal's mean, of the draws before they are
            # clipped, may be above the limit of the draws.
            low, high = float(factor.low.min()), float(factor.high.max())
            high = np.inf if factor.family == "lognormal" else high
            options |= {name: limit for name, limit in
                        (("min", low), ("soft_min", low), ("max", high), ("soft_max", high)) if np.isfinite(limit)}
        if factor.unit in _SUBTYPES:
            options["subtype"] = _SUBTYPES[factor.unit]
    ui.update(**options)
